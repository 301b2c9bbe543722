/* Tokens handed to Python, as arrays. */
#ifndef SPANWISE_TOKEN_RESULTS_H
#define SPANWISE_TOKEN_RESULTS_H

#include "python/limited_api.h"
#include "spans/batch.h"
#include "status.h"

/* Append a tuple of arrays, as bytes, for a batch: see `SpanKernels.tokens`. */
CHECKED Status append_tokens(PyObject *results, const Batch *batch);

#endif
