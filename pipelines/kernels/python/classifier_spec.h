/* Text classifiers that Python describes (`Classifier.spec` in pipelines/entities/compiled/classifiers.py). */
#ifndef SPANWISE_CLASSIFIER_SPEC_H
#define SPANWISE_CLASSIFIER_SPEC_H

#include "python/limited_api.h"
#include "spans/span_model.h"
#include "status.h"

/* Read a tuple of classifiers, after the model's entities. Each is (ngrams | None, vectors | None, output | None,
   activation):
     ngrams      (weights [(rows - 1) * stride + classes], bias [classes], rows, stride, longest, column, activation)
     vectors     (network, poolings, query | None, keys | None, residual | None)
       network     a network; or NETWORK_OF_ENTITIES, or the number of an earlier classifier: then it is that one's
       poolings    bytes of int32: POOL_...
       query, keys  [width], and a layer from width to width; both of POOL_ATTENTION
       residual    a layer from the pooled vectors to as many values
       output      a layer; its inputs are the scores of the n-grams and then the vector, its outputs the classes
     activation  ACTIVATION_..., of the output */
CHECKED Status read_classifiers(SpanModel *model, PyObject *spec, const Instructions *instructions);

#endif
