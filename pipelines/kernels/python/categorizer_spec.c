/* Span categorizers read; see categorizer_spec.h. */
#include "python/categorizer_spec.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/exceptions.h"
#include "python/layer_spec.h"
#include "python/span_spec.h"

enum { MOST_CATEGORIZERS = 1 << 8 };

static const char *const HIDDEN = "the maxout layer of a span categorizer";

/* Read the network, or whose it is. Sets the width of its vectors. */
static Status read_own_network(SpanCategorizer *categorizer, PyObject *spec, const SpanModel *model,
                               const Instructions *instructions, size_t *width)
{
    categorizer->network_from = NETWORK_OWN;
    if (!PyLong_Check(spec)) {
        const Status status = read_network(&categorizer->own_network, spec, model, instructions);
        *width = categorizer->own_network.width;
        return status;
    }
    const long from = PyLong_AsLong(spec), classifiers = (long)model->classifier_count;
    if (from == -1 && PyErr_Occurred()) return PYTHON_ERROR;
    *width = 0;
    if (from == NETWORK_OF_ENTITIES && model->has_entities)
        *width = model->entity_network.width;
    else if (from >= 0 && from < classifiers)
        *width = model->classifiers[from].own_network.width;
    else if (from >= classifiers && from < classifiers + (categorizer - model->categorizers))
        *width = model->categorizers[from - classifiers].own_network.width;
    if (!*width) return bad_value("a span categorizer takes its network from %ld, which has none of its own", from);
    categorizer->network_from = (int)from;
    return OK;
}

/* Turn the inputs of pooling `first` and of those after it into a matrix of `count` products.
     weights  [hidden][pieces][SPAN_POOLINGS * width]
     bias     [hidden][pieces], or NULL
     matrix   [width] to [count][pieces][padded(hidden)] */
static Status pack_inputs(const SpanCategorizer *categorizer, Matrix *matrix, const float *weights, const float *bias,
                          size_t width, size_t first, size_t count, const Instructions *instructions)
{
    const size_t hidden = categorizer->hidden, pieces = categorizer->pieces, stride = padded(hidden);
    const size_t outputs = count * pieces * stride;
    float *turned = calloc(outputs * width, sizeof(float)), *turned_bias = calloc(outputs, sizeof(float));
    Status status = turned && turned_bias ? OK : NO_MEMORY;
    for (size_t c = 0; c < count && status == OK; c++)
        for (size_t p = 0; p < pieces; p++)
            for (size_t o = 0; o < hidden; o++) {
                const size_t row = (c * pieces + p) * stride + o;
                const float *from = weights + ((o * pieces + p) * SPAN_POOLINGS + first + c) * width;
                memcpy(turned + row * width, from, width * sizeof(float));
                if (bias) turned_bias[row] = bias[o * pieces + p];
            }
    if (status == OK) status = matrix_pack(matrix, instructions, turned, turned_bias, outputs, 1, width, 1);
    free(turned);
    free(turned_bias);
    return status;
}

static Status read_weights(SpanCategorizer *categorizer, PyObject *weights, PyObject *bias, size_t width,
                           const Instructions *instructions)
{
    Floats w = {0}, b = {0};
    Status status = floats_borrow(&w, weights, 3, HIDDEN);
    if (status == OK) status = floats_check(&w, HIDDEN, (size_t[]){w.shape[0], w.shape[1], SPAN_POOLINGS * width});
    if (status == OK) status = floats_borrow(&b, bias, 2, HIDDEN);
    if (status == OK) status = floats_check(&b, HIDDEN, w.shape);
    if (status == OK) {
        categorizer->hidden = w.shape[0];
        categorizer->pieces = w.shape[1];
        status = pack_inputs(categorizer, &categorizer->tokens, w.data, NULL, width, 0, SPAN_PRODUCTS, instructions);
    }
    if (status == OK)
        status = pack_inputs(categorizer, &categorizer->most, w.data, b.data, width, SPAN_PRODUCTS, 1, instructions);
    floats_release(&b);
    floats_release(&w);
    return status;
}

static Status read_hidden(SpanCategorizer *categorizer, PyObject *spec, size_t width, const Instructions *instructions)
{
    PyObject *weights, *bias, *gain, *shift;
    Status status = parse_tuple(spec, HIDDEN, "OOOO", &weights, &bias, &gain, &shift);
    if (status != OK) return status;
    status = read_weights(categorizer, weights, bias, width, instructions);
    if (status != OK) return status;
    if ((gain == Py_None) != (shift == Py_None))
        return bad_value("%s must have both a gain and a shift, or neither", HIDDEN);
    if (gain == Py_None) return OK;
    status = copy_vector(&categorizer->gain, gain, categorizer->hidden, HIDDEN);
    if (status != OK) return status;
    return copy_vector(&categorizer->shift, shift, categorizer->hidden, HIDDEN);
}

