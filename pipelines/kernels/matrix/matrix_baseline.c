/* The matrix kernels for what every processor of the architecture has: SSE2 on x86-64, NEON on AArch64. */
#define LANES 4
#define NAME "baseline"
#define EXPORT baseline_instructions
#include "matrix/matrix_body.h"
