/* Rulers: phrases and patterns of tokens that are looked for in the tokens of a text. They find what spaCy's
`PhraseMatcher` and `Matcher` find, and in their order (`spacy/matcher/phrasematcher.pyx`, `matcher.pyx`).

A word is looked at once, when it is embedded. What rulers ask of it becomes its codes, which are kept in its row:

     0                      symbol_count          symbol_count + 2 bit_count
     +----------------------+---------------------+
     | symbols: which value | answers: a bit for  |   uint32_t each
     | an attribute has     | each question       |
     +----------------------+---------------------+

A symbol is the place of a value among those that phrases and patterns name, from 1; 0 is any other value. Phrases are a
tree of symbols; a text costs a look-up or two for each token, however many phrases there are. A pattern is run from
each token that its first tokens may fit: `starts` has the patterns that a symbol can begin, `always` the others. */
#ifndef SPANWISE_RULER_H
#define SPANWISE_RULER_H

#include <stddef.h>
#include <stdint.h>
#include <string.h>

#include "status.h"

enum { MOST_SYMBOL_COLUMNS = 16, MOST_BIT_COLUMNS = 16 };
enum { MOST_MATCHES = 1 << 20 }; /* of a text; and steps of its patterns' states: */
enum { MOST_STEPS = 1 << 27 };

typedef enum { ONE_TOKEN, ANY_NUMBER, AT_MOST_ONE, ANOTHER_TOKEN } Quantifier;

/* A test of a token: column < symbol_count: the code is `value`; else the code has all bits of `value`. */
typedef struct {
    uint32_t column, value;
} TokenTest;

/* What one token of a pattern must be like: pass tests [first_test, first_test + test_count). */
typedef struct {
    uint32_t first_test, test_count;
    uint32_t match;      /* the number that a match of the whole pattern gets */
    uint32_t quantifier; /* of Quantifier */
    uint32_t is_last;    /* of its pattern */
} PatternToken;

/* An edge of the tree of phrases, in a table found by hash of node and symbol; the root is node 0. */
typedef struct {
    uint32_t node, symbol, child; /* child 0: a free slot */
} Edge;

/* What ends at a node of the tree: a list through `next`, + 1, the one that was added last first. */
typedef struct {
    uint32_t match, next;
} PhraseEnd;

/* The patterns that a symbol of a column can begin: items [starts[symbol], starts[symbol + 1]), ascending. */
typedef struct {
    uint32_t *starts; /* [symbols of the column + 2]; NULL: none */
    uint32_t *items;
} Starts;

typedef struct {
    uint32_t phrase_column; /* whose symbols phrases are made of */
    Edge *edges;            /* [edge_slots, a power of 2]; NULL: no phrases */
    size_t edge_slots, edge_count;
    uint32_t *ends; /* [edge_count + 1]: of each node, the number of its first PhraseEnd + 1; 0: none */
    PhraseEnd *phrase_ends;
    size_t phrase_end_count;
    TokenTest *tests;
    PatternToken *tokens;
    uint32_t *firsts; /* [pattern_count]: the number of each pattern's first token */
    size_t test_count, token_count, pattern_count;
    Starts *starts;   /* [symbol_count] */
    uint32_t *always; /* [always_count], ascending: the other patterns */
    size_t always_count;
} Ruler;

/* The values of an attribute that rulers name. */
typedef struct {
    uint32_t column;  /* of the attributes of a token */
    uint64_t *values; /* [count], ascending */
    size_t count;
} SymbolColumn;

/* All rulers of a model. */
typedef struct {
    SymbolColumn symbols[MOST_SYMBOL_COLUMNS]; /* [symbol_count] */
    size_t symbol_count;
    uint32_t bits[MOST_BIT_COLUMNS]; /* [bit_count]: attributes of a token that hold 64 answers each */
    size_t bit_count;
    size_t offset; /* where the codes begin in a row of the lexicon, in floats */
    Ruler *rulers; /* [ruler_count] */
    size_t ruler_count;
} Rulers;

/* A match: tokens [first, last) of a text. */
typedef struct {
    uint32_t text, ruler, match, first, last;
} RulerMatch;

/* A pattern that is being matched: it began with token `start`, and comes to its token `token` next. */
typedef struct {
    uint32_t token, start;
} PatternState;

typedef struct {
    PatternState *items; /* [count] */
    size_t count, capacity;
} PatternStates;

/* Scratch memory of the rulers of one batch. */
typedef struct {
    RulerMatch *matches; /* [count], by texts and rulers */
    size_t count, capacity;
    PatternStates states, fresh;
    uint32_t *seen; /* [seen_capacity]: a table of states found by hash */
    size_t seen_capacity;
    size_t steps;
} MatchScratch;

/* The floats that codes take in a row. */
static inline size_t codes_size(const Rulers *rulers) { return rulers->symbol_count + 2 * rulers->bit_count; }

static inline uint32_t code_of(const float *codes, uint32_t column)
{
    uint32_t code;
    memcpy(&code, codes + column, sizeof(code));
    return code;
}

/* Return the symbol of a value: its place among the values, from 1, or 0. */
uint32_t symbol_of(const SymbolColumn *column, uint64_t value);

/* Add a phrase of `length` symbols to a ruler's tree. `end`: the place in `phrase_ends` to be filled. */
CHECKED Status ruler_add_phrase(Ruler *ruler, const uint32_t *symbols, size_t length, uint32_t match, uint32_t end);

/* Find the matches of a ruler among a text's tokens. `codes_at`: the codes of a token. Patterns come first, as the
   Matcher finds them; then phrases by start and end. Returns with *is_whole 0, and no matches of the text, where there
   are too many of them. */
CHECKED Status ruler_run(const Rulers *rulers, uint32_t number, MatchScratch *scratch, uint32_t text, uint32_t length,
                         const float *(*codes_at)(const void *, uint32_t, uint32_t), const void *batch, int *is_whole);

void rulers_free(Rulers *rulers);
void match_scratch_free(MatchScratch *scratch);

#endif
