/* Static vectors that Python describes: `VectorTable.spec` in pipelines/entities/compiled/static_vectors.py writes what
is read here. The arrays are borrowed and not copied, because they may be mapped from a file that other processes map,
too. */
#ifndef SPANWISE_STATIC_SPEC_H
#define SPANWISE_STATIC_SPEC_H

#include "network/static_vectors.h"
#include "python/arrays.h"
#include "python/limited_api.h"
#include "status.h"

/* What a model borrows of Python's; its owner gives it back after the model is freed. */
typedef struct {
    Floats data;
    Py_buffer keys, key_rows;
    PyObject *floret; /* holds the strings that a word is put between */
} StaticBuffers;

/* Read None, or (data [rows, values], column, keys, floret). A keyed table has keys = (uint64 [n], ascending;
   uint32 [n], their rows) and floret = None. A table of n-grams has keys = None and
   floret = (begin, end, shortest, longest, hashes, seed). */
CHECKED Status read_statics(StaticVectors *statics, StaticBuffers *buffers, PyObject *spec, size_t columns);
void static_buffers_release(StaticBuffers *buffers);

#endif
