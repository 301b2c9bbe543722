/* The matrix kernels for every processor of any architecture, as far as the compiler knows it (SSE2 on x86-64): 4 floats in
a register. */
#define LANES 4
#define REGISTERS 16
#define NAME "baseline"
#define EXPORT baseline_instructions
#include "matrix/matrix_body.h"
