/* The matches of rulers as Python gets them. */
#ifndef SPANWISE_MATCH_RESULTS_H
#define SPANWISE_MATCH_RESULTS_H

#include "python/limited_api.h"
#include "spans/batch.h"

/* Return bytes with six uint32 for each match of a text: ruler, number, first token, last token + 1, start and end in
   code points; or None where there are too many. `match`: the first of the batch's matches that do not belong to an
   earlier text, which is moved on. Returns NULL with an exception set. */
PyObject *matches_of(const Batch *batch, size_t text, size_t *match);

#endif
