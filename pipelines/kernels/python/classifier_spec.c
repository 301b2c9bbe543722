/* Classifiers read; see classifier_spec.h. */
#include "python/classifier_spec.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/exceptions.h"
#include "python/layer_spec.h"
#include "python/span_spec.h"

enum { MOST_CLASSIFIERS = 1 << 8 };

static Status read_activation(Activation *activation, int number)
{
    if (number != ACTIVATION_NONE && number != ACTIVATION_SOFTMAX && number != ACTIVATION_LOGISTIC)
        return bad_value("a classifier has the activation %d", number);
    *activation = (Activation)number;
    return OK;
}

/* Copy the weights and the bias, which say how many classes there are. */
static Status copy_ngram_weights(NgramLayer *layer, const Floats *weights, const Floats *bias)
{
    const size_t classes = bias->shape[0], count = weights->shape[0];
    const size_t needed = ((size_t)layer->rows - 1) * layer->stride + classes;
    if (count != needed) return bad_value("the weights of n-grams must be %zu, not %zu", needed, count);
    layer->classes = classes;
    layer->weights = malloc(count * sizeof(float));
    layer->bias = malloc(classes * sizeof(float));
    if (!layer->weights || !layer->bias) return NO_MEMORY;
    memcpy(layer->weights, weights->data, count * sizeof(float));
    memcpy(layer->bias, bias->data, classes * sizeof(float));
    return OK;
}

static Status read_ngrams(Classifier *classifier, PyObject *spec, const SpanModel *model)
{
    NgramLayer *layer = &classifier->ngrams;
    PyObject *weights, *bias;
    Py_ssize_t rows, stride, column;
    int activation;
    Status status = parse_tuple(spec, "a layer over n-grams", "OOnnini", &weights, &bias, &rows, &stride,
                                &layer->longest, &column, &activation);
    if (status != OK) return status;
    if (rows < 1 || rows > 1 << 30 || stride < 1 || stride > 1 << 20)
        return bad_value("a layer over n-grams has %zd rows that are %zd apart", rows, stride);
    if (layer->longest < 1 || layer->longest > LONGEST_NGRAM)
        return bad_value("n-grams must have 1 to %d tokens, not %d", LONGEST_NGRAM, layer->longest);
    if (column < 0 || (size_t)column >= model->columns)
        return bad_value("n-grams read column %zd of %zu", column, model->columns);
    layer->rows = (uint32_t)rows;
    layer->stride = (size_t)stride;
    layer->column = (size_t)column;
    Floats w = {0}, b = {0};
    status = read_activation(&classifier->ngram_activation, activation);
    if (status == OK) status = floats_borrow(&w, weights, 1, "the weights of n-grams");
    if (status == OK) status = floats_borrow(&b, bias, 1, "the bias of n-grams");
    if (status == OK) status = copy_ngram_weights(layer, &w, &b);
    floats_release(&b);
    floats_release(&w);
    if (status == OK) classifier->has_ngrams = 1;
    return status;
}

/* Read the network, or whose it is. Sets the width of its vectors. */
static Status read_vectors_network(Classifier *classifier, PyObject *spec, const SpanModel *model,
                                   const Instructions *instructions, size_t *width)
{
    classifier->network_from = NETWORK_OWN;
    if (!PyLong_Check(spec)) {
        const Status status = read_network(&classifier->own_network, spec, model, instructions);
        *width = classifier->own_network.width;
        return status;
    }
    const long from = PyLong_AsLong(spec), number = classifier - model->classifiers;
    if (from == -1 && PyErr_Occurred()) return PYTHON_ERROR;
    const int is_there = from == NETWORK_OF_ENTITIES
                             ? model->has_entities
                             : from >= 0 && from < number && model->classifiers[from].own_network.width;
    if (!is_there) return bad_value("a classifier takes its network from %ld, which has none of its own", from);
    classifier->network_from = (int)from;
    *width = from == NETWORK_OF_ENTITIES ? model->entity_network.width : model->classifiers[from].own_network.width;
    return OK;
}

static Status read_poolings(Classifier *classifier, PyObject *spec)
{
    const Py_ssize_t size = PyBytes_Check(spec) ? PyBytes_Size(spec) : 0;
    const size_t count = (size_t)size / sizeof(int32_t);
    if (count < 1 || count > MOST_POOLINGS) return bad_value("there must be 1 to %d poolings", MOST_POOLINGS);
    int32_t *copy = NULL;
    Status status = copy_integers(&copy, spec, count, "the poolings");
    for (size_t p = 0; p < count && status == OK; p++) {
        if (copy[p] < POOL_FIRST || copy[p] > POOL_ATTENTION || (copy[p] == POOL_ATTENTION && count > 1))
            status = bad_value("pooling %d is not known, or not alone", (int)copy[p]);
        else
            classifier->poolings[classifier->pooling_count++] = (Pooling)copy[p];
    }
    free(copy);
    return status;
}

