/* Reading a model that Python describes (the `spec` methods in pipelines/compiled say how) into packed weights. */
#ifndef SPANWISE_SPEC_H
#define SPANWISE_SPEC_H

#define Py_LIMITED_API 0x030B0000
#define PY_SSIZE_T_CLEAN
#include <Python.h>

#include "batch.h"

/* Each returns 0, or -1 with an exception set; what was allocated until then is freed by `engine_free`. */
int read_network(Network *network, PyObject *spec, const Instructions *instructions);
int read_decoder(Decoder *decoder, PyObject *spec, const Instructions *instructions);
int read_sentences(Engine *engine, PyObject *spec, const Instructions *instructions);
int read_pairs(Engine *engine, PyObject *spec);

#endif
