/* Span categorizers that Python describes (`SpanCategorizer.spec` in pipelines/entities/compiled/span_categorizers.py). */
#ifndef SPANWISE_CATEGORIZER_SPEC_H
#define SPANWISE_CATEGORIZER_SPEC_H

#include "python/limited_api.h"
#include "spans/span_model.h"
#include "status.h"

/* Read a tuple of categorizers, after the model's classifiers. Each is (network, hidden, output, activation, lengths,
   threshold | None, most_labels, negative, may_overlap):
     network      a network; or NETWORK_OF_ENTITIES, or the number of a classifier, or the number of classifiers plus that
                  of an earlier categorizer: then it is that one's
     hidden       a layer; its inputs are a span's first vector, last vector, mean, and largest values
     output       a layer of one piece; its outputs are the classes
     activation   ACTIVATION_..., of the output
     lengths      bytes of int32: of spans, in tokens, each another one, in the order of the answer
     threshold    a score; None is for most_labels = 1 alone
     most_labels  of a span, or ANY_LABELS
     negative     the class of spans without a label, or NO_CLASS */
CHECKED Status read_categorizers(SpanModel *model, PyObject *spec, const Instructions *instructions);

#endif
