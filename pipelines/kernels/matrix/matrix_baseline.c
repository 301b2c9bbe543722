/* The matrix kernels for every processor of an architecture (SSE2 on x86-64, NEON on AArch64): 4 floats in a register.
*/
#define LANES 4
#define NAME "baseline"
#define EXPORT baseline_instructions
#include "matrix/matrix_body.h"