/* Read a layer with so many outputs, or any number of them for 0. `*is_there` is set where it is not None. */
static Status read_optional(MaxoutLayer *layer, int *is_there, PyObject *spec, const Instructions *instructions,
                            size_t inputs, size_t outputs, const char *name)
{
    if (spec == Py_None) return OK;
    const Status status = read_layer(layer, spec, instructions, inputs, 1, name);
    if (status != OK) return status;
    if (outputs && layer->values != outputs)
        return bad_value("%s must have %zu outputs, not %zu", name, outputs, layer->values);
    *is_there = 1;
    return OK;
}

static Status read_attention(Classifier *classifier, PyObject *query, PyObject *keys, const Instructions *instructions,
                             size_t width)
{
    const int is_attention = classifier->poolings[0] == POOL_ATTENTION;
    if (is_attention != (query != Py_None) || (!is_attention && keys != Py_None))
        return bad_value("a query and keys belong to attention, which needs a query");
    if (!is_attention) return OK;
    const Status status = copy_vector(&classifier->query, query, width, "the query");
    if (status != OK) return status;
    return read_optional(&classifier->keys, &classifier->has_keys, keys, instructions, width, width, "the keys");
}

/* Read the vectors' part. Sets how many values it has. */
static Status read_vectors(Classifier *classifier, PyObject *spec, const SpanModel *model,
                           const Instructions *instructions, size_t *values)
{
    PyObject *network, *poolings, *query, *keys, *residual;
    size_t width = 0;
    Status status =
        parse_tuple(spec, "what classifies vectors", "OOOOO", &network, &poolings, &query, &keys, &residual);
    if (status != OK) return status;
    status = read_vectors_network(classifier, network, model, instructions, &width);
    if (status != OK) return status;
    status = read_poolings(classifier, poolings);
    if (status != OK) return status;
    status = read_attention(classifier, query, keys, instructions, width);
    if (status != OK) return status;
    *values = width * classifier->pooling_count;
    status = read_optional(&classifier->residual, &classifier->has_residual, residual, instructions, *values, *values,
                           "the residual layer of a classifier");
    if (status != OK) return status;
    classifier->has_vectors = 1;
    return OK;
}

static Status read_classifier(Classifier *classifier, PyObject *spec, const SpanModel *model,
                              const Instructions *instructions)
{
    PyObject *ngrams, *vectors, *output;
    size_t values = 0;
    int activation;
    Status status = parse_tuple(spec, "a classifier", "OOOi", &ngrams, &vectors, &output, &activation);
    if (status != OK) return status;
    if (ngrams != Py_None) status = read_ngrams(classifier, ngrams, model);
    if (status != OK) return status;
    if (vectors != Py_None) status = read_vectors(classifier, vectors, model, instructions, &values);
    if (status != OK) return status;
    status = read_activation(&classifier->activation, activation);
    if (status != OK) return status;
    values += classifier->ngrams.classes;
    if (!values || (classifier->has_vectors && output == Py_None))
        return bad_value("a classifier must have n-grams, or vectors and an output layer");
    status = read_optional(&classifier->output, &classifier->has_output, output, instructions, values, 0,
                           "the output layer of a classifier");
    classifier->classes = classifier->has_output ? classifier->output.values : classifier->ngrams.classes;
    return status;
}

Status read_classifiers(SpanModel *model, PyObject *spec, const Instructions *instructions)
{
    if (!PyTuple_Check(spec) || PyTuple_Size(spec) > MOST_CLASSIFIERS)
        return bad_value("categories must be a tuple of at most %d classifiers", MOST_CLASSIFIERS);
    const size_t count = (size_t)PyTuple_Size(spec);
    model->classifiers = calloc(count + 1, sizeof(*model->classifiers));
    if (!model->classifiers) return NO_MEMORY;
    while (model->classifier_count < count) {
        PyObject *one = PyTuple_GetItem(spec, (Py_ssize_t)model->classifier_count);
        Classifier *classifier = &model->classifiers[model->classifier_count++]; /* counted first: to be freed */
        const Status status = read_classifier(classifier, one, model, instructions);
        if (status != OK) return status;
    }
    return OK;
}
