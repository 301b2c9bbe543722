/* A spaCy tokenizer: its rules applied to runs of characters, in linear time and without Python.

`pipelines/entities/tokenizer_rules.py` applies the same rules in Python: it is the reference, and serves where a
tokenizer's patterns cannot be made into programs. Both follow `spacy/tokenizer.pyx`: affixes are taken off either end
of a run until nothing changes or an exception is left; what remains is an exception, a URL, or is cut at infixes; and
exceptions that affixes have torn apart are joined again. */
#ifndef SPANWISE_TOKENIZER_H
#define SPANWISE_TOKENIZER_H

#include "status.h"
#include "tokenizer/pattern.h"
#include "tokenizer/string_table.h"

typedef enum { RULE_PREFIX, RULE_SUFFIX, RULE_INFIX, RULE_TOKEN, RULE_URL, RULE_COUNT } Rule;

/* A token of an exception. */
typedef struct {
    uint32_t length; /* code points */
    uint32_t norm;   /* the number of its norm; 0: the norm of any other token */
} ExceptionToken;

typedef struct {
    Pattern patterns[RULE_COUNT];
    int has_pattern[RULE_COUNT];
    CharacterClass *classes; /* [class_count], of all patterns */
    uint32_t class_count;
    uint32_t *ranges;                 /* of all classes */
    StringTable exceptions;           /* strings with tokens of their own */
    uint32_t *exception_starts;       /* [exceptions + 1]: where the tokens of each begin */
    ExceptionToken *exception_tokens; /* of all exceptions */
    uint32_t norm_count;              /* norms that exceptions give to their tokens */
    size_t longest_exception;         /* bytes */
    StringTable words;                /* of phrases: exceptions that affixes tear apart; numbered from 1 on */
    uint32_t *phrases;                /* words of all phrases, in the order of their first words */
    uint32_t *phrase_starts;          /* [phrase_count + 1] */
    uint32_t phrase_count;
    uint32_t *phrases_of;  /* [words + 2]: where the phrases of a first word begin */
    int letters_are_whole; /* a run of ASCII letters alone holds no affix */
} Tokenizer;

/* A token within its run or text: code points [start, start + length), bytes [at, at + size). */
typedef struct {
    uint32_t start, length;
    uint32_t at, size;
    uint32_t norm;   /* as in ExceptionToken */
    uint32_t number; /* of the word among those of phrases, or 0 */
    uint32_t form;   /* the caller's */
    int space;       /* a space follows that is part of no run */
} Piece;

typedef struct {
    Piece *items; /* [count] */
    size_t count, capacity;
} Pieces;

/* A place where a phrase stands: pieces [first, last). */
typedef struct {
    uint32_t first, last;
} PhraseSpan;

/* Scratch memory of one thread that splits runs. */
typedef struct {
    uint32_t *points;  /* code points of the run, and where each begins, in bytes */
    uint32_t *offsets; /* one more than points */
    size_t capacity;
    uint32_t letters_end; /* where the ASCII letters end that were counted last */
    Ways ways;
    Pieces suffixes;
    Pieces joined;
    PhraseSpan *found; /* [found_count] */
    size_t found_count, found_capacity;
} TokenizerScratch;

CHECKED Status tokenizer_prepare(Tokenizer *tokenizer);
void tokenizer_free(Tokenizer *tokenizer);
void tokenizer_scratch_free(TokenizerScratch *scratch);

/* Append the tokens of a run, [size] bytes of valid UTF-8, before phrases are joined. */
CHECKED Status tokenizer_split(const Tokenizer *tokenizer, TokenizerScratch *scratch, const char *utf8, size_t size,
                               Pieces *pieces);

/* Join phrases among the pieces from number `first` on, which are those of one run or text `utf8`. */
CHECKED Status tokenizer_join(const Tokenizer *tokenizer, TokenizerScratch *scratch, const char *utf8, size_t first,
                              Pieces *pieces);

/* Add a piece at the end. */
CHECKED Status pieces_add(Pieces *pieces, Piece piece);

#endif
