/* The matrix kernels for x86-64 with AVX-512: 16 floats in a register, 32 registers. */
#if defined(__x86_64__)
#pragma GCC target("avx512f,avx512vl,avx512dq,avx512bw,avx2,fma")
#define LANES 16
#define REGISTERS 32
#define NAME "avx512"
#define EXPORT avx512_instructions
#include "matrix/matrix_body.h"
#endif
