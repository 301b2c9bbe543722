/* Pack the weights of a convolution for results in pairs; see pairs.h. */
#include "matrix/pairs.h"

#include <stdlib.h>

/* The weight of one part of a group, of the weights before, at and behind a row. */
static float part_weight(size_t part, float before, float at, float behind)
{
    switch (part) {
    case 0: return (float)(((double)before + at + behind) / 2);
    case 1: return (float)(((double)before - at + behind) / 2);
    case 2: return before;
    default: return behind;
    }
}

Status pairs_pack(PairMatrix *pairs, const Instructions *instructions, const float *weights, const float *bias,
                  size_t outputs, size_t pieces, size_t values)
{
    const size_t lanes = instructions->lanes, stride = padded(values);
    *pairs = (PairMatrix){stride, padded(outputs), pieces, NULL, instructions};
    pairs->packed = calloc(pairs->outputs * pieces * (PAIR_ROWS * stride + 1), sizeof(float));
    if (!pairs->packed) return NO_MEMORY;
    float *to = pairs->packed;
    for (size_t done = 0; done < pieces; done += MAX_PIECES_AT_ONCE) {
        const size_t last = done + MAX_PIECES_AT_ONCE < pieces ? done + MAX_PIECES_AT_ONCE : pieces;
        for (size_t column = 0; column < pairs->outputs; column += lanes) {
            for (size_t p = done; p < last; p++)
                for (size_t o = column; o < column + lanes; o++, to++)
                    if (o < outputs) *to = bias[o * pieces + p];
            for (size_t part = 0; part < PAIR_ROWS; part++)
                for (size_t i = 0; i < stride; i++)
                    for (size_t p = done; p < last; p++)
                        for (size_t o = column; o < column + lanes; o++, to++) {
                            const float *from = weights + (o * pieces + p) * PAIR_WINDOW * values + i;
                            if (o < outputs && i < values)
                                *to = part_weight(part, from[0], from[values], from[2 * values]);
                        }
        }
    }
    return OK;
}

void pairs_free(PairMatrix *pairs)
{
    free(pairs->packed);
    pairs->packed = NULL;
}
