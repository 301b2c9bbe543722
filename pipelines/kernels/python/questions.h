/* Questions of a batch put to Python, and its answers checked and taken. All need the GIL. */
#ifndef SPANWISE_QUESTIONS_H
#define SPANWISE_QUESTIONS_H

#include "python/limited_api.h"
#include "spans/batch.h"
#include "status.h"

/* Call split([(string, mode), ...]) for the questions without tokens. Only where the model has no tokenizer. The answer
   is a tuple of bytes: for each question its number of tokens (int32), and for each token what SplitAnswer says. */
CHECKED Status ask_for_tokens(Batch *batch, PyObject *split);

/* Call describe([token, ...]) for the asked lexemes from number `first` on, so many at most. The answer is a tuple of
   bytes, for each token its flags (uint32), attributes (uint64) and projected static vector (float32). */
CHECKED Status ask_for_descriptions(Batch *batch, PyObject *describe, size_t first, size_t most);

#endif
