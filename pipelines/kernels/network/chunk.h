/* The convolutions of a network over many tokens at a time, in a block of rows of bounded size.

Rows are laid out as Thinc lays them out (`with_array(pad=...)`): between two texts lie zero rows, as many as the
network reaches (`network_reach`), which take part in every layer. A text that is longer than a chunk is cut, and each
part gets the real tokens beside it, within the reach, as a halo: results are identical and memory is bounded. Rows that
no wanted token can see are not computed.

    of whole texts:  | zeros | text 3, all tokens | zeros | text 5, all tokens | zeros |
    of a cut text:   | halo before | tokens [first, last) of text 7 | halo after |          zeros, halo: [reach] rows */
#ifndef SPANWISE_CHUNK_H
#define SPANWISE_CHUNK_H

#include "network/network.h"

enum { CHUNK_ROWS = 512 }; /* of a chunk, but for halos */

/* Tokens of one text that are computed together. */
typedef struct {
    uint32_t text;        /* the caller's number of the text */
    uint32_t first, last; /* tokens [first, last) of the text */
    uint32_t length;      /* tokens of the whole text */
    size_t row;           /* the row of token `first` in the chunk */
} Part;

/* Scratch memory of one chunk, used again from call to call. `width` is the largest of its networks. */
typedef struct {
    size_t max_rows;
    float *memory;         /* of the following four, with a row to either side of the first two */
    float *before, *after; /* [max_rows][padded(width)] each: rows before and after a layer */
    float *nowhere;        /* [padded(width)]: results that nobody reads */
    float *scratch;        /* of `pairs_apply` */
    const float **in;      /* [max_rows] pointers to rows that are read; free for the caller's use between two runs */
    float **out;           /* [2 max_rows] pointers to rows that are written; likewise */
    Part *parts;           /* [max_rows], of which part_count are in use */
    size_t part_count;
    size_t rows;          /* in use */
    const float *vectors; /* [rows][padded(width)] after `chunk_run` */
} Chunk;

/* Return the embedding [padded(width)] of a token of a text. */
typedef const float *(*EmbeddingOf)(const void *context, uint32_t text, uint32_t token);

CHECKED Status chunk_init(Chunk *chunk, const Network *const *networks, size_t count);
void chunk_free(Chunk *chunk);
void chunk_clear(Chunk *chunk);

/* Add as many tokens of a text as fit, from token `first` on. Returns the token to go on with: `length` when all are
   in; `first` when none fits, and the chunk has to be run and cleared before. */
uint32_t chunk_add(Chunk *chunk, const Network *network, uint32_t text, uint32_t first, uint32_t length);

/* Compute all convolutions. Afterwards `part_vectors` gives the vectors of a part. */
void chunk_run(Chunk *chunk, const Network *network, EmbeddingOf embedding, const void *context);

/* The vectors of a part after `chunk_run`: [last - first][padded(width)]. */
static inline const float *part_vectors(const Chunk *chunk, const Network *network, const Part *part)
{
    return chunk->vectors + part->row * padded(network->width);
}

#endif
