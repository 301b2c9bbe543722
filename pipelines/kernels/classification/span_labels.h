/* The rules by which spans get labels of their scores: those of `_make_span_group_singlelabel` and `_multilabel` in
spacy/pipeline/spancat.py. */
#ifndef SPANWISE_SPAN_LABELS_H
#define SPANWISE_SPAN_LABELS_H

#include "classification/span_categorizer.h"
#include "status.h"

/* Return an output below which no class can reach the threshold. Scores that are no probabilities are the outputs
   themselves; a softmax depends on all classes. The bound is a little lower than the exact one, since scores are
   rounded. */
float least_output(const SpanCategorizer *categorizer);

/* Add a span to those that are found, once for each label that is kept. outputs: [classes], before the activation. */
CHECKED Status choose_labels(const SpanCategorizer *categorizer, SpanScratch *scratch, const float *outputs,
                             CategorizedSpan span);

/* Put what was found in the order of the answer. Where spans may not overlap, leave out those that do. */
CHECKED Status order_spans(const SpanCategorizer *categorizer, SpanScratch *scratch);

#endif
