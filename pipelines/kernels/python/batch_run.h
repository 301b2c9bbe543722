/* A batch from beginning to end, with what Python is asked for on the way. */
#ifndef SPANWISE_BATCH_RUN_H
#define SPANWISE_BATCH_RUN_H

#include "python/limited_api.h"
#include "spans/batch.h"
#include "status.h"

enum { SLICE = 1 << 11 }; /* tokens that Python describes at a time, and results between which others get the GIL */

/* Append what was found in a batch to a list. Called with the GIL held. */
typedef Status (*AppendResults)(PyObject *results, const Batch *batch);

/* Annotate the texts of the arguments (texts, wanted, describe, split=None) in groups of bounded size. Returns a list, or
   NULL with an exception set. */
PyObject *annotate_texts(SpanModel *model, PyObject *args, AppendResults append_results);

/* Append an item to a list, and drop the reference to it. `item` may be NULL: an exception is set then. */
CHECKED Status append(PyObject *list, PyObject *item);

#endif
