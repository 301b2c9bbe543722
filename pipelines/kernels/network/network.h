/* A spaCy tok2vec: hash embeddings (or static vectors), mixed by a maxout layer, then residual convolutions over a window.

The embedding of a token depends on its lexical attributes alone, so it is computed once per distinct token and kept by the
lexicon (lexicon.h). The convolutions run over many tokens at a time, laid out as Thinc lays them out (`with_array(pad=...)`):
zero rows between texts, as many as the receptive field is wide, which take part in every layer. Rows that no wanted token can
see are not computed. A text that is longer than a chunk is cut, and each part gets the tokens beside it within the receptive
field as a halo, so that results are identical and memory is bounded. */
#ifndef SPANWISE_NETWORK_H
#define SPANWISE_NETWORK_H

#include <stdint.h>

#include "matrix/matrix.h"

typedef struct {
    Matrix matrix;
    float *gain, *shift; /* layer normalization; NULL: none */
    size_t values;       /* outputs without padding */
} Layer;

/* thinc.layers.HashEmbed: the sum of four rows of a table, chosen by MurmurHash3 of the attribute. */
typedef struct {
    float *table;
    uint32_t rows;
    uint32_t seed;
    uint32_t column; /* which attribute */
    size_t values;
} HashTable;

typedef struct {
    HashTable *tables;
    size_t table_count;
    size_t static_values; /* after the tables come so many values of the token's static vector, projected already */
    Layer mix;
    Layer *convolutions;
    size_t depth, window;
    size_t width; /* values of a token's vector, before and after the convolutions */
} Network;

/* Embed `count` tokens: `attributes` has `columns` values for each, `statics` has `static_values` for each. Each result has
   `padded(width)` floats. Returns 0 or -1 (memory). */
int network_embed(const Network *network, const uint64_t *attributes, size_t columns, const float *statics,
                  size_t count, float *const *results);

/* Tokens of one text that are computed together. */
typedef struct {
    uint32_t text;        /* the caller's number for it */
    uint32_t first, last; /* tokens [first, last) of the text */
    uint32_t length;      /* tokens of the whole text */
    size_t row;           /* where `first` lies among the rows of the chunk */
} Part;

/* Scratch memory for one chunk, reused from call to call. */
typedef struct {
    size_t max_rows, max_parts;
    float *a, *b; /* rows before and after a layer */
    const float **in;
    float **out;
    Part *parts;
    size_t part_count;
    size_t rows;
    float *vectors; /* after network_run: where the rows are */
} Chunk;

enum { CHUNK_ROWS = 512 };

int chunk_init(Chunk *chunk, const Network *const *networks, size_t count);
void chunk_free(Chunk *chunk);
void chunk_clear(Chunk *chunk);

/* Add as many tokens of a text as fit, from token `first` on. Returns where to go on: `length` when all are in; `first` when
   none fits, and the chunk has to be run and cleared before. */
uint32_t chunk_add(Chunk *chunk, const Network *network, uint32_t text, uint32_t first, uint32_t length);

/* Compute all layers. `embedding(context, text, token)` gives a token's vector. Afterwards the vector of token `t` of a part is
   at `chunk->vectors + (part->row + t - part->first) * padded(width)`. */
void network_run(const Network *network, Chunk *chunk, const float *(*embedding)(const void *, uint32_t, uint32_t),
                 const void *context);

void network_free(Network *network);
void layer_free(Layer *layer);

#endif
