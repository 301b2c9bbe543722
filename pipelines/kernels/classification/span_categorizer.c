/* Spans scored as their last token arrives; see span_categorizer.h. */
#include "classification/span_categorizer.h"

#include <stdlib.h>
#include <string.h>

#include "classification/span_labels.h"

/* Values of one product of a token: [pieces][padded(hidden)]. */
static size_t product_values(const SpanCategorizer *categorizer)
{
    return categorizer->pieces * padded(categorizer->hidden);
}

static float *floats(size_t count) { return calloc(count + ROW_ALIGN, sizeof(float)); }

Status span_scratch_init(SpanScratch *scratch, const SpanCategorizer *categorizer)
{
    const size_t tokens = categorizer->longest - 1 + SPAN_ROWS, width = padded(categorizer->network->width);
    const size_t product = product_values(categorizer);
    memset(scratch, 0, sizeof(*scratch));
    scratch->least = least_output(categorizer);
    scratch->texts = calloc(tokens, sizeof(*scratch->texts));
    scratch->places = calloc(tokens, sizeof(*scratch->places));
    scratch->vectors = floats(tokens * width);
    scratch->products = floats(tokens * SPAN_PRODUCTS * product);
    scratch->most = floats(SPAN_ROWS * width);
    scratch->sums = floats(SPAN_ROWS * product);
    scratch->mean = floats(product);
    scratch->wide = floats(SPAN_ROWS * product);
    scratch->hidden = floats(SPAN_ROWS * padded(categorizer->hidden));
    scratch->outputs = floats(SPAN_ROWS * categorizer->output.outputs);
    scratch->logits = calloc(categorizer->classes, sizeof(*scratch->logits));
    scratch->scores = floats(categorizer->classes);
    const int is_whole = scratch->texts && scratch->places && scratch->vectors && scratch->products && scratch->most &&
                         scratch->sums && scratch->mean && scratch->wide && scratch->hidden && scratch->outputs &&
                         scratch->logits && scratch->scores;
    return is_whole ? OK : NO_MEMORY;
}

void span_scratch_free(SpanScratch *scratch)
{
    free(scratch->texts);
    free(scratch->places);
    free(scratch->vectors);
    free(scratch->products);
    free(scratch->most);
    free(scratch->sums);
    free(scratch->mean);
    free(scratch->wide);
    free(scratch->hidden);
    free(scratch->outputs);
    free(scratch->logits);
    free(scratch->scores);
    free(scratch->found);
    free(scratch->taken);
    memset(scratch, 0, sizeof(*scratch));
}

void span_categorizer_free(SpanCategorizer *categorizer)
{
    network_free(&categorizer->own_network);
    matrix_free(&categorizer->tokens);
    matrix_free(&categorizer->most);
    free(categorizer->gain);
    free(categorizer->shift);
    matrix_free(&categorizer->output);
    free(categorizer->ranks);
    memset(categorizer, 0, sizeof(*categorizer));
}

/* ---- scores ---- */

/* Compute the products of the tokens of now. */
static void multiply_tokens(const SpanCategorizer *categorizer, SpanScratch *scratch)
{
    const size_t width = padded(categorizer->network->width), values = SPAN_PRODUCTS * product_values(categorizer);
    const float *in[SPAN_ROWS] = {NULL};
    float *out[SPAN_ROWS] = {NULL};
    const size_t count = scratch->window - scratch->carried;
    for (size_t i = 0; i < count; i++) {
        in[i] = scratch->vectors + (scratch->carried + i) * width;
        out[i] = scratch->products + (scratch->carried + i) * values;
    }
    matrix_apply(&categorizer->tokens, in, out, count);
}

/* Make the spans that end with a token of now longer by the token that now is their first. `token`: its place in the
   window; `row`: of the last token */
static void lengthen(const SpanCategorizer *categorizer, SpanScratch *scratch, size_t row, size_t token, int is_first)
{
    const size_t width = padded(categorizer->network->width), values = product_values(categorizer);
    const float *vector = scratch->vectors + token * width;
    const float *product = scratch->products + (token * SPAN_PRODUCTS + 2) * values;
    float *most = scratch->most + row * width, *sum = scratch->sums + row * values;
    if (is_first) {
        memcpy(most, vector, width * sizeof(float));
        memcpy(sum, product, values * sizeof(float));
        return;
    }
    for (size_t i = 0; i < width; i++) most[i] = vector[i] > most[i] ? vector[i] : most[i];
    for (size_t i = 0; i < values; i++) sum[i] += product[i];
}

