/* Reading a model that Python describes (the `spec` methods in pipelines/entities/compiled say how) into packed weights. */
#ifndef SPANWISE_SPEC_H
#define SPANWISE_SPEC_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "spans/batch.h"

/* A C-contiguous array of 32-bit floats; `view` is released by the caller. */
typedef struct {
    Py_buffer view;
    size_t shape[4];
    const float *data;
} Floats;

/* With that many dimensions. Returns 0, or -1 with an exception set. */
int get_floats(PyObject *object, int dimensions, Floats *floats);
/* A copy, padded with zeros; NULL with an exception set. */
float *read_vector(PyObject *object);
/* (weights [outputs, pieces, inputs], bias [outputs, pieces], gain | None, shift | None) */
int read_layer(Layer *layer, PyObject *spec, const Instructions *instructions, size_t windows);

/* Each returns 0, or -1 with an exception set; what was allocated until then is freed by `engine_free`. */
int read_network(Network *network, PyObject *spec, const Instructions *instructions);
int read_decoder(Decoder *decoder, PyObject *spec, const Instructions *instructions);
int read_sentences(Engine *engine, PyObject *spec, const Instructions *instructions);
int read_pairs(Engine *engine, PyObject *spec);

#endif
