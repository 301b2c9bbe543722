/* Matrix products of many short rows with one packed matrix: nearly all of the kernels' time is spent here.

A `Matrix` maps a row of `inputs` floats to a row of `outputs` floats. With `pieces` > 1 it is a maxout layer: each
output is the largest of `pieces` affine maps (Goodfellow et al. 2013, "Maxout Networks").

Rows are given as pointers, so that they may overlap (a window over tokens is read in place) and need not be
neighbours. Every row is computed by the same order of operations, whatever rows are computed with it: the answer for a
text does not depend, to the last bit, on the batch that the text is in.

The same source (matrix_body.h) is compiled for several instruction sets; `best_instructions` picks one at run time. */
#ifndef SPANWISE_MATRIX_H
#define SPANWISE_MATRIX_H

#include <stddef.h>

#include "status.h"

enum { ROW_ALIGN = 16, MAX_PIECES_AT_ONCE = 3 };

/* The floats that a row of `values` floats takes in a buffer: rows are padded with zeros to a multiple of ROW_ALIGN. */
static inline size_t padded(size_t values) { return (values + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN; }

struct Instructions;
struct PairMatrix;

/* The packed weights. A register holds LANES floats, so a group is LANES neighbouring outputs. The pieces of a group
   lie side by side: their maximum is taken in registers, and the wide result before the maximum is never written. More
   than MAX_PIECES_AT_ONCE pieces do not fit the registers; the matrix is then passed through once for every three of
   them.

   packed:   pass over pieces 0-2                  pass over pieces 3-5 (the last pass may have fewer)
             +---------+---------+-----+---------+---------+-----
             | group 0 | group 1 | ... | group G | group 0 | ...        G = outputs / LANES - 1
             +---------+---------+-----+---------+---------+-----

   group:    +---------------------+---------------------+-----+----------------------------+
             | bias                | weights of input 0  | ... | weights of the last input  |
             | [pieces][LANES]     | [pieces][LANES]     |     | [pieces][LANES]            |
             +---------------------+---------------------+-----+----------------------------+ */
typedef struct {
    size_t inputs;  /* floats read of each row, padding included */
    size_t outputs; /* floats written of each row, padding included */
    size_t pieces;
    float *packed; /* [passes][outputs / LANES][1 + inputs][pieces of the pass][LANES] */
    const struct Instructions *instructions;
} Matrix;

typedef struct Instructions {
    const char *name;
    size_t lanes; /* floats in a register */
    /* rows: [count] pointers to [inputs] floats; results: [count] pointers to [outputs] floats */
    void (*apply)(const Matrix *matrix, const float *const *rows, float *const *results, size_t count);
    /* result = addend + gain * (row - mean) / sqrt(variance + 1e-8) + shift (Ba et al. 2016, "Layer Normalization"),
       over `values` floats. All pointers: [padded(values)], padded with zeros; `addend` may be NULL, `result` may be
       `row`. */
    void (*normalize)(const float *row, size_t values, const float *gain, const float *shift, const float *addend,
                      float *result);
    /* result[i] = the largest, over the pieces p, of the sum of rows[r][p][i] over all rows. rows: [count] pointers to
       [pieces][values]; result: [values], a multiple of ROW_ALIGN. The sums are in the order of the rows, so that all
       instruction sets give the same result to the last bit. */
    void (*add_rows)(const float *const *rows, size_t count, size_t pieces, size_t values, float *result);
    /* See pairs.h. */
    void (*apply_pairs)(const struct PairMatrix *pairs, const float *const *rows, float *const *results, size_t count,
                        float *scratch);
} Instructions;

const Instructions *best_instructions(void);
/* Return the instruction set of that name, or NULL where this processor does not have it. */
const Instructions *named_instructions(const char *name);

/* Pack `weights` [outputs][pieces][inputs] and `bias` [outputs][pieces] (NULL: zeros), both dense. The inputs are
   `windows` blocks of `inputs / windows` values; in a row that is read, each block is padded by itself. */
CHECKED Status matrix_pack(Matrix *matrix, const Instructions *instructions, const float *weights, const float *bias,
                           size_t outputs, size_t pieces, size_t inputs, size_t windows);
void matrix_free(Matrix *matrix);

static inline void matrix_apply(const Matrix *matrix, const float *const *rows, float *const *results, size_t count)
{
    matrix->instructions->apply(matrix, rows, results, count);
}

#endif
