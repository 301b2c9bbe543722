/* spaCy's greedy named-entity decoder: BILUO actions, each consuming one token, the best valid one at every step.

The source is spaCy's own: `pipeline/_parser_internals/ner.pyx` (which action is valid when), `_state.pxd` (which
tokens a state looks at) and `ml/parser_model.pyx` (how a state is scored). While no entity is open, the scores depend
on the current token alone, so they are computed for many tokens at once.

What components before the recognizer have set restricts it. spaCy allows neither B nor I on a token before one that
begins a sentence or a given entity, as on the last token of a text; and on the tokens of a given entity it allows
nothing but that entity's own actions, whose scores then change nothing. So a flag of the next token says where
entities end, and the tokens of given entities are passed over. */
#ifndef SPANWISE_DECODER_H
#define SPANWISE_DECODER_H

#include <stdint.h>

#include "network/network.h"
#include "status.h"

enum { NO_ENTITY = -1, MAX_FEATURES = 6 };

/* What an action does; MOVE_NONE is never valid. */
typedef enum { MOVE_NONE, MOVE_B, MOVE_I, MOVE_L, MOVE_U, MOVE_O } Move;

/* The hidden layer of a state is [pieces][padded(hidden)] floats before its maximum: H below. */
typedef struct {
    MaxoutLayer linear;              /* a token's vector [width] to [linear.values] */
    Matrix lower[MAX_FEATURES];      /* that to H, one map for each place that a state looks at; without bias */
    float *missing[MAX_FEATURES];    /* [H]: stands for a place that is empty */
    float *bias;                     /* [H] */
    float *closed_bias;              /* [H]: the bias and what is missing while no entity is open */
    size_t features, pieces, hidden; /* `features`: places of a state, 3 or 6; `hidden`: without padding */
    int has_upper;                   /* 0: the hidden layer holds the scores, and `hidden` equals `actions` */
    Matrix upper;                    /* [hidden] to the scores of all actions */
    float *upper_rows;               /* [actions][padded(hidden)]: the same weights, an action's side by side */
    float *upper_bias;               /* [padded(actions)] */
    int32_t actions;
    int32_t *starts, start_count; /* [start_count]: the actions B, U and O, ascending */
    int32_t *move;                /* [actions], each a `Move` */
    int32_t *in_of, *last_of;     /* [actions]: the I and the L action that belong to a B action */
    int32_t *label;               /* [actions] */
} Decoder;

/* Where the decoding of a text stands. */
typedef struct {
    uint32_t token; /* the next one */
    int32_t open;   /* the B action of the open entity, or NO_ENTITY */
    uint32_t start; /* the open entity's first token */
    double log_probability;
    float *state;    /* [H]: what an open entity adds to the hidden layer */
    float *previous; /* [padded(linear.values)]: the token before the next one, after `linear` */
} Decoding;

/* An entity as the decoder finds it: tokens [first, last) of a text. */
typedef struct {
    uint32_t text, first, last;
    int32_t label;
    float probability;
} TokenSpan;

typedef struct {
    TokenSpan *items; /* [count] */
    size_t count, capacity;
} TokenSpans;

/* Scratch memory for `rows` tokens. */
typedef struct {
    float *linear;    /* [rows][padded(linear.values)] */
    float *lower;     /* [rows][H] */
    float *hidden;    /* [rows][padded(hidden)] */
    float *scores;    /* [rows][padded(actions)] */
    const float **in; /* [rows] pointers */
    float **out;      /* [rows] pointers */
    float *sum;       /* [H], of an open entity's state and the token before */
    float *place;     /* [H], of one place of a state */
    Decoding decoding;
} DecoderScratch;

CHECKED Status decoder_scratch_init(DecoderScratch *scratch, const Decoder *decoder, size_t rows);
void decoder_scratch_free(DecoderScratch *scratch);

/* Begin a text. */
void decoding_start(Decoding *decoding);

/* Return the flags of a token of a text: TOKEN_... in lexicon.h. */
typedef uint32_t (*TokenFlags)(const void *context, uint32_t text, uint32_t token);

/* Decode the next `count` of the `length` tokens of a text, from `scratch->decoding.token` on, and append the entities
   that end there. vectors: [count][stride] */
CHECKED Status decoder_run(const Decoder *decoder, DecoderScratch *scratch, const float *vectors, size_t stride,
                           uint32_t text, uint32_t count, uint32_t length, TokenFlags flags_of, const void *context,
                           TokenSpans *found);

void decoder_free(Decoder *decoder);

#endif
