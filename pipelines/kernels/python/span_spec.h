/* A span model that Python describes: the `spec` methods in pipelines/entities/compiled, and compiled_engine.py, write
what is read here.

Everything that the kernels index by is checked: shapes against one another, columns, actions and labels against their
number. A specification that does not fit ends in a ValueError that says what is wrong. */
#ifndef SPANWISE_SPAN_SPEC_H
#define SPANWISE_SPAN_SPEC_H

#include "python/limited_api.h"
#include "python/static_spec.h"
#include "spans/span_model.h"
#include "status.h"

/* Read the arguments of `SpanKernels(...)`:
     columns        attributes of a token
     statics        None, or static vectors, which all networks share: static_spec.h
     entities       None, or (network, decoder)
     sentences      None, "rules", or (network, classes layer)
     categories     (classifier, ...), see classifier_spec.h
     pairs          bytes of uint32, ascending: words that follow one another in an exception
     lexicon_bytes  of one generation
     tokenizer      None, or as in tokenizer_spec.h
     norms          bytes of uint64: the attribute of each norm that exceptions give
     norm_column    which attribute that is, or -1
     space_column   which attribute says that a space follows, or -1
     instructions   None, or the name of an instruction set
     tokens         None, or as in token_spec.h
     spans          (categorizer, ...), see categorizer_spec.h
     rulers         None, or as in ruler_spec.h
   What was allocated before a failure is freed by `span_model_free`; `buffers` are released after it. */
CHECKED Status read_span_model(SpanModel *model, StaticBuffers *buffers, const Instructions **instructions,
                               PyObject *args, PyObject *kwargs);

/* Read a network for a model whose columns and static vectors are known:
     ((table, ...), projection, mix, (convolution, ...), window)
   where a table is (weights [rows, values], seed, column), and a projection is None or a layer over static vectors. */
CHECKED Status read_network(Network *network, PyObject *spec, const SpanModel *model, const Instructions *instructions);

#endif
