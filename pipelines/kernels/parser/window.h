/* What tokens add to hidden layers, computed in blocks and kept for the tokens that were read last.

A state mostly looks at tokens that are near its front, so a text needs no more memory than a window of them. What a
token further back adds is computed anew for one place, which happens in long sentences only, and kept there until
another such token takes the place. A state that goes back through a long text asks for one such token after the other:
after some of a block, the whole block is computed anew, for all places, which takes a fifth of the time a row.

   row of a token: [places][H]                           H as in parser_model.h

   products: +------------+------------+-----+------------+
             | token  0+w | token  1+w | ... | token w-1  |    token t lies in row t % tokens, until token
             +------------+------------+-----+------------+    t + tokens is computed                          */
#ifndef SPANWISE_WINDOW_H
#define SPANWISE_WINDOW_H

#include "parser/parser_model.h"
#include "status.h"

enum { BLOCK_TOKENS = 32, FAR_BLOCKS = 4 };

/* Scratch memory for the products of a block, shared by all windows of a workspace. */
typedef struct {
    float *vectors;   /* [BLOCK_TOKENS][linear.inputs], padded */
    float *linear;    /* [BLOCK_TOKENS][linear.outputs] */
    const float **in; /* [BLOCK_TOKENS] pointers */
    float **out;      /* [BLOCK_TOKENS] pointers */
} BlockScratch;

/* A block of tokens that have left the window. */
typedef struct {
    float *products;   /* [BLOCK_TOKENS][places][H] */
    uint32_t first;    /* its first token */
    uint32_t asked;    /* how many rows were asked for before it was computed */
    uint64_t last_use; /* 0: no block */
    int is_computed;
} FarBlock;

typedef struct {
    float *products;               /* [tokens][places][H] */
    float *far;                    /* [places][H]: of tokens that have left the window */
    int32_t far_token[MAX_PLACES]; /* which tokens these are, or NO_TOKEN */
    FarBlock far_blocks[FAR_BLOCKS];
    uint64_t uses;             /* of far blocks, in this text */
    uint32_t tokens;           /* a multiple of BLOCK_TOKENS */
    uint32_t computed, length; /* of the text: tokens [0, computed) were computed */
    const float *vectors;      /* [length][width] */
} Window;

CHECKED Status block_scratch_init(BlockScratch *scratch, const ParserModel *model);
void block_scratch_free(BlockScratch *scratch);

CHECKED Status window_init(Window *window, const ParserModel *model);
void window_free(Window *window);

/* Begin a text. vectors: [length][width], which must stay */
void window_begin(Window *window, const float *vectors, uint32_t length);
/* Return what a token adds at a place: [H]. Valid until another token is asked for at the same place. */
const float *window_row(Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t token, size_t place);
/* Compute the text's tokens up to and with this one. */
void window_reach(Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t token);

#endif
