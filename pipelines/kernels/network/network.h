/* A spaCy tok2vec: hash embeddings, and static vectors where it reads them, mixed by a maxout layer, then
residual convolutions over a window.

The embedding of a token depends on the token's lexical attributes alone. It is computed here, once per distinct run of
characters, and kept by the caller (spans/lexicon.h). The convolutions are in chunk.h. */
#ifndef SPANWISE_NETWORK_H
#define SPANWISE_NETWORK_H

#include <stdint.h>

#include "matrix/matrix.h"
#include "matrix/pairs.h"

typedef struct {
    Matrix matrix;
    float *gain, *shift; /* [padded(values)] each: layer normalization; both NULL where there is none */
    size_t values;       /* outputs without padding */
} MaxoutLayer;

/* A residual convolution over the tokens within the network's window. Over three tokens it is computed in pairs of tokens
   (matrix/pairs.h), and the layer's matrix has no weights. */
typedef struct {
    MaxoutLayer layer;
    PairMatrix pairs; /* packed = NULL: the layer's matrix is applied */
} Convolution;

/* thinc.layers.HashEmbed: the sum of four rows of a table, chosen by MurmurHash3 of one attribute. */
typedef struct {
    float *table; /* [rows][values] */
    uint32_t rows;
    uint32_t seed;
    uint32_t column; /* which attribute of a token is hashed */
    size_t values;
} HashTable;

typedef struct {
    HashTable *tables; /* [table_count] */
    size_t table_count;
    Matrix projection;         /* of a token's static vector (static_vectors.h), where there are `static_values` */
    size_t static_values;      /* values of a projected static vector, which follow those of the tables; 0: none */
    MaxoutLayer mix;           /* from the values of all tables and of the static vector to `width` values */
    Convolution *convolutions; /* [depth] */
    size_t depth, window;      /* a convolution reads `window` tokens to either side */
    size_t width;              /* values of a token's vector, before and after the convolutions */
} Network;

/* How many tokens to either side a token's vector depends on. */
static inline size_t network_reach(const Network *network) { return network->depth * network->window; }

/* Embed `count` tokens.
     attributes  [count][columns]
     statics     [count][inputs of the projection], not read where there is none
     results     [count] pointers to [padded(width)] */
CHECKED Status network_embed(const Network *network, const uint64_t *attributes, size_t columns, const float *statics,
                             size_t count, float *const *results);

void network_free(Network *network);
void layer_free(MaxoutLayer *layer);

#endif