/* Add up the parts of the maxout layer of a span. `row`: of its last token, among those of now; result: [padded(hidden)] */
static void add_parts(const SpanCategorizer *categorizer, SpanScratch *scratch, size_t row, size_t length, float *wide,
                      float *result)
{
    const size_t values = product_values(categorizer), last = scratch->carried + row, first = last + 1 - length;
    const float *sum = scratch->sums + row * values, share = 1.0f / (float)length;
    for (size_t i = 0; i < values; i++) scratch->mean[i] = sum[i] * share;
    const float *const parts[SPAN_POOLINGS] = {
        scratch->products + first * SPAN_PRODUCTS * values,
        scratch->products + (last * SPAN_PRODUCTS + 1) * values,
        scratch->mean,
        wide,
    };
    const Instructions *instructions = categorizer->most.instructions;
    instructions->add_rows(parts, SPAN_POOLINGS, categorizer->pieces, padded(categorizer->hidden), result);
    if (categorizer->gain)
        instructions->normalize(result, categorizer->hidden, categorizer->gain, categorizer->shift, NULL, result);
}

/* Score the spans of a length that end with these tokens of now. rows: [count] */
static Status score_spans(const SpanCategorizer *categorizer, SpanScratch *scratch, const size_t *rows, size_t count,
                          size_t length)
{
    const size_t width = padded(categorizer->network->width), values = product_values(categorizer);
    const size_t stride = padded(categorizer->hidden);
    const float *in[SPAN_ROWS] = {NULL};
    float *out[SPAN_ROWS] = {NULL};
    for (size_t i = 0; i < count; i++) {
        in[i] = scratch->most + rows[i] * width;
        out[i] = scratch->wide + i * values;
    }
    matrix_apply(&categorizer->most, in, out, count);
    for (size_t i = 0; i < count; i++) {
        add_parts(categorizer, scratch, rows[i], length, out[i], scratch->hidden + i * stride);
        in[i] = scratch->hidden + i * stride;
        out[i] = scratch->outputs + i * categorizer->output.outputs;
    }
    matrix_apply(&categorizer->output, in, out, count);
    Status status = OK;
    for (size_t i = 0; i < count && status == OK; i++) {
        const size_t token = scratch->carried + rows[i];
        const uint32_t last = scratch->places[token] + 1;
        const CategorizedSpan span = {.text = scratch->texts[token],
                                      .first = last - (uint32_t)length,
                                      .last = last,
                                      .rank = (uint32_t)categorizer->ranks[length]};
        status = choose_labels(categorizer, scratch, out[i], span);
    }
    return status;
}

/* Keep of the window what spans that end later reach back to. */
static void carry(const SpanCategorizer *categorizer, SpanScratch *scratch)
{
    const size_t width = padded(categorizer->network->width), values = SPAN_PRODUCTS * product_values(categorizer);
    const size_t most = categorizer->longest - 1, kept = scratch->window < most ? scratch->window : most;
    const size_t from = scratch->window - kept;
    memmove(scratch->texts, scratch->texts + from, kept * sizeof(*scratch->texts));
    memmove(scratch->places, scratch->places + from, kept * sizeof(*scratch->places));
    memmove(scratch->vectors, scratch->vectors + from * width, kept * width * sizeof(float));
    memmove(scratch->products, scratch->products + from * values, kept * values * sizeof(float));
    scratch->window = scratch->carried = kept;
}

/* Score all spans that end with the tokens of now. */
static Status score_window(const SpanCategorizer *categorizer, SpanScratch *scratch)
{
    size_t rows[SPAN_ROWS], count = scratch->window - scratch->carried;
    Status status = OK;
    for (size_t i = 0; i < count; i++) rows[i] = i;
    multiply_tokens(categorizer, scratch);
    for (size_t length = 1; length <= categorizer->longest && count && status == OK; length++) {
        size_t left = 0; /* rows whose texts have so many tokens before */
        for (size_t i = 0; i < count; i++) {
            const size_t token = scratch->carried + rows[i];
            if (scratch->places[token] + 1 < length) continue;
            lengthen(categorizer, scratch, rows[i], token + 1 - length, length == 1);
            rows[left++] = rows[i];
        }
        count = left;
        if (count && categorizer->ranks[length] >= 0) status = score_spans(categorizer, scratch, rows, count, length);
    }
    carry(categorizer, scratch);
    return status;
}

void categorizer_start(SpanScratch *scratch) { scratch->window = scratch->carried = scratch->found_count = 0; }

Status categorizer_add(const SpanCategorizer *categorizer, SpanScratch *scratch, uint32_t text, uint32_t first,
                       const float *vectors, size_t count)
{
    const size_t width = padded(categorizer->network->width);
    Status status = OK;
    for (size_t i = 0; i < count && status == OK; i++) {
        const size_t token = scratch->window++;
        scratch->texts[token] = text;
        scratch->places[token] = first + (uint32_t)i;
        memcpy(scratch->vectors + token * width, vectors + i * width, width * sizeof(float));
        if (scratch->window - scratch->carried == SPAN_ROWS) status = score_window(categorizer, scratch);
    }
    return status;
}

Status categorizer_finish(const SpanCategorizer *categorizer, SpanScratch *scratch)
{
    const Status status = score_window(categorizer, scratch);
    return status == OK ? order_spans(categorizer, scratch) : status;
}
