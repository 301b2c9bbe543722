/* Token networks read; see token_spec.h. */
#include "python/token_spec.h"

#include <stdlib.h>

#include "python/arguments.h"
#include "python/exceptions.h"
#include "python/layer_spec.h"
#include "python/span_spec.h"

enum { MOST_BEST = 32 }; /* classes that are chosen for a token by one classifier */

static Status read_classifier(TokenClassifier *classifier, PyObject *spec, const Instructions *instructions,
                              size_t width)
{
    PyObject *layer;
    Py_ssize_t best;
    Status status = parse_tuple(spec, "a classifier of tokens", "On", &layer, &best);
    if (status != OK) return status;
    status = read_plain_layer(&classifier->layer, &classifier->class_count, layer, instructions, width, 1,
                              "the layer of a classifier of tokens");
    if (status != OK) return status;
    if (best < 1 || best > MOST_BEST || (size_t)best > classifier->class_count)
        return bad_value("a classifier of tokens chooses %zd of %zu classes", best, classifier->class_count);
    classifier->best = (size_t)best;
    return OK;
}

static Status read_token_network(TokenNetwork *network, PyObject *spec, const SpanModel *model,
                                 const Instructions *instructions)
{
    PyObject *tok2vec, *classifiers;
    Status status = parse_tuple(spec, "a token network", "OO!", &tok2vec, &PyTuple_Type, &classifiers);
    if (status != OK) return status;
    status = read_network(&network->network, tok2vec, model, instructions);
    if (status != OK) return status;
    const size_t count = (size_t)PyTuple_Size(classifiers);
    network->classifiers = calloc(count + 1, sizeof(*network->classifiers));
    if (!network->classifiers) return NO_MEMORY;
    while (network->classifier_count < count) {
        PyObject *one = PyTuple_GetItem(classifiers, (Py_ssize_t)network->classifier_count);
        TokenClassifier *classifier = &network->classifiers[network->classifier_count++]; /* freed if it fails */
        status = read_classifier(classifier, one, instructions, network->network.width);
        if (status != OK) return status;
    }
    return OK;
}

Status read_token_networks(SpanModel *model, PyObject *spec, const Instructions *instructions)
{
    PyObject *networks;
    Py_ssize_t vectors;
    if (spec == Py_None) return OK;
    Status status = parse_tuple(spec, "what finds classes of tokens", "O!n", &PyTuple_Type, &networks, &vectors);
    if (status != OK) return status;
    const size_t count = (size_t)PyTuple_Size(networks);
    if (vectors < 0 || (size_t)vectors > count || (count && (size_t)vectors == count))
        return bad_value("vectors are those of token network %zd of %zu", vectors, count);
    model->vector_network = (size_t)vectors;
    model->has_tokens = 1;
    model->token_networks = calloc(count + 1, sizeof(*model->token_networks));
    if (!model->token_networks) return NO_MEMORY;
    while (model->token_network_count < count) {
        PyObject *one = PyTuple_GetItem(networks, (Py_ssize_t)model->token_network_count);
        TokenNetwork *network = &model->token_networks[model->token_network_count++]; /* freed if it fails */
        status = read_token_network(network, one, model, instructions);
        if (status != OK) return status;
        for (size_t c = 0; c < network->classifier_count; c++) model->choice_count += network->classifiers[c].best;
    }
    return OK;
}
