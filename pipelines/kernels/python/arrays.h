/* Arrays that Python hands over, checked and copied. `name` is what an error message calls the array. */
#ifndef SPANWISE_ARRAYS_H
#define SPANWISE_ARRAYS_H

#include <stddef.h>
#include <stdint.h>

#include "python/limited_api.h"
#include "status.h"

enum { MAX_DIMENSIONS = 4 };

/* A C-contiguous array of 32-bit floats: [shape[0]][shape[1]]... No dimension is 0. Begins as `Floats f = {0}`. */
typedef struct {
    Py_buffer view;
    size_t shape[MAX_DIMENSIONS];
    const float *data;
} Floats;

/* Borrow an array with so many dimensions; `floats_release` gives it back, and does nothing where borrowing failed. */
CHECKED Status floats_borrow(Floats *floats, PyObject *object, int dimensions, const char *name);
void floats_release(Floats *floats);

/* Fail where an array does not have the given shape. */
CHECKED Status floats_check(const Floats *floats, const char *name, const size_t *shape);

/* Copy an array [rows][width] to the heap, as [rows][padded(width)]; zeros in between. */
CHECKED Status copy_rows(float **copy, PyObject *object, size_t rows, size_t width, const char *name);

/* Copy an array [width] to the heap, as [padded(width)]. */
CHECKED Status copy_vector(float **copy, PyObject *object, size_t width, const char *name);

/* Copy an array [count] to `values`. */
CHECKED Status copy_values(float *values, PyObject *object, size_t count, const char *name);

/* Copy bytes of 32-bit integers, [count], to the heap. */
CHECKED Status copy_integers(int32_t **copy, PyObject *object, size_t count, const char *name);

#endif
