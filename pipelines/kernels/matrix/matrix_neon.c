/* The matrix kernels for AArch64, where every processor has NEON: 4 floats in a register, 32 registers. Tiles are twice as
high as those of the baseline, which has room for the registers of older processors alone. */
#if defined(__aarch64__)
#define LANES 4
#define REGISTERS 32
#define NAME "neon"
#define EXPORT neon_instructions
#include "matrix/matrix_body.h"
#endif
