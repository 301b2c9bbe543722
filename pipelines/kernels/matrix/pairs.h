/* Convolutions over three neighbouring rows, two results at a time, with four products where six would be needed: the
minimal filtering F(2, 3) of Winograd (Lavin and Gray 2016, "Fast Algorithms for Convolutional Neural Networks").

Of four rows r0 to r3, results at r1 and r2 are wanted. With a, b, c the weights of the row before, of the row itself and
of the row behind it:

    sum   = (r1 + r2) (a + b + c) / 2        result 1 = sum + turn + (r0 - r2) a  =  r0 a + r1 b + r2 c
    turn  = (r2 - r1) (a - b + c) / 2        result 2 = sum - turn + (r3 - r1) c  =  r1 a + r2 b + r3 c

The sums and halves of the weights are computed once, those of the rows for every pair, which costs as much as one in a
hundred of the products. A result depends, to the last bit, on the rows of its pair and on its place in the pair; on
nothing else. Rounding is that of the direct way: sums of as many products, of numbers at most twice as large. */
#ifndef SPANWISE_PAIRS_H
#define SPANWISE_PAIRS_H

#include "matrix/matrix.h"

enum {
    PAIRS_AT_ONCE = 32, /* in the scratch memory, which fits the caches */
    PAIR_WINDOW = 3,    /* rows that a result depends on */
    PAIR_ROWS = 4,      /* that a pair of results depends on */
};

/* The packed weights. Groups, pieces and passes are those of `Matrix`; a group has four parts:

     +-----------------+------------------+-------------------+----------------+-----------------+
     | bias            | (a + b + c) / 2  | (a - b + c) / 2   | a              | c               |
     | [pieces][LANES] | [stride][pieces][LANES] each                                             |
     +-----------------+------------------+-------------------+----------------+-----------------+ */
typedef struct PairMatrix {
    size_t stride;  /* floats of a row, padding included */
    size_t outputs; /* floats written of each result, padding included */
    size_t pieces;
    float *packed; /* NULL: there is none */
    const Instructions *instructions;
} PairMatrix;

/* Pack `weights` [outputs][pieces][3][values] and `bias` [outputs][pieces], both dense. */
CHECKED Status pairs_pack(PairMatrix *pairs, const Instructions *instructions, const float *weights, const float *bias,
                          size_t outputs, size_t pieces, size_t values);
void pairs_free(PairMatrix *pairs);

/* The floats of scratch memory that `pairs_apply` needs for rows of `stride` floats. */
static inline size_t pairs_scratch(size_t stride) { return (size_t)PAIR_ROWS * PAIRS_AT_ONCE * stride; }

/* rows: [count] pointers to [PAIR_ROWS][stride]; results: [count][2] pointers to [outputs] */
static inline void pairs_apply(const PairMatrix *pairs, const float *const *rows, float *const *results, size_t count,
                               float *scratch)
{
    pairs->instructions->apply_pairs(pairs, rows, results, count, scratch);
}

#endif
