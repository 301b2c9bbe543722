/* Questions of a batch put to Python, and its answers checked. */
#ifndef SPANWISE_DESCRIPTIONS_FROM_PYTHON_H
#define SPANWISE_DESCRIPTIONS_FROM_PYTHON_H

#include "python/limited_api.h"
#include "spans/batch.h"
#include "status.h"

/* Return whether a question of the batch was not recalled, so that Python has to be asked. */
int is_asking(const Batch *batch);

/* Call describe([(string, mode), ...]) for all questions that were not recalled. Needs the GIL. The answer is a tuple
   of bytes: for each question its number of tokens (int32); for each token its start, length and flags (uint32), its
   attributes (uint64) and its projected static vector (float32). `description` points into `*answer`, a new reference,
   which is also set where the answer does not fit the questions. */
CHECKED Status ask_python(const Batch *batch, PyObject *describe, PyObject **answer, Description *description);

#endif
