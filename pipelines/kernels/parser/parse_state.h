/* The state of one text's parse: spaCy's arc-eager transitions, to the letter.

     stack  [ ... S2 S1 S0 ]     buffer  [ B0 B1 ... ]      S0 is the stack's top, B0 the buffer's front

     SHIFT      B0 goes onto the stack
     REDUCE     S0 leaves; without a head it goes back to the front of the buffer, unless it is alone on the stack
     LEFT_ARC   B0 becomes the head of S0, in the place of the head that S0 may have; S0 leaves
     RIGHT_ARC  S0 becomes the head of B0; B0 goes onto the stack
     BREAK      B1 becomes the start of a sentence

The buffer is tokens that came back (`returned`), then the tokens from `next` on. Every token of the stack comes before
every token of the buffer. A token that leaves never returns, and comes back to the buffer at most once for each arc that
it gets as a head there, so a text of n tokens takes at most some 7 n actions.

The source is spaCy's `pipeline/_parser_internals/arc_eager.pyx` (which action is valid, what it does) and `_state.pxd`
(`StateC`, and which tokens a state looks at). */
#ifndef SPANWISE_PARSE_STATE_H
#define SPANWISE_PARSE_STATE_H

#include <stddef.h>
#include <stdint.h>

#include "parser/parser_model.h"
#include "status.h"

/* Flags of a token. */
enum {
    PARSE_STARTS = 1,       /* begins a sentence: preset, or by BREAK */
    PARSE_CANNOT_START = 2, /* preset: does not begin a sentence */
    PARSE_CAME_BACK = 4,    /* was put back to the buffer: must not be shifted onto others again */
};

/* A token's arcs. Children to one side are a list, from the latest arc to the earliest. */
typedef struct {
    int32_t head, label;           /* NO_TOKEN, NO_LABEL: none yet */
    int32_t last_left, last_right; /* the latest child to either side */
    int32_t earlier;               /* the child that the same head got before this one, to the same side */
    uint32_t flags;
} ParseToken;

typedef struct {
    ParseToken *tokens; /* [length] */
    uint32_t *stack;    /* [depth], the top last */
    uint32_t *returned; /* [returned_count], the front last */
    uint32_t length, depth, returned_count, next;
    uint32_t capacity; /* tokens that the arrays have room for */
} ParseState;

/* Begin a text of `length` tokens. starts: [length], each -1 (begins no sentence), 0 (unknown) or 1; NULL: all 0. */
CHECKED Status parse_state_begin(ParseState *state, uint32_t length, const int8_t *starts);
void parse_state_free(ParseState *state);

static inline int parse_state_is_final(const ParseState *state)
{
    return !state->depth && !state->returned_count && state->next >= state->length;
}

/* Return the moves that are valid, as bits of `1 << move`. */
uint32_t parse_state_valid(const ParseState *state);
/* Apply a valid move. */
void parse_state_apply(ParseState *state, ParserMove move, int32_t label);
/* Give up, where no action is valid: empty the stack, and skip the tokens from `next` on. */
void parse_state_give_up(ParseState *state);
/* Set the tokens that the state looks at, or NO_TOKEN. ids: [places], of 8 or 13 */
void parse_state_places(const ParseState *state, int32_t *ids, size_t places);

#endif
