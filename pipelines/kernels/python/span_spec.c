/* Models as Python hands them over, unpacked and checked; see spec.h. */
#include "python/span_spec.h"

#include <stdlib.h>
#include <string.h>

int get_floats(PyObject *object, int dimensions, Floats *floats)
{
    if (PyObject_GetBuffer(object, &floats->view, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return -1;
    if (floats->view.ndim != dimensions || floats->view.itemsize != 4 || !floats->view.format ||
        strcmp(floats->view.format, "f")) {
        PyBuffer_Release(&floats->view);
        PyErr_Format(PyExc_ValueError, "an array of float32 with %d dimensions was expected", dimensions);
        return -1;
    }
    for (int i = 0; i < dimensions; i++) floats->shape[i] = (size_t)floats->view.shape[i];
    floats->data = floats->view.buf;
    return 0;
}

static void *copy_floats(const float *from, size_t count, size_t room)
{
    float *to = calloc(room ? room : 1, sizeof(float));
    if (!to) return PyErr_NoMemory();
    if (count) memcpy(to, from, count * sizeof(float));
    return to;
}

float *read_vector(PyObject *object)
{
    Floats floats;
    if (get_floats(object, 1, &floats)) return NULL;
    float *copy = copy_floats(floats.data, floats.shape[0], padded(floats.shape[0]));
    PyBuffer_Release(&floats.view);
    return copy;
}

static int pack(Matrix *matrix, const Instructions *instructions, const float *weights, const float *bias,
                size_t outputs, size_t pieces, size_t inputs, size_t windows)
{
    if (!matrix_pack(matrix, instructions, weights, bias, outputs, pieces, inputs, windows)) return 0;
    PyErr_NoMemory();
    return -1;
}

int read_layer(Layer *layer, PyObject *spec, const Instructions *instructions, size_t windows)
{
    PyObject *weights, *bias, *gain, *shift;
    Floats w, b;
    if (!PyArg_ParseTuple(spec, "OOOO", &weights, &bias, &gain, &shift) || get_floats(weights, 3, &w)) return -1;
    int failed = get_floats(bias, 2, &b);
    if (!failed) {
        if (b.shape[0] != w.shape[0] || b.shape[1] != w.shape[1] || w.shape[2] % windows) {
            PyErr_SetString(PyExc_ValueError, "the shapes of a layer's weights and bias do not fit");
            failed = -1;
        } else {
            failed = pack(&layer->matrix, instructions, w.data, b.data, w.shape[0], w.shape[1], w.shape[2], windows);
            layer->values = w.shape[0];
        }
        PyBuffer_Release(&b.view);
    }
    PyBuffer_Release(&w.view);
    if (!failed && gain != Py_None) failed = !(layer->gain = read_vector(gain)) || !(layer->shift = read_vector(shift));
    return failed ? -1 : 0;
}

static int read_table(HashTable *table, PyObject *spec)
{
    PyObject *weights;
    unsigned int seed, column;
    Floats w;
    if (!PyArg_ParseTuple(spec, "OII", &weights, &seed, &column) || get_floats(weights, 2, &w)) return -1;
    *table = (HashTable){copy_floats(w.data, w.shape[0] * w.shape[1], w.shape[0] * w.shape[1]), (uint32_t)w.shape[0],
                         seed, column, w.shape[1]};
    PyBuffer_Release(&w.view);
    return table->table ? 0 : -1;
}

int read_network(Network *network, PyObject *spec, const Instructions *instructions)
{
    PyObject *tables, *mix, *convolutions;
    Py_ssize_t static_values, window;
    if (!PyArg_ParseTuple(spec, "O!nOO!n", &PyTuple_Type, &tables, &static_values, &mix, &PyTuple_Type, &convolutions,
                          &window))
        return -1;
    const size_t table_count = (size_t)PyTuple_Size(tables), depth = (size_t)PyTuple_Size(convolutions);
    network->tables = calloc(table_count + 1, sizeof(*network->tables));
    network->convolutions = calloc(depth + 1, sizeof(*network->convolutions));
    if (!network->tables || !network->convolutions) {
        PyErr_NoMemory();
        return -1;
    }
    network->static_values = (size_t)static_values;
    network->window = (size_t)window;
    for (; network->table_count < table_count; network->table_count++)
        if (read_table(&network->tables[network->table_count],
                       PyTuple_GetItem(tables, (Py_ssize_t)network->table_count)))
            return -1;
    if (read_layer(&network->mix, mix, instructions, 1)) return -1;
    network->width = network->mix.values;
    for (; network->depth < depth;) {
        Layer *layer = &network->convolutions[network->depth++];
        if (read_layer(layer, PyTuple_GetItem(convolutions, (Py_ssize_t)network->depth - 1), instructions,
                       2 * network->window + 1))
            return -1;
        if (layer->values != network->width) {
            PyErr_SetString(PyExc_ValueError, "a convolution has another width than the embedding");
            return -1;
        }
    }
    return 0;
}

static int32_t *read_integers(PyObject *object, size_t count)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(object, &bytes, &size)) return NULL;
    if ((size_t)size != count * sizeof(int32_t)) {
        PyErr_SetString(PyExc_ValueError, "an array of int32 has the wrong length");
        return NULL;
    }
    int32_t *copy = malloc(count * sizeof(int32_t) + 1);
    if (!copy) return (int32_t *)PyErr_NoMemory();
    memcpy(copy, bytes, (size_t)size);
    return copy;
}

