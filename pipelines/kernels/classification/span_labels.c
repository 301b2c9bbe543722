/* Labels chosen, and spans put in order; see span_labels.h. */
#include "classification/span_labels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"

/* Thinc takes no output for less than -20, so that all scores reach a threshold below 2e-9. */
static const double LEAST_THRESHOLD = 1e-8;

float least_output(const SpanCategorizer *categorizer)
{
    const double threshold = categorizer->has_threshold ? (double)categorizer->threshold : -INFINITY;
    if (categorizer->activation == ACTIVATION_NONE) return (float)threshold;
    if (categorizer->activation == ACTIVATION_SOFTMAX || threshold <= LEAST_THRESHOLD) return -INFINITY;
    if (threshold >= 1) return 10;
    const double exact = log(threshold / (1 - threshold)) - 0.01;
    return exact < 10 ? (float)exact : 10;
}

/* ---- labels ---- */

static Status keep(SpanScratch *scratch, CategorizedSpan span)
{
    const Status status = grow(&scratch->found, scratch->found_count, &scratch->found_capacity, sizeof(span));
    if (status != OK) return status;
    scratch->found[scratch->found_count++] = span;
    return OK;
}

/* Return the first of the largest values. */
static int32_t best(const float *values, size_t count)
{
    size_t found = 0;
    for (size_t c = 1; c < count; c++)
        if (values[c] > values[found]) found = c;
    return (int32_t)found;
}

/* Return whether no class can be kept, whatever the activation makes of the outputs. */
static int is_hopeless(const SpanCategorizer *categorizer, const SpanScratch *scratch, const float *outputs)
{
    const int32_t first = best(outputs, categorizer->classes);
    if (outputs[first] < scratch->least) return 1;
    if (categorizer->most_labels != 1 || categorizer->activation != ACTIVATION_SOFTMAX ||
        first != categorizer->negative)
        return 0;
    for (size_t c = 0; c < categorizer->classes; c++) /* within the margin, rounded scores could be equal */
        if ((int32_t)c != first && outputs[c] > outputs[first] - 0.01f) return 0;
    return 1;
}

/* Return how many classes with a label score higher than one of them. */
static int32_t rank_of(const SpanCategorizer *categorizer, const float *scores, size_t label)
{
    int32_t rank = 0;
    for (size_t c = 0; c < categorizer->classes; c++)
        if ((int32_t)c != categorizer->negative &&
            (scores[c] > scores[label] || (scores[c] == scores[label] && c < label)))
            rank++;
    return rank;
}

Status choose_labels(const SpanCategorizer *categorizer, SpanScratch *scratch, const float *outputs,
                     CategorizedSpan span)
{
    const float *scores = scratch->scores;
    Status status = OK;
    if (is_hopeless(categorizer, scratch, outputs)) return OK;
    for (size_t c = 0; c < categorizer->classes; c++) scratch->logits[c] = (double)outputs[c];
    activate(categorizer->activation, scratch->logits, scratch->scores, categorizer->classes);
    if (categorizer->most_labels == 1) {
        span.label = best(scores, categorizer->classes);
        span.score = scores[span.label];
        if (span.label == categorizer->negative) return OK;
        if (categorizer->has_threshold && !(span.score >= categorizer->threshold)) return OK;
        return keep(scratch, span);
    }
    for (size_t c = 0; c < categorizer->classes && status == OK; c++) {
        if (!(scores[c] >= categorizer->threshold) || (int32_t)c == categorizer->negative) continue;
        if (categorizer->most_labels != ANY_LABELS && rank_of(categorizer, scores, c) >= categorizer->most_labels)
            continue;
        span.label = (int32_t)c;
        span.score = scores[c];
        status = keep(scratch, span);
    }
    return status;
}

/* ---- the order of spans ---- */

static int compare_numbers(uint32_t a, uint32_t b) { return (a > b) - (a < b); }

/* By text; in it by length, in the order of the lengths, by first token, and by label. */
static int compare_spans(const void *left, const void *right)
{
    const CategorizedSpan *a = left, *b = right;
    int order = compare_numbers(a->text, b->text);
    if (!order) order = compare_numbers(a->rank, b->rank);
    if (!order) order = compare_numbers(a->first, b->first);
    return order ? order : compare_numbers((uint32_t)a->label, (uint32_t)b->label);
}

/* By text; in it by score, the highest first, and else as above. */
static int compare_scores(const void *left, const void *right)
{
    const CategorizedSpan *a = left, *b = right;
    int order = compare_numbers(a->text, b->text);
    if (!order) order = (a->score < b->score) - (a->score > b->score);
    return order ? order : compare_spans(left, right);
}

/* Make room for the tokens of a text up to number `last`, none of which is taken. */
static Status clear_taken(SpanScratch *scratch, size_t last)
{
    if (last > scratch->taken_capacity) {
        free(scratch->taken);
        scratch->taken_capacity = 0;
        scratch->taken = malloc(last);
        if (!scratch->taken) return NO_MEMORY;
        scratch->taken_capacity = last;
    }
    memset(scratch->taken, 0, last);
    return OK;
}

/* Leave out spans that overlap one before them. */
static Status part(SpanScratch *scratch)
{
    size_t kept = 0;
    for (size_t i = 0, end; i < scratch->found_count; i = end) {
        size_t last = 0;
        for (end = i; end < scratch->found_count && scratch->found[end].text == scratch->found[i].text; end++)
            last = scratch->found[end].last > last ? scratch->found[end].last : last;
        const Status status = clear_taken(scratch, last);
        if (status != OK) return status;
        for (size_t s = i; s < end; s++) {
            const CategorizedSpan span = scratch->found[s];
            if (memchr(scratch->taken + span.first, 1, span.last - span.first)) continue;
            memset(scratch->taken + span.first, 1, span.last - span.first);
            scratch->found[kept++] = span;
        }
    }
    scratch->found_count = kept;
    return OK;
}

Status order_spans(const SpanCategorizer *categorizer, SpanScratch *scratch)
{
    const int is_parted = categorizer->most_labels == 1 && !categorizer->may_overlap;
    if (!scratch->found_count) return OK;
    qsort(scratch->found, scratch->found_count, sizeof(*scratch->found), is_parted ? compare_scores : compare_spans);
    return is_parted ? part(scratch) : OK;
}
