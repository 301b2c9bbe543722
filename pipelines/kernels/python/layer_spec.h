/* Layers that Python describes, checked and packed. What was allocated before a failure is freed by the layer's owner.
*/
#ifndef SPANWISE_LAYER_SPEC_H
#define SPANWISE_LAYER_SPEC_H

#include "network/network.h"
#include "python/limited_api.h"
#include "status.h"

/* Read the instruction set of that name, or the best one for NULL. */
CHECKED Status read_instructions(const Instructions **instructions, const char *name);

/* Read a maxout layer: (weights [outputs, pieces, inputs], bias [outputs, pieces], gain | None, shift | None). Gain and
   shift have [outputs] values. The inputs are `windows` blocks, each of which is padded by itself. */
CHECKED Status read_layer(MaxoutLayer *layer, PyObject *spec, const Instructions *instructions, size_t inputs,
                          size_t windows, const char *name);

/* Read the matrix of such a layer, which must have no layer normalization. Sets the number of outputs. */
CHECKED Status read_plain_layer(Matrix *matrix, size_t *outputs, PyObject *spec, const Instructions *instructions,
                                size_t inputs, size_t windows, const char *name);

/* Read residual convolutions over `window` tokens to either side: a tuple of layers of the network's width. */
CHECKED Status read_convolutions(Network *network, PyObject *layers, const Instructions *instructions);

#endif
