/* A text's tokens pooled and classified; see classifier.h. The layers are Thinc's: `reduce_first`, `reduce_last`,
`reduce_max`, `reduce_mean`, `ParametricAttention` (versions 1 and 2), `Gelu`, `Softmax`, `Logistic`. */
#include "classification/classifier.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

/* Thinc keeps what it takes the exponential of within these bounds, and so changes some scores. */
static const double LARGEST_EXPONENT = 20.0;

static double bounded(double value)
{
    return value < -LARGEST_EXPONENT ? -LARGEST_EXPONENT : value > LARGEST_EXPONENT ? LARGEST_EXPONENT : value;
}

static size_t larger(size_t a, size_t b) { return a > b ? a : b; }

static float *floats(size_t count) { return calloc(count + ROW_ALIGN, sizeof(float)); }

Status classifier_scratch_init(ClassifierScratch *scratch, const Classifier *classifier)
{
    const size_t width = classifier->has_vectors ? padded(classifier->network->width) : 0;
    const size_t pooled = padded(pooled_values(classifier));
    const size_t inputs = classifier->has_output ? classifier->output.matrix.inputs : 0;
    const size_t widest = larger(pooled, padded(classifier->classes));
    scratch->scores = calloc(larger(classifier->classes, classifier->ngrams.classes), sizeof(double));
    scratch->sums = calloc(width + 1, sizeof(double));
    scratch->first = floats(width);
    scratch->last = floats(width);
    scratch->most = floats(width);
    scratch->keys = floats(classifier->has_keys ? KEY_ROWS * width : 0);
    scratch->pooled = floats(widest);
    scratch->result = floats(widest);
    scratch->inputs = floats(inputs);
    const int is_whole = scratch->scores && scratch->sums && scratch->first && scratch->last && scratch->most &&
                         scratch->keys && scratch->pooled && scratch->result && scratch->inputs;
    return is_whole ? OK : NO_MEMORY;
}

void classifier_scratch_free(ClassifierScratch *scratch)
{
    free(scratch->scores);
    free(scratch->sums);
    free(scratch->first);
    free(scratch->last);
    free(scratch->most);
    free(scratch->keys);
    free(scratch->pooled);
    free(scratch->result);
    free(scratch->inputs);
    memset(scratch, 0, sizeof(*scratch));
}

void classifier_free(Classifier *classifier)
{
    ngrams_free(&classifier->ngrams);
    network_free(&classifier->own_network);
    free(classifier->query);
    layer_free(&classifier->keys);
    layer_free(&classifier->residual);
    layer_free(&classifier->output);
    memset(classifier, 0, sizeof(*classifier));
}

/* ---- tokens ---- */

void classifier_start(const Classifier *classifier, ClassifierScratch *scratch)
{
    if (classifier->has_ngrams) ngrams_start(&classifier->ngrams, &scratch->window, scratch->scores);
    if (classifier->has_vectors) memset(scratch->sums, 0, padded(classifier->network->width) * sizeof(double));
    scratch->weight = 0;
    scratch->length = 0;
}

void classifier_add_ngrams(const Classifier *classifier, ClassifierScratch *scratch, const float *row)
{
    ngrams_add(&classifier->ngrams, &scratch->window, row, scratch->scores);
}

/* Return the scalar product of two rows, both [padded(values)]. Several sums at a time are what compilers vectorize. */
static double product(const float *a, const float *b, size_t values)
{
    double sums[ROW_ALIGN / 2] = {0}, sum = 0;
    for (size_t i = 0; i < padded(values); i += ROW_ALIGN / 2)
        for (size_t j = 0; j < ROW_ALIGN / 2; j++) sums[j] += (double)a[i + j] * (double)b[i + j];
    for (size_t j = 0; j < ROW_ALIGN / 2; j++) sum += sums[j];
    return sum;
}

/* Return 2 to the power of x, for x from -126 to 0, within 2e-7 of it: plain arithmetic, which compilers vectorize. The
   polynomial is the Taylor series of an exponential over [-1/2, 1/2] times log 2. */