/* weights [features, hidden, pieces, inputs], bias [hidden, pieces], missing [features, hidden, pieces] */
static int read_lower(Decoder *decoder, const Instructions *instructions, const Floats *w, const Floats *b,
                      const Floats *missing)
{
    const size_t features = w->shape[0], hidden = w->shape[1], pieces = w->shape[2], inputs = w->shape[3];
    const size_t width = padded(hidden), wide = pieces * width;
    float *turned = calloc(wide * inputs, sizeof(float));
    decoder->features = features;
    decoder->pieces = pieces;
    decoder->hidden = hidden;
    decoder->bias = calloc(wide, sizeof(float));
    decoder->closed = calloc(wide, sizeof(float));
    int failed = !turned || !decoder->bias || !decoder->closed;
    for (size_t f = 0; !failed && f < features; f++) {
        failed = !(decoder->missing[f] = calloc(wide, sizeof(float)));
        for (size_t o = 0; !failed && o < hidden; o++)
            for (size_t p = 0; p < pieces; p++) {
                const size_t at = (f * hidden + o) * pieces + p;
                memcpy(turned + (p * width + o) * inputs, w->data + at * inputs, inputs * sizeof(float));
                decoder->missing[f][p * width + o] = missing->data[at];
                if (!f) decoder->bias[p * width + o] = b->data[o * pieces + p];
                decoder->closed[p * width + o] += f ? missing->data[at] : b->data[o * pieces + p];
            }
        if (!failed) failed = matrix_pack(&decoder->lower[f], instructions, turned, NULL, wide, 1, inputs, 1);
    }
    free(turned);
    if (failed) PyErr_NoMemory();
    return failed ? -1 : 0;
}

static int read_upper(Decoder *decoder, PyObject *weights, PyObject *bias, const Instructions *instructions)
{
    Floats w;
    decoder->actions = (int32_t)decoder->hidden;
    if (weights == Py_None) return 0;
    if (get_floats(weights, 2, &w)) return -1;
    const size_t actions = w.shape[0], inputs = w.shape[1];
    decoder->has_upper = 1;
    decoder->actions = (int32_t)actions;
    decoder->upper_bias = read_vector(bias);
    int failed =
        !decoder->upper_bias || pack(&decoder->upper, instructions, w.data, decoder->upper_bias, actions, 1, inputs, 1);
    if (!failed) failed = !(decoder->upper_rows = copy_floats(NULL, 0, actions * padded(inputs)));
    for (size_t a = 0; !failed && a < actions; a++)
        memcpy(decoder->upper_rows + a * padded(inputs), w.data + a * inputs, inputs * sizeof(float));
    PyBuffer_Release(&w.view);
    return failed ? -1 : 0;
}

int read_decoder(Decoder *decoder, PyObject *spec, const Instructions *instructions)
{
    PyObject *linear, *lower, *bias, *missing, *upper, *upper_bias, *moves, *in_of, *last_of, *labels;
    if (!PyArg_ParseTuple(spec, "OOOOOOOOOO", &linear, &lower, &bias, &missing, &upper, &upper_bias, &moves, &in_of,
                          &last_of, &labels))
        return -1;
    Floats w, b, m;
    if (read_layer(&decoder->linear, linear, instructions, 1) || get_floats(lower, 4, &w)) return -1;
    int failed = get_floats(bias, 2, &b);
    if (!failed) {
        failed = get_floats(missing, 3, &m);
        if (!failed) {
            if (w.shape[0] > MAX_FEATURES) {
                PyErr_SetString(PyExc_ValueError, "too many features");
                failed = -1;
            } else {
                failed = read_lower(decoder, instructions, &w, &b, &m);
            }
            PyBuffer_Release(&m.view);
        }
        PyBuffer_Release(&b.view);
    }
    PyBuffer_Release(&w.view);
    if (failed || read_upper(decoder, upper, upper_bias, instructions)) return -1;
    const size_t actions = (size_t)decoder->actions;
    decoder->move = read_integers(moves, actions);
    decoder->in_of = decoder->move ? read_integers(in_of, actions) : NULL;
    decoder->last_of = decoder->in_of ? read_integers(last_of, actions) : NULL;
    decoder->label = decoder->last_of ? read_integers(labels, actions) : NULL;
    if (!decoder->label) return -1;
    decoder->starts = calloc(actions + 1, sizeof(int32_t));
    if (!decoder->starts) {
        PyErr_NoMemory();
        return -1;
    }
    for (int32_t a = 0; a < decoder->actions; a++)
        if (decoder->move[a] == MOVE_B || decoder->move[a] == MOVE_U || decoder->move[a] == MOVE_O)
            decoder->starts[decoder->start_count++] = a;
    return 0;
}

/* None, "rules", or (network, classes) */
int read_sentences(Engine *engine, PyObject *spec, const Instructions *instructions)
{
    PyObject *network, *classes;
    if (spec == Py_None) return 0;
    if (PyUnicode_Check(spec)) {
        engine->sentence_kind = SENTENCES_RULES;
        return 0;
    }
    Layer layer = {0};
    if (!PyArg_ParseTuple(spec, "OO", &network, &classes) ||
        read_network(&engine->sentence_network, network, instructions) || read_layer(&layer, classes, instructions, 1))
        return -1;
    engine->sentence_classes = layer.matrix;
    engine->sentence_kind = SENTENCES_NETWORK;
    return 0;
}

/* bytes: ascending 32-bit integers */
int read_pairs(Engine *engine, PyObject *spec)
{
    char *bytes;
    Py_ssize_t size;
    if (PyBytes_AsStringAndSize(spec, &bytes, &size)) return -1;
    engine->pair_count = (size_t)size / sizeof(uint32_t);
    engine->pairs = (uint32_t *)read_integers(spec, engine->pair_count);
    return engine->pairs ? 0 : -1;
}
