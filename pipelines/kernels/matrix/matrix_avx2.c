/* The matrix kernels for x86-64 with AVX2 and FMA, since 2013: 8 floats in a register, 16 registers. */
#if defined(__x86_64__)
#pragma GCC target("avx2,fma")
#define LANES 8
#define REGISTERS 16
#define NAME "avx2"
#define EXPORT avx2_instructions
#include "matrix/matrix_body.h"
#endif
