/* Regular expressions of a tokenizer, matched as Python's `re` matches them, without Python.

`pipelines/entities/compiled/pattern_program.py` turns what Python's own parser makes of a pattern into a program: a
list of instructions for a machine that tries one way after the other and goes back where a way fails. The ways that
are left lie on a stack on the heap, so that no text can exhaust the thread's own stack. A class of characters comes as
ranges of code points that Python's `re` itself has found, so that both agree whatever Unicode that Python knows.

A pattern is a list of alternatives, of which the first that matches counts. A program, in int32:

     OP_MATCH                        the alternative, or the assertion, has matched
     OP_CHAR     code point          the next code point is this one
     OP_CLASS    class               the next code point is of the class
     OP_REPEAT   class, least, most  as many code points of the class as there are
     OP_SPLIT    to                  go on with the next instruction; if that fails, at `to`, which lies ahead
     OP_JUMP     to                  go on at `to`, which lies ahead
     OP_LOOP     to                  go on at `to`, which lies behind; if that fails, with the next instruction
     OP_AT       place               the position is such a place (AT_...)
     OP_AHEAD    negate, to          what follows up to OP_MATCH matches here; then go on at `to`
     OP_BEHIND   negate, width, to   the same, `width` code points before

An instruction's operands follow it. Between the two ends of a loop at least one code point is consumed. */
#ifndef SPANWISE_PATTERN_H
#define SPANWISE_PATTERN_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

enum {
    OP_MATCH,
    OP_CHAR,
    OP_CLASS,
    OP_REPEAT,
    OP_SPLIT,
    OP_JUMP,
    OP_LOOP,
    OP_AT,
    OP_AHEAD,
    OP_BEHIND,
    OP_COUNT,
};

enum { AT_START, AT_END, AT_VERY_END, AT_COUNT }; /* AT_END: also before a line feed that ends the text */

enum {
    PATTERN_ASCII = 128,
    PATTERN_UNBOUNDED = -1, /* a number of code points without a bound */
    PATTERN_ANY = -1,       /* a first code point that may be any */
};

/* Code points: of ASCII a bit each, others in ranges. */
typedef struct {
    uint64_t ascii[2];
    const uint32_t *ranges; /* [range_count][2]: first and last, ascending */
    uint32_t range_count;
} CharacterClass;

/* An alternative of a pattern. */
typedef struct {
    int32_t code;        /* where its program begins */
    int32_t first;       /* the class of the first code point that it consumes, or PATTERN_ANY */
    int32_t least, most; /* code points that it consumes; `most` may be PATTERN_UNBOUNDED */
} Alternative;

typedef struct {
    int32_t *code; /* [code_size] */
    size_t code_size;
    Alternative *alternatives; /* [alternative_count], the first that matches counts */
    uint32_t alternative_count;
    const CharacterClass *classes; /* of all patterns, the tokenizer's */
    uint32_t *by_first;            /* alternatives by the code point that they may begin with; the last: not ASCII */
    uint32_t starts[PATTERN_ASCII + 2];
    uint32_t widest; /* the largest `most` of the alternatives that have a bound */
    int has_unbounded;
} Pattern;

/* A way that is left: if what is tried now fails, go on at `code`, at position `at`. While `repeats` is not 0, it is a
   repetition that can give back so many code points. */
typedef struct {
    int32_t code;
    uint32_t at, repeats;
} Way;

typedef struct {
    Way *ways; /* [count], the next one last */
    size_t count, capacity;
} Ways;

/* What is matched: code points [start, end) of `points`, as if nothing lay around them. */
typedef struct {
    const uint32_t *points;
    uint32_t start, end;
} View;

/* A match: code points [start, end); without any, `end` is NO_MATCH. */
enum { NO_MATCH = UINT32_MAX };
typedef struct {
    uint32_t start, end;
} Match;

static inline int class_has(const CharacterClass *class, uint32_t point)
{
    if (point < PATTERN_ASCII) return class->ascii[point >> 6] >> (point & 63) & 1;
    uint32_t low = 0, high = class->range_count;
    while (low < high) {
        const uint32_t middle = low + (high - low) / 2;
        if (class->ranges[2 * middle + 1] < point)
            low = middle + 1;
        else
            high = middle;
    }
    return low < class->range_count && class->ranges[2 * low] <= point;
}

/* Make a pattern whose code and alternatives are read and checked ready for matching. */
CHECKED Status pattern_prepare(Pattern *pattern);
void pattern_free(Pattern *pattern);

/* Match at one position, as `re.Pattern.match` does. */
CHECKED Status pattern_match(const Pattern *pattern, Ways *ways, View view, uint32_t at, Match *match);
/* Find the next match from a position on, as `re.Pattern.finditer` does: after an empty match (`is_after_empty`), none
   that is empty may follow at the same position. */
CHECKED Status pattern_search(const Pattern *pattern, Ways *ways, View view, uint32_t from, int is_after_empty,
                              Match *match);
/* Find the first match of a pattern whose alternatives all end at the end of the text, as `re.Pattern.search` does. An
   alternative without a bound must be a run of its first class. */
CHECKED Status pattern_search_end(const Pattern *pattern, Ways *ways, View view, Match *match);

#endif
