/* The matrix kernels of one instruction set. A source file defines LANES (floats in a register), REGISTERS, NAME and
EXPORT, and includes this body. */
#include <math.h>

#include "matrix/matrix.h"

typedef float vec __attribute__((vector_size(LANES * 4), aligned(4)));
typedef int mask __attribute__((vector_size(LANES * 4), aligned(4)));

#define INLINE static inline __attribute__((always_inline))

INLINE vec load(const float *from) { return *(const vec *)from; }
INLINE void store(float *to, vec value) { *(vec *)to = value; }
INLINE vec larger(vec a, vec b)
{
    const mask more = a > b;
    return (vec)((more & (mask)a) | (~more & (mask)b));
}

enum {
    MOST_ROWS = 8, /* in a tile */
    /* In a tile of a maxout layer of three pieces: their sums, the weights and a value of a row fill the registers. */
    WIDE_ROWS = REGISTERS >= 32 ? 8 : 4
};

/* Add to the sums of some rows their products with one group of outputs. `rows` and `pieces` are constants after
   inlining, so the sums stay in registers. in: [rows] pointers to [inputs]; packed: [inputs][pieces][LANES] */
INLINE void add_products(vec sums[MOST_ROWS][MAX_PIECES_AT_ONCE], const float *const *in, size_t inputs,
                         const float *packed, const int rows, const int pieces)
{
    const float *a[MOST_ROWS];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) a[r] = in[r];
    for (size_t i = 0; i < inputs; i++) {
        vec weights[MAX_PIECES_AT_ONCE];
#pragma GCC unroll 3
        for (int p = 0; p < pieces; p++) weights[p] = load(packed + p * LANES);
        packed += pieces * LANES;
#pragma GCC unroll 8
        for (int r = 0; r < rows; r++) {
            const float value = a[r][i];
#pragma GCC unroll 3
            for (int p = 0; p < pieces; p++) sums[r][p] += value * weights[p];
        }
    }
}

/* Write the largest piece of each row. out: [rows] pointers to [LANES]. `first`: this is the first pass over the pieces;
   a later pass takes the maximum with what the passes before it have written. */
INLINE void write_largest(vec sums[MOST_ROWS][MAX_PIECES_AT_ONCE], float *const *out, const int rows, const int pieces,
                          const int first)
{
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++) {
        vec most = sums[r][0];
#pragma GCC unroll 3
        for (int p = 1; p < pieces; p++) most = larger(most, sums[r][p]);
        store(out[r], first ? most : larger(load(out[r]), most));
    }
}

/* Multiply `rows` rows by one group of outputs. packed: the group, see matrix.h. */
INLINE void tile(const float *const *in, float *const *out, size_t inputs, const float *packed, const int rows,
                 const int pieces, const int first)
{
    vec sums[MOST_ROWS][MAX_PIECES_AT_ONCE];
#pragma GCC unroll 8
    for (int r = 0; r < rows; r++)
#pragma GCC unroll 3
        for (int p = 0; p < pieces; p++) sums[r][p] = load(packed + p * LANES);
    add_products(sums, in, inputs, packed + pieces * LANES, rows, pieces);
    write_largest(sums, out, rows, pieces, first);
}

/* Multiply all rows by one group of outputs, which begins at `column` of each result. */
INLINE void group(const float *const *in, float *const *results, size_t column, size_t count, size_t inputs,
                  const float *packed, const int pieces, const int first)
{
    size_t done = 0;
    float *out[MOST_ROWS];
#define TILES(ROWS)                                                                                                    \
    for (; count - done >= ROWS; done += ROWS) {                                                                       \
        for (int r = 0; r < ROWS; r++) out[r] = results[done + r] + column;                                            \
        tile(in + done, out, inputs, packed, ROWS, pieces, first);                                                     \
    }
    if (WIDE_ROWS == 8 || pieces == 1) { /* as many rows at a time as their sums fit the registers */
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

static void apply(const Matrix *matrix, const float *const *rows, float *const *results, size_t count)
{
    const float *packed = matrix->packed;
    for (size_t done = 0; done < matrix->pieces; done += MAX_PIECES_AT_ONCE) {
        const size_t left = matrix->pieces - done;
        const size_t pieces = left < MAX_PIECES_AT_ONCE ? left : MAX_PIECES_AT_ONCE;
        for (size_t column = 0; column < matrix->outputs; column += LANES) {
            switch (pieces) {
            case 1: group(rows, results, column, count, matrix->inputs, packed, 1, done == 0); break;
            case 2: group(rows, results, column, count, matrix->inputs, packed, 2, done == 0); break;
            default: group(rows, results, column, count, matrix->inputs, packed, 3, done == 0); break;
            }
            packed += (matrix->inputs + 1) * pieces * LANES;
        }
    }
}

/* See `normalize` in matrix.h. The padding of the result is zero, because that of gain, shift and addend is. */
static void normalize(const float *row, size_t values, const float *gain, const float *shift, const float *addend,
                      float *result)
{
    const size_t stride = padded(values);
    vec total = {0};
    for (size_t i = 0; i < stride; i += LANES) total += load(row + i);
    float sum = 0;
    for (int i = 0; i < LANES; i++) sum += total[i];
    const float mean = sum / (float)values;
    vec squares = {0};
    for (size_t i = 0; i < stride; i += LANES) {
        const vec off = load(row + i) - mean;
        squares += off * off;
    }
    float square = 0;
    for (int i = 0; i < LANES; i++) square += squares[i];
    square -= (float)(stride - values) * mean * mean; /* take away what the padding has added */
    const float scale = 1.0f / sqrtf(square / (float)values + 1e-8f);
    for (size_t i = 0; i < stride; i += LANES) {
        vec value = (load(row + i) - mean) * scale * load(gain + i) + load(shift + i);
        if (addend) value += load(addend + i);
        store(result + i, value);
    }
}

/* See `add_rows` in matrix.h. */
static void add_rows(const float *const *rows, size_t count, size_t pieces, size_t values, float *result)
{
    for (size_t i = 0; i < values; i += LANES) {
        vec most = {0};
        for (size_t p = 0; p < pieces; p++) {
            const size_t at = p * values + i;
            vec sum = load(rows[0] + at);
            for (size_t r = 1; r < count; r++) sum += load(rows[r] + at);
            most = p ? larger(most, sum) : sum;
        }
        store(result + i, most);
    }
}

#include "matrix/pairs_body.h"

const Instructions EXPORT = {NAME, LANES, apply, normalize, add_rows, apply_pairs};
