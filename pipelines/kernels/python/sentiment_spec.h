/* A sentiment model that Python describes: `CompiledModel` in pipelines/sentiment/compiled_model.py writes what is read
here.

Shapes are checked against one another, and everything that the kernels index by. A specification that does not fit ends
in a ValueError that says what is wrong. */
#ifndef SPANWISE_SENTIMENT_SPEC_H
#define SPANWISE_SENTIMENT_SPEC_H

#include "python/limited_api.h"
#include "sentiment/sentiment_model.h"
#include "status.h"

/* Read the arguments of `SentimentKernels(...)`, with W words, B buckets, width D:
     characters    (classes: bytes, lower: bytes of uint32, ((emoticon, 1 if it is all punctuation else 0), ...));
                   emoticons are in the order of `Characters`
     vocabulary    (word, ...), W of them
     codes         int8 [W + B, D]; borrowed as long as the model lives: `codes`, released by the caller
     scales        [W + B]
     flags         [SENTIMENT_FLAGS, D]
     positions     [2 x MAX_DISTANCE + 1, D]
     mask          [1, D]
     empty         [SENTIMENT_CLASSES]
     text          (exponent, bias [SENTIMENT_CLASSES])
     sentence      ((convolution, ...), attention, hidden, output): layers, see layer_spec.h
     target        likewise
     instructions  None, or the name of an instruction set
   What was allocated before a failure is freed by `sentiment_model_free`. */
CHECKED Status read_sentiment_model(SentimentWeights *model, Py_buffer *codes, const Instructions **instructions,
                                    PyObject *args, PyObject *kwargs);

#endif