static inline float power_of_two(float x)
{
    const float whole = (float)(int32_t)(x - 0.5f), part = (x - whole) * 0.69314718f;
    const float high = 0.16666667f + part * (0.041666668f + part * (0.0083333338f + part * 0.0013888889f));
    const float series = 1.0f + part * (1.0f + part * (0.5f + part * high));
    const int32_t bits = ((int32_t)whole + 127) << 23;
    float scale;
    memcpy(&scale, &bits, sizeof(scale));
    return series * scale;
}

/* Return a value that is not negative, or 126 where it is larger (or no number). For such floats the order is that of
   their bits, which compilers vectorize, as they do not a comparison of floats. */
static inline float at_most_126(float value)
{
    int32_t bits;
    memcpy(&bits, &value, sizeof(bits));
    bits = bits > 0x42fc0000 ? 0x42fc0000 : bits;
    memcpy(&value, &bits, sizeof(bits));
    return value;
}

/* Multiply each value with the normal distribution function of it, by the approximation that Thinc takes, too
   (Abramowitz and Stegun 1964, "Handbook of Mathematical Functions", 7.1.26: within 1.5e-7). */
static void gelu(float *values, size_t count)
{
    for (size_t i = 0; i < count; i++) {
        const float x = fabsf(values[i]) * 0.70710678f, t = 1.0f / (1.0f + 0.3275911f * x);
        const float series =
            t * (0.254829592f + t * (-0.284496736f + t * (1.421413741f + t * (-1.453152027f + t * 1.061405429f))));
        const float error = 1.0f - series * power_of_two(-at_most_126(x * x * 1.44269504f)); /* erf of x */
        values[i] *= 0.5f + 0.5f * copysignf(error, values[i]);
    }
}

/* Compute what the attention's query is multiplied with: vectors, keys: [count][padded(width)]; count <= KEY_ROWS */
static void compute_keys(const Classifier *classifier, const float *vectors, float *keys, size_t count)
{
    const size_t width = classifier->network->width, stride = padded(width);
    const float *rows[KEY_ROWS] = {NULL};
    float *results[KEY_ROWS] = {NULL};
    for (size_t r = 0; r < count; r++) {
        rows[r] = vectors + r * stride;
        results[r] = keys + r * stride;
    }
    matrix_apply(&classifier->keys.matrix, rows, results, count);
    for (size_t r = 0; r < count; r++) gelu(results[r], width);
}

/* Add a token. `key` is multiplied with the attention's query: its own vector, or what the attention makes of that. */
static void add_vector(const Classifier *classifier, ClassifierScratch *scratch, const float *vector, const float *key)
{
    const size_t width = padded(classifier->network->width);
    for (size_t p = 0; p < classifier->pooling_count; p++) {
        switch (classifier->poolings[p]) {
        case POOL_FIRST:
            if (!scratch->length) memcpy(scratch->first, vector, width * sizeof(float));
            break;
        case POOL_LAST: memcpy(scratch->last, vector, width * sizeof(float)); break;
        case POOL_MAX:
            if (!scratch->length) memcpy(scratch->most, vector, width * sizeof(float));
            for (size_t i = 0; i < width; i++)
                scratch->most[i] = vector[i] > scratch->most[i] ? vector[i] : scratch->most[i];
            break;
        case POOL_MEAN:
            for (size_t i = 0; i < width; i++) scratch->sums[i] += (double)vector[i];
            break;
        case POOL_ATTENTION: {
            const double weight = exp(bounded(product(key, classifier->query, classifier->network->width)));
            for (size_t i = 0; i < width; i++) scratch->sums[i] += weight * (double)vector[i];
            scratch->weight += weight;
            break;
        }
        }
    }
    scratch->length++;
}

