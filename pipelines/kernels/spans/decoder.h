/* spaCy's greedy named-entity decoder: BILUO actions, each consuming one token, the best valid one at every step.

The source is spaCy's own: `pipeline/_parser_internals/ner.pyx` (which action is valid when), `_state.pxd` (which tokens a state
looks at) and `ml/parser_model.pyx` (how a state is scored). Nothing is preset here: no entities, no sentence boundaries.
While no entity is open, the scores depend on the current token alone, so they are computed for many tokens at once. */
#ifndef SPANWISE_DECODER_H
#define SPANWISE_DECODER_H

#include <stdint.h>

#include "network/network.h"

enum { NO_ENTITY = -1, MAX_FEATURES = 6 };

typedef struct {
    Layer linear;                    /* a token's vector to the parser's hidden width */
    Matrix lower[MAX_FEATURES];      /* that to a state's hidden layer, one map per place a state looks at; no bias */
    float *missing[MAX_FEATURES];    /* what stands in where such a place is empty */
    float *bias, *closed;            /* hidden bias; the same plus what is missing while no entity is open */
    size_t features, pieces, hidden; /* `hidden` without padding; the hidden layer is [piece][padded(hidden)] */
    int has_upper;
    Matrix upper;                   /* hidden to action scores */
    float *upper_rows, *upper_bias; /* the same by action, [action][padded(hidden)] */
    int32_t actions;
    int32_t *starts, start_count; /* the actions B, U and O that may ever be valid, ascending */
    int32_t *move;                /* per action, one of `Move` */
    int32_t *in_of, *last_of;     /* per B action, its I and L actions */
    int32_t *label;               /* per action */
} Decoder;

typedef enum { MOVE_NONE, MOVE_B, MOVE_I, MOVE_L, MOVE_U, MOVE_O } Move;

/* Where a text's decoding stands. */
typedef struct {
    uint32_t token; /* the next one */
    int32_t open;   /* the B action of the open entity, or NO_ENTITY */
    uint32_t start; /* its first token */
    double log_probability;
    float *state;    /* what an open entity adds to the hidden layer */
    float *previous; /* the last token's row after `linear` */
} Decoding;

typedef struct {
    uint32_t text, first, last; /* tokens [first, last) */
    int32_t label;
    float probability;
} Entity;

typedef struct {
    Entity *items;
    size_t count, capacity;
} Entities;

/* Scratch memory for `rows` tokens. */
typedef struct {
    float *linear, *lower, *hidden, *scores;
    const float **in;
    float **out;
    float *sum; /* of the open state */
    Decoding decoding;
    float *part;
} DecoderScratch;

int decoder_scratch_init(DecoderScratch *scratch, const Decoder *decoder, size_t rows);
void decoder_scratch_free(DecoderScratch *scratch);
void decoding_start(Decoding *decoding);

/* Go on with a text: `count` tokens from `scratch->decoding.token` on, whose vectors are `vectors` (`stride` floats apart).
   `is_space(context, text, token)` tells white space. Returns 0 or -1 (memory). */
int decoder_run(const Decoder *decoder, DecoderScratch *scratch, const float *vectors, size_t stride, uint32_t text,
                uint32_t count, uint32_t length, int (*is_space)(const void *, uint32_t, uint32_t), const void *context,
                Entities *found);

void decoder_free(Decoder *decoder);

#endif
