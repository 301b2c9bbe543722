/* Layers read; see layer_spec.h. */
#include "python/layer_spec.h"

#include <stdlib.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/exceptions.h"

/* How far convolutions may look, in tokens: bounds the rows of a chunk. */
enum { LARGEST_REACH = 1 << 12 };

Status read_instructions(const Instructions **instructions, const char *name)
{
    *instructions = name ? named_instructions(name) : best_instructions();
    return *instructions ? OK : bad_value("this processor does not have the instructions %.40s", name);
}

/* Pack a layer's weights, for results in pairs if `pairs` is not NULL. */
static Status read_weights(MaxoutLayer *layer, PairMatrix *pairs, PyObject *weights, PyObject *bias,
                           const Instructions *instructions, size_t inputs, size_t windows, const char *name)
{
    Floats w = {0}, b = {0};
    Status status = floats_borrow(&w, weights, 3, name);
    if (status == OK) status = floats_check(&w, name, (size_t[]){w.shape[0], w.shape[1], inputs});
    if (status == OK) status = floats_borrow(&b, bias, 2, name);
    if (status == OK) status = floats_check(&b, name, w.shape);
    if (status == OK) {
        layer->values = w.shape[0];
        layer->matrix.instructions = instructions;
        status =
            pairs ? pairs_pack(pairs, instructions, w.data, b.data, w.shape[0], w.shape[1], inputs / windows)
                  : matrix_pack(&layer->matrix, instructions, w.data, b.data, w.shape[0], w.shape[1], inputs, windows);
    }
    floats_release(&b);
    floats_release(&w);
    return status;
}

static Status read_any_layer(MaxoutLayer *layer, PairMatrix *pairs, PyObject *spec, const Instructions *instructions,
                             size_t inputs, size_t windows, const char *name)
{
    PyObject *weights, *bias, *gain, *shift;
    Status status = parse_tuple(spec, name, "OOOO", &weights, &bias, &gain, &shift);
    if (status != OK) return status;
    status = read_weights(layer, pairs, weights, bias, instructions, inputs, windows, name);
    if (status != OK) return status;
    if ((gain == Py_None) != (shift == Py_None))
        return bad_value("%s must have both a gain and a shift, or neither", name);
    if (gain == Py_None) return OK;
    status = copy_vector(&layer->gain, gain, layer->values, name);
    if (status != OK) return status;
    return copy_vector(&layer->shift, shift, layer->values, name);
}

Status read_layer(MaxoutLayer *layer, PyObject *spec, const Instructions *instructions, size_t inputs, size_t windows,
                  const char *name)
{
    return read_any_layer(layer, NULL, spec, instructions, inputs, windows, name);
}

Status read_plain_layer(Matrix *matrix, size_t *outputs, PyObject *spec, const Instructions *instructions,
                        size_t inputs, size_t windows, const char *name)
{
    MaxoutLayer layer = {0};
    Status status = read_layer(&layer, spec, instructions, inputs, windows, name);
    if (status == OK && layer.gain) status = bad_value("%s must have no layer normalization", name);
    if (status == OK) {
        *matrix = layer.matrix;
        *outputs = layer.values;
    } else {
        layer_free(&layer);
    }
    return status;
}

Status read_convolutions(Network *network, PyObject *layers, const Instructions *instructions)
{
    const size_t depth = (size_t)PyTuple_Size(layers), span = 2 * network->window + 1;
    if (network->window > LARGEST_REACH || depth > LARGEST_REACH || depth * network->window > LARGEST_REACH)
        return bad_value("convolutions must look no further than %d tokens", LARGEST_REACH);
    network->convolutions = calloc(depth + 1, sizeof(*network->convolutions));
    if (!network->convolutions) return NO_MEMORY;
    while (network->depth < depth) {
        PyObject *spec = PyTuple_GetItem(layers, (Py_ssize_t)network->depth);
        Convolution *convolution =
            &network->convolutions[network->depth++]; /* counted first: to be freed where reading it fails */
        const Status status = read_any_layer(&convolution->layer, span == PAIR_WINDOW ? &convolution->pairs : NULL,
                                             spec, instructions, network->width * span, span, "a convolution");
        if (status != OK) return status;
        if (convolution->layer.values != network->width)
            return bad_value("a convolution must have %zu outputs, not %zu", network->width, convolution->layer.values);
    }
    return OK;
}