void classifier_add_vectors(const Classifier *classifier, ClassifierScratch *scratch, const float *vectors,
                            size_t count)
{
    const size_t stride = padded(classifier->network->width);
    if (!classifier->has_keys) {
        for (size_t i = 0; i < count; i++) add_vector(classifier, scratch, vectors + i * stride, vectors + i * stride);
        return;
    }
    for (size_t done = 0; done < count; done += KEY_ROWS) {
        const size_t block = count - done < KEY_ROWS ? count - done : KEY_ROWS;
        const float *first = vectors + done * stride;
        compute_keys(classifier, first, scratch->keys, block);
        for (size_t i = 0; i < block; i++)
            add_vector(classifier, scratch, first + i * stride, scratch->keys + i * stride);
    }
}

/* ---- the text ---- */

/* Lay the pooled vectors side by side, without padding between them. */
static void pool(const Classifier *classifier, const ClassifierScratch *scratch)
{
    const size_t width = classifier->network->width;
    float *to = scratch->pooled;
    for (size_t p = 0; p < classifier->pooling_count; p++, to += width) {
        const double count = classifier->poolings[p] == POOL_ATTENTION ? scratch->weight : (double)scratch->length;
        switch (classifier->poolings[p]) {
        case POOL_FIRST: memcpy(to, scratch->first, width * sizeof(float)); break;
        case POOL_LAST: memcpy(to, scratch->last, width * sizeof(float)); break;
        case POOL_MAX: memcpy(to, scratch->most, width * sizeof(float)); break;
        case POOL_MEAN:
        case POOL_ATTENTION:
            for (size_t i = 0; i < width; i++) to[i] = (float)(scratch->sums[i] / count);
            break;
        }
    }
}

/* Apply a layer to one row, with its layer norm. row: [matrix.inputs]; result: [matrix.outputs] */
static void apply(const MaxoutLayer *layer, const float *row, float *result)
{
    const Matrix *matrix = &layer->matrix;
    matrix_apply(matrix, &row, &result, 1);
    if (layer->gain) matrix->instructions->normalize(result, layer->values, layer->gain, layer->shift, NULL, result);
}

/* Compute the text's vector from its tokens', and leave it in `pooled`. */
static void compute_vector(const Classifier *classifier, ClassifierScratch *scratch)
{
    pool(classifier, scratch);
    if (!classifier->has_residual) return;
    apply(&classifier->residual, scratch->pooled, scratch->result);
    for (size_t i = 0; i < pooled_values(classifier); i++) scratch->pooled[i] += scratch->result[i];
}

void activate(Activation activation, const double *scores, float *result, size_t count)
{
    double most = scores[0], sum = 0;
    switch (activation) {
    case ACTIVATION_NONE:
        for (size_t c = 0; c < count; c++) result[c] = (float)scores[c];
        break;
    case ACTIVATION_LOGISTIC:
        for (size_t c = 0; c < count; c++) result[c] = (float)(1 / (1 + exp(-bounded(scores[c]))));
        break;
    case ACTIVATION_SOFTMAX:
        for (size_t c = 1; c < count; c++) most = scores[c] > most ? scores[c] : most;
        for (size_t c = 0; c < count; c++) sum += exp(scores[c] - most);
        for (size_t c = 0; c < count; c++) result[c] = (float)(exp(scores[c] - most) / sum);
        break;
    }
}

void classifier_finish(const Classifier *classifier, ClassifierScratch *scratch, float *scores)
{
    const size_t classes = classifier->classes;
    if (classifier->has_ngrams) ngrams_finish(&classifier->ngrams, &scratch->window, scratch->scores);
    if (!classifier->has_output) {
        activate(classifier->ngram_activation, scratch->scores, scores, classes);
        return;
    }
    float *to = scratch->inputs;
    if (classifier->has_ngrams) {
        activate(classifier->ngram_activation, scratch->scores, to, classifier->ngrams.classes);
        to += classifier->ngrams.classes;
    }
    if (classifier->has_vectors) {
        compute_vector(classifier, scratch);
        memcpy(to, scratch->pooled, pooled_values(classifier) * sizeof(float));
    }
    apply(&classifier->output, scratch->inputs, scratch->result);
    for (size_t c = 0; c < classes; c++) scratch->scores[c] = (double)scratch->result[c];
    activate(classifier->activation, scratch->scores, scores, classes);
}
