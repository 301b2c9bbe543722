/* Convolutions in pairs for one instruction set; included by matrix_body.h. See pairs.h for the formulas. */
#include "matrix/pairs.h"

/* The sums of pairs in progress, for one group of outputs. */
typedef struct {
    float first[PAIRS_AT_ONCE][MAX_PIECES_AT_ONCE * LANES];  /* of result 1 */
    float second[PAIRS_AT_ONCE][MAX_PIECES_AT_ONCE * LANES]; /* of result 2 */
} PairSums;

/* Write the sums and differences of rows that the four parts of a group are multiplied with.
   rows: [count] pointers to [PAIR_ROWS][stride]; to: [PAIR_ROWS][PAIRS_AT_ONCE][stride] */
static void combine_rows(const float *const *rows, size_t count, size_t stride, float *to)
{
    const size_t part = PAIRS_AT_ONCE * stride;
    for (size_t pair = 0; pair < count; pair++, to += stride) {
        const float *row = rows[pair];
        for (size_t i = 0; i < stride; i += LANES) {
            const vec r0 = load(row + i), r1 = load(row + stride + i);
            const vec r2 = load(row + 2 * stride + i), r3 = load(row + 3 * stride + i);
            store(to + i, r1 + r2);
            store(to + part + i, r2 - r1);
            store(to + 2 * part + i, r0 - r2);
            store(to + 3 * part + i, r3 - r1);
        }
    }
}

/* Multiply part number `part` of `pairs` pairs, from number `done` on, by one group of outputs, and combine the products
   with what the parts before it have left. Parts 2 and 3 complete results 1 and 2. `pairs`, `pieces` and `part` are
   constants after inlining.
     in       [PAIRS_AT_ONCE][stride]: what this part is multiplied with
     results  [2 * pairs] pointers to rows, of which `column` is where the group's outputs begin */
INLINE void pair_tile(const float *in, size_t stride, const float *bias, const float *packed, size_t done,
                      PairSums *kept, float *const *results, size_t column, const int pairs, const int pieces,
                      const int part, const int first)
{
    vec sums[MOST_ROWS][MAX_PIECES_AT_ONCE];
    const float *rows[MOST_ROWS];
    float *out[MOST_ROWS];
#pragma GCC unroll 8
    for (int r = 0; r < pairs; r++) {
        rows[r] = in + (done + r) * stride;
#pragma GCC unroll 3
        for (int p = 0; p < pieces; p++) {
            if (part == 0) sums[r][p] = load(bias + p * LANES);
            if (part == 1) sums[r][p] = (vec){0};
            if (part == 2) sums[r][p] = load(kept->first[done + r] + p * LANES);
            if (part == 3) sums[r][p] = load(kept->second[done + r] + p * LANES);
        }
    }
    add_products(sums, rows, stride, packed, pairs, pieces);
    if (part >= 2) {
        for (int r = 0; r < pairs; r++) out[r] = results[2 * (done + r) + part - 2] + column;
        write_largest(sums, out, pairs, pieces, first);
        return;
    }
#pragma GCC unroll 8
    for (int r = 0; r < pairs; r++)
#pragma GCC unroll 3
        for (int p = 0; p < pieces; p++) {
            float *first_sum = kept->first[done + r] + p * LANES;
            if (part == 0) {
                store(first_sum, sums[r][p]);
            } else {
                const vec sum = load(first_sum);
                store(first_sum, sum + sums[r][p]);
                store(kept->second[done + r] + p * LANES, sum - sums[r][p]);
            }
        }
}

/* Multiply one part of `count` pairs by one group of outputs. `pieces` and `part` are constants after inlining. */
INLINE void pair_part(const float *in, size_t stride, const float *bias, const float *packed, size_t count,
                      PairSums *kept, float *const *results, size_t column, const int pieces, const int part,
                      const int first)
{
    size_t done = 0;
#define TILES(PAIRS)                                                                                                   \
    for (; count - done >= PAIRS; done += PAIRS)                                                                       \
        pair_tile(in, stride, bias, packed, done, kept, results, column, PAIRS, pieces, part, first);
    if (WIDE_ROWS == 8 || pieces == 1) {
        TILES(8)
    } else if (pieces == 2) {
        TILES(6)
    }
    TILES(4)
    TILES(3)
    TILES(2)
    TILES(1)
#undef TILES
}

typedef void PairPart(const float *in, size_t stride, const float *bias, const float *packed, size_t count,
                      PairSums *kept, float *const *results, size_t column, int first);

/* Each combination is a function of its own: in a larger one, GCC 12 runs out of registers and keeps weights on the
   stack, which costs a fifth of the speed. */
#define PAIR_PART(PIECES, PART)                                                                                        \
    static __attribute__((noinline)) void pair_part_##PIECES##_##PART(                                                 \
        const float *in, size_t stride, const float *bias, const float *packed, size_t count, PairSums *kept,          \
        float *const *results, size_t column, int first)                                                               \
    {                                                                                                                  \
        pair_part(in, stride, bias, packed, count, kept, results, column, PIECES, PART, first);                        \
    }
PAIR_PART(1, 0)
PAIR_PART(1, 1)
PAIR_PART(1, 2)
PAIR_PART(1, 3)
PAIR_PART(2, 0)
PAIR_PART(2, 1)
PAIR_PART(2, 2)
PAIR_PART(2, 3)
PAIR_PART(3, 0)
PAIR_PART(3, 1)
PAIR_PART(3, 2)
PAIR_PART(3, 3)
#undef PAIR_PART

static PairPart *const PAIR_PARTS[MAX_PIECES_AT_ONCE][PAIR_ROWS] = {
    {pair_part_1_0, pair_part_1_1, pair_part_1_2, pair_part_1_3},
    {pair_part_2_0, pair_part_2_1, pair_part_2_2, pair_part_2_3},
    {pair_part_3_0, pair_part_3_1, pair_part_3_2, pair_part_3_3},
};

/* See `pairs_apply` in pairs.h. */
static void apply_pairs(const PairMatrix *pairs, const float *const *rows, float *const *results, size_t count,
                        float *scratch)
{
    const size_t stride = pairs->stride;
    PairSums kept;
    for (size_t begun = 0; begun < count; begun += PAIRS_AT_ONCE) {
        const size_t block = count - begun < PAIRS_AT_ONCE ? count - begun : PAIRS_AT_ONCE;
        const float *packed = pairs->packed;
        float *const *out = results + 2 * begun;
        combine_rows(rows + begun, block, stride, scratch);
        for (size_t done = 0; done < pairs->pieces; done += MAX_PIECES_AT_ONCE) {
            const size_t left = pairs->pieces - done;
            const size_t pieces = left < MAX_PIECES_AT_ONCE ? left : MAX_PIECES_AT_ONCE;
            for (size_t column = 0; column < pairs->outputs; column += LANES) {
                const float *bias = packed;
                packed += pieces * LANES;
                for (size_t part = 0; part < PAIR_ROWS; part++, packed += stride * pieces * LANES)
                    PAIR_PARTS[pieces - 1][part](scratch + part * PAIRS_AT_ONCE * stride, stride, bias, packed, block,
                                                 &kept, out, column, done == 0);
            }
        }
    }
}
