/* Matrix products of many short rows with one packed matrix, the only work here that takes noticeable time.

A `Matrix` maps a row of `inputs` floats to a row of `outputs` floats. With `pieces` > 1 it is a maxout layer: each output
is the largest of `pieces` affine maps (Goodfellow et al. 2013, "Maxout Networks"). Weights are packed so that the pieces of
one group of outputs lie side by side: the maximum is taken in registers, and the wide intermediate result is never written.

Rows are given as pointers, so that they may overlap (a window over tokens is read in place) and need not be neighbours.
Every row is computed in the same order of operations whatever rows it is computed with: the answer for a text does not
depend, to the last bit, on the batch that it is in.

The same source is compiled for several instruction sets (matrix_avx512.c, ...); `best_instructions` picks one at run time. */
#ifndef SPANWISE_MATRIX_H
#define SPANWISE_MATRIX_H

#include <stddef.h>

enum { ROW_ALIGN = 16, MAX_PIECES_AT_ONCE = 3 };

/* Floats that a row of that many values takes: buffers are padded with zeros up to here. */
static inline size_t padded(size_t values) { return (values + ROW_ALIGN - 1) / ROW_ALIGN * ROW_ALIGN; }

struct Instructions;

typedef struct {
    size_t inputs;  /* floats read of each row, padding included */
    size_t outputs; /* floats written of each row, padding included */
    size_t pieces;
    float *packed; /* for up to three pieces at a time, for each group of outputs: bias, then weights input by input */
    const struct Instructions *instructions;
} Matrix;

typedef struct Instructions {
    const char *name;
    size_t lanes; /* floats in a register */
    void (*apply)(const Matrix *matrix, const float *const *rows, float *const *results, size_t count);
    /* result = addend + gain * (row - mean) / sqrt(variance + 1e-8) + shift; `addend` may be NULL (Ba et al. 2016). */
    void (*normalize)(const float *row, size_t values, const float *gain, const float *shift, const float *addend,
                      float *result);
} Instructions;

const Instructions *best_instructions(void);
/* One that this processor has, by name; NULL otherwise. For tests. */
const Instructions *named_instructions(const char *name);

/* `weights` is [outputs][pieces][inputs], `bias` [outputs][pieces] or NULL, both dense. `input_stride` (a multiple of the
   alignment) is where each of `windows` blocks of `inputs / windows` values begins in a padded row. Returns 0 or -1 (memory). */
int matrix_pack(Matrix *matrix, const Instructions *instructions, const float *weights, const float *bias,
                size_t outputs, size_t pieces, size_t inputs, size_t windows);
void matrix_free(Matrix *matrix);

static inline void matrix_apply(const Matrix *matrix, const float *const *rows, float *const *results, size_t count)
{
    matrix->instructions->apply(matrix, rows, results, count);
}

#endif