/* Read the lengths of spans, and give each its rank. */
static Status read_lengths(SpanCategorizer *categorizer, PyObject *spec)
{
    const size_t count = PyBytes_Check(spec) ? (size_t)PyBytes_Size(spec) / sizeof(int32_t) : 0;
    if (count < 1 || count > LONGEST_SPAN) return bad_value("there must be 1 to %d lengths of spans", LONGEST_SPAN);
    int32_t *lengths = NULL;
    Status status = copy_integers(&lengths, spec, count, "the lengths of spans");
    for (size_t i = 0; i < count && status == OK; i++) {
        if (lengths[i] < 1 || lengths[i] > LONGEST_SPAN)
            status = bad_value("spans must have 1 to %d tokens, not %d", LONGEST_SPAN, (int)lengths[i]);
        else if ((size_t)lengths[i] > categorizer->longest)
            categorizer->longest = (size_t)lengths[i];
    }
    if (status == OK) categorizer->ranks = malloc((categorizer->longest + 1) * sizeof(*categorizer->ranks));
    if (status == OK && !categorizer->ranks) status = NO_MEMORY;
    for (size_t length = 0; status == OK && length <= categorizer->longest; length++) categorizer->ranks[length] = -1;
    for (size_t i = 0; i < count && status == OK; i++) {
        if (categorizer->ranks[lengths[i]] >= 0)
            status = bad_value("the length %d of spans is there twice", (int)lengths[i]);
        else
            categorizer->ranks[lengths[i]] = (int32_t)i;
    }
    free(lengths);
    return status;
}

/* Read which classes of a span are kept. */
static Status read_rules(SpanCategorizer *categorizer, PyObject *threshold, int most_labels, int negative)
{
    if (most_labels < ANY_LABELS) return bad_value("a span cannot have at most %d labels", most_labels);
    if (negative < NO_CLASS || (negative >= 0 && (size_t)negative >= categorizer->classes))
        return bad_value("the negative class %d is none of %zu", negative, categorizer->classes);
    categorizer->most_labels = most_labels;
    categorizer->negative = negative;
    categorizer->has_threshold = threshold != Py_None;
    if (!categorizer->has_threshold && most_labels != 1)
        return bad_value("a span categorizer of several labels must have a threshold");
    if (!categorizer->has_threshold) return OK;
    const double value = PyFloat_AsDouble(threshold);
    if (value == -1.0 && PyErr_Occurred()) return PYTHON_ERROR;
    if (!(value >= -1e30 && value <= 1e30)) return bad_value("the threshold must be a finite number");
    categorizer->threshold = (float)value;
    return OK;
}

static Status read_categorizer(SpanCategorizer *categorizer, PyObject *spec, const SpanModel *model,
                               const Instructions *instructions)
{
    PyObject *network, *hidden, *output, *lengths, *threshold;
    int activation, most_labels, negative;
    size_t width = 0;
    Status status = parse_tuple(spec, "a span categorizer", "OOOiOOiip", &network, &hidden, &output, &activation,
                                &lengths, &threshold, &most_labels, &negative, &categorizer->may_overlap);
    if (status != OK) return status;
    status = read_own_network(categorizer, network, model, instructions, &width);
    if (status != OK) return status;
    status = read_hidden(categorizer, hidden, width, instructions);
    if (status != OK) return status;
    status = read_plain_layer(&categorizer->output, &categorizer->classes, output, instructions, categorizer->hidden, 1,
                              "the output layer of a span categorizer");
    if (status != OK) return status;
    if (activation != ACTIVATION_NONE && activation != ACTIVATION_SOFTMAX && activation != ACTIVATION_LOGISTIC)
        return bad_value("a span categorizer has the activation %d", activation);
    categorizer->activation = (Activation)activation;
    status = read_lengths(categorizer, lengths);
    if (status != OK) return status;
    return read_rules(categorizer, threshold, most_labels, negative);
}

Status read_categorizers(SpanModel *model, PyObject *spec, const Instructions *instructions)
{
    if (!PyTuple_Check(spec) || PyTuple_Size(spec) > MOST_CATEGORIZERS)
        return bad_value("spans must be a tuple of at most %d span categorizers", MOST_CATEGORIZERS);
    const size_t count = (size_t)PyTuple_Size(spec);
    model->categorizers = calloc(count + 1, sizeof(*model->categorizers));
    if (!model->categorizers) return NO_MEMORY;
    while (model->categorizer_count < count) {
        PyObject *one = PyTuple_GetItem(spec, (Py_ssize_t)model->categorizer_count);
        SpanCategorizer *categorizer =
            &model->categorizers[model->categorizer_count++]; /* counted first: to be freed */
        const Status status = read_categorizer(categorizer, one, model, instructions);
        if (status != OK) return status;
    }
    return OK;
}
