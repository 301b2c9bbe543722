/* Pack weights, and choose an instruction set; see matrix.h. */
#include "matrix/matrix.h"

#include <stdlib.h>
#include <string.h>

extern const Instructions baseline_instructions;
#if defined(__x86_64__)
extern const Instructions avx2_instructions, avx512_instructions;
#elif defined(__aarch64__)
extern const Instructions neon_instructions;
#endif

const Instructions *named_instructions(const char *name)
{
#if defined(__x86_64__)
    if (!strcmp(name, "avx512") && __builtin_cpu_supports("avx512f") && __builtin_cpu_supports("avx512vl") &&
        __builtin_cpu_supports("avx512dq") && __builtin_cpu_supports("avx512bw"))
        return &avx512_instructions;
    if (!strcmp(name, "avx2") && __builtin_cpu_supports("avx2") && __builtin_cpu_supports("fma"))
        return &avx2_instructions;
#elif defined(__aarch64__)
    if (!strcmp(name, "neon")) return &neon_instructions;
#endif
    return strcmp(name, "baseline") ? NULL : &baseline_instructions;
}

const Instructions *best_instructions(void)
{
    const Instructions *found = named_instructions("avx512");
    if (!found) found = named_instructions("avx2");
    if (!found) found = named_instructions("neon");
    return found ? found : named_instructions("baseline");
}

Status matrix_pack(Matrix *matrix, const Instructions *instructions, const float *weights, const float *bias,
                   size_t outputs, size_t pieces, size_t inputs, size_t windows)
{
    const size_t lanes = instructions->lanes, block = inputs / windows, stride = padded(block);
    matrix->instructions = instructions;
    matrix->inputs = windows * stride;
    matrix->outputs = padded(outputs);
    matrix->pieces = pieces;
    matrix->packed = calloc(matrix->outputs * pieces * (matrix->inputs + 1), sizeof(float));
    if (!matrix->packed) return NO_MEMORY;
    float *to = matrix->packed;
    for (size_t done = 0; done < pieces; done += MAX_PIECES_AT_ONCE) {
        const size_t last = done + MAX_PIECES_AT_ONCE < pieces ? done + MAX_PIECES_AT_ONCE : pieces;
        for (size_t column = 0; column < matrix->outputs; column += lanes) {
            for (size_t p = done; p < last; p++)
                for (size_t o = column; o < column + lanes; o++, to++)
                    if (bias && o < outputs) *to = bias[o * pieces + p];
            for (size_t i = 0; i < matrix->inputs; i++)
                for (size_t p = done; p < last; p++)
                    for (size_t o = column; o < column + lanes; o++, to++)
                        if (o < outputs && i % stride < block)
                            *to = weights[(o * pieces + p) * inputs + i / stride * block + i % stride];
        }
    }
    return OK;
}

void matrix_free(Matrix *matrix)
{
    free(matrix->packed);
    matrix->packed = NULL;
}
