/* The Python type `Sentiment`: arrays in, arrays out, no GIL in between; see sentiment_module.h. */
#include "python/sentiment_kernels.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "python/span_spec.h"
#include "sentiment/sentiment_model.h"

typedef struct {
    PyObject_HEAD
    SentimentModel model;
    Py_buffer codes;
    const Instructions *instructions;
} SentimentObject;

/* (classes: bytes, lower: bytes of uint32, ((emoticon, 1 if it is all punctuation else 0), ...)): in the order of sentiment_words.h */
static int read_characters(Characters *characters, PyObject *spec)
{
    const char *classes, *lower;
    Py_ssize_t size, lower_size;
    PyObject *emoticons;
    if (!PyArg_ParseTuple(spec, "y#y#O!", &classes, &size, &lower, &lower_size, &PyTuple_Type, &emoticons)) return -1;
    const size_t count = (size_t)PyTuple_Size(emoticons);
    if (lower_size != size * (Py_ssize_t)sizeof(uint32_t)) {
        PyErr_SetString(PyExc_ValueError, "each character must have a class and a lower case");
        return -1;
    }
    characters->classes = malloc((size_t)size + 1);
    characters->lower = malloc((size_t)lower_size + 1);
    characters->emoticons = calloc(count + 1, sizeof(*characters->emoticons));
    if (!characters->classes || !characters->lower || !characters->emoticons) {
        PyErr_NoMemory();
        return -1;
    }
    memcpy(characters->classes, classes, (size_t)size);
    memcpy(characters->lower, lower, (size_t)lower_size);
    characters->size = (uint32_t)size;
    uint32_t before = 0;
    for (size_t e = 0; e < count; e++) {
        Emoticon *emoticon = &characters->emoticons[e];
        const char *utf8;
        Py_ssize_t bytes;
        if (!PyArg_ParseTuple(PyTuple_GetItem(emoticons, (Py_ssize_t)e), "s#i", &utf8, &bytes, &emoticon->anywhere))
            return -1;
        const uint32_t first = bytes ? (unsigned char)utf8[0] : 128;
        if (bytes > MAX_EMOTICON || first >= 128 || first < before) {
            PyErr_SetString(PyExc_ValueError, "emoticons must be short, begin with ASCII, and be sorted");
            return -1;
        }
        emoticon->length = utf8_decode(utf8, (size_t)bytes, emoticon->points);
        for (; before < first; before++) characters->first[before + 1] = (uint32_t)e;
    }
    for (; before < 128; before++) characters->first[before + 1] = (uint32_t)count;
    return 0;
}

static int read_vocabulary(SentimentModel *model, PyObject *words)
{
    const Py_ssize_t count = PyTuple_Size(words);
    size_t total = 0;
    model->word_starts = calloc((size_t)count + 1, sizeof(*model->word_starts));
    for (Py_ssize_t w = 0; w < count; w++) {
        Py_ssize_t size;
        if (!PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, w), &size)) return -1;
        total += (size_t)size;
        if (model->word_starts) model->word_starts[w + 1] = (uint32_t)total;
    }
    model->vocabulary = malloc(total + 1);
    if (!model->word_starts || !model->vocabulary) {
        PyErr_NoMemory();
        return -1;
    }
    for (Py_ssize_t w = 0; w < count; w++) {
        Py_ssize_t size;
        const char *word = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, w), &size);
        if (!word) return -1;
        memcpy(model->vocabulary + model->word_starts[w], word, (size_t)size);
    }
    model->words = (uint32_t)count;
    return 0;
}

/* Rows of `width` floats to rows of padded(width). */
static float *read_rows(PyObject *object, size_t rows, size_t width)
{
    Floats floats;
    if (get_floats(object, 2, &floats)) return NULL;
    float *copy = NULL;
    if (floats.shape[0] != rows || floats.shape[1] != width)
        PyErr_SetString(PyExc_ValueError, "an array of the sentiment model has the wrong shape");
    else if (!(copy = calloc(rows * padded(width), sizeof(float))))
        PyErr_NoMemory();
    for (size_t r = 0; copy && r < rows; r++)
        memcpy(copy + r * padded(width), floats.data + r * width, width * sizeof(float));
    PyBuffer_Release(&floats.view);
    return copy;
}

static int copy_values(float *to, PyObject *object, size_t count)
{
    Floats floats;
    if (get_floats(object, 1, &floats)) return -1;
    const int fits = floats.shape[0] == count;
    if (fits)
        memcpy(to, floats.data, count * sizeof(float));
    else
        PyErr_SetString(PyExc_ValueError, "an array of the sentiment model has the wrong length");
    PyBuffer_Release(&floats.view);
    return fits ? 0 : -1;
}

/* ((convolution, ...), attention [heads, 1, width], hidden [hidden, pieces, parts x width], its bias [hidden, pieces],
   output [outputs, 1, hidden], its bias [outputs, 1]) */
static int read_sentiment_network(SentimentNetwork *network, PyObject *spec, size_t width, size_t outputs, size_t extra,
                                  const Instructions *instructions)
{
    PyObject *layers, *attention, *hidden, *output;
    if (!PyArg_ParseTuple(spec, "O!OOO", &PyTuple_Type, &layers, &attention, &hidden, &output)) return -1;
    const size_t depth = (size_t)PyTuple_Size(layers);
    Network *convolutions = &network->network;
    convolutions->convolutions = calloc(depth + 1, sizeof(Layer));
    if (!convolutions->convolutions) {
        PyErr_NoMemory();
        return -1;
    }
    convolutions->width = width;
    convolutions->window = 1;
    int fits = 1;
    while (convolutions->depth < depth) {
        Layer *layer = &convolutions->convolutions[convolutions->depth++];
        if (read_layer(layer, PyTuple_GetItem(layers, (Py_ssize_t)convolutions->depth - 1), instructions, 3)) return -1;
        fits = fits && layer->values == width && layer->matrix.inputs == 3 * padded(width) && layer->gain;
    }
    Layer heads = {0}, middle = {0}, last = {0};
    int failed = read_layer(&heads, attention, instructions, 1);
    network->attention = heads.matrix;
    network->heads = heads.values;
    network->parts = network->heads + extra;
    if (!failed) failed = read_layer(&middle, hidden, instructions, network->parts);
    network->hidden = middle.matrix;
    if (!failed) failed = read_layer(&last, output, instructions, 1);
    network->output = last.matrix;
    network->outputs = last.values;
    if (failed) return -1;
    fits = fits && network->attention.inputs == padded(width) &&
           network->hidden.inputs == network->parts * padded(width) &&
           network->output.inputs == padded(middle.values) && network->outputs == outputs;
    if (fits) return 0;
    PyErr_SetString(PyExc_ValueError, "the layers of the sentiment model do not fit");
    return -1;
}

static int read_model(SentimentObject *self, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"characters", "vocabulary", "codes",    "scales", "flags",        "positions", "mask",
                            "empty",      "text",       "sentence", "target", "instructions", NULL};
    PyObject *characters, *vocabulary, *codes, *scales, *flags, *positions, *mask, *empty, *bias, *sentence, *target;
    const char *instructions = NULL;
    SentimentModel *model = &self->model;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OO!OOOOOO(fO)OO|z", names, &characters, &PyTuple_Type, &vocabulary,
                                     &codes, &scales, &flags, &positions, &mask, &empty, &model->exponent, &bias,
                                     &sentence, &target, &instructions))
        return -1;
    self->instructions = instructions ? named_instructions(instructions) : best_instructions();
    if (!self->instructions) {
        PyErr_SetString(PyExc_ValueError, "this processor does not have these instructions");
        return -1;
    }
    if (read_characters(&model->characters, characters) || read_vocabulary(model, vocabulary) ||
        PyObject_GetBuffer(codes, &self->codes, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT))
        return -1;
    const Py_buffer *view = &self->codes;
    if (view->ndim != 2 || view->itemsize != 1 || !view->format || strcmp(view->format, "b") ||
        view->shape[0] <= (Py_ssize_t)model->words || view->shape[1] < 1) {
        PyErr_SetString(PyExc_ValueError, "the embeddings must be int8 with a row for each word, and rows for n-grams");
        return -1;
    }
    model->codes = view->buf;
    model->width = (size_t)view->shape[1];
    model->buckets = (uint32_t)(view->shape[0] - (Py_ssize_t)model->words);
    model->scales = malloc((size_t)view->shape[0] * sizeof(float));
    if (!model->scales) {
        PyErr_NoMemory();
        return -1;
    }
    if (copy_values(model->scales, scales, (size_t)view->shape[0]) ||
        copy_values(model->empty, empty, SENTIMENT_CLASSES) || copy_values(model->bias, bias, SENTIMENT_CLASSES) ||
        !(model->flags = read_rows(flags, SENTIMENT_FLAGS, model->width)) ||
        !(model->positions = read_rows(positions, 2 * MAX_DISTANCE + 1, model->width)) ||
        !(model->mask = read_rows(mask, 1, model->width)) ||
        read_sentiment_network(&model->sentence, sentence, model->width, SENTENCE_OUTPUTS, 1, self->instructions) ||
        read_sentiment_network(&model->target, target, model->width, SENTIMENT_CLASSES, 2, self->instructions))
        return -1;
    if (!sentiment_prepare(model)) return 0;
    PyErr_NoMemory();
    return -1;
}

static PyObject *new_sentiment(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    SentimentObject *self = (SentimentObject *)allocate(type, 0);
    if (!self || !read_model(self, args, kwargs)) return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void free_sentiment(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    SentimentObject *sentiment = (SentimentObject *)self;
    sentiment_free(&sentiment->model);
    if (sentiment->codes.obj) PyBuffer_Release(&sentiment->codes);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

/* The texts and how many items each has; `size` bytes of items must be there for each. NULL with an exception set. */
static SentimentText *read_texts(PyObject *strings, const Py_buffer *counts, const Py_buffer *items, size_t size,
                                 size_t *total)
{
    const Py_ssize_t count = PyTuple_Size(strings);
    *total = 0;
    if (counts->len != count * (Py_ssize_t)sizeof(uint32_t)) {
        PyErr_SetString(PyExc_ValueError, "there must be one count for each text");
        return NULL;
    }
    SentimentText *texts = PyMem_Calloc((size_t)count + 1, sizeof(*texts));
    if (!texts) return (SentimentText *)PyErr_NoMemory();
    for (Py_ssize_t i = 0; i < count; i++) {
        Py_ssize_t bytes;
        texts[i].utf8 = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(strings, i), &bytes);
        if (!texts[i].utf8) {
            PyMem_Free(texts);
            return NULL;
        }
        texts[i].size = (size_t)bytes;
        texts[i].count = ((const uint32_t *)counts->buf)[i];
        *total += texts[i].count;
    }
    if ((size_t)items->len == *total * size) return texts;
    PyErr_SetString(PyExc_ValueError, "the counts and the items do not fit");
    PyMem_Free(texts);
    return NULL;
}

static PyObject *shares(const float *logits)
{
    double weights[SENTIMENT_CLASSES], total = 0;
    float highest = logits[0];
    for (int c = 1; c < SENTIMENT_CLASSES; c++) highest = logits[c] > highest ? logits[c] : highest;
    for (int c = 0; c < SENTIMENT_CLASSES; c++) total += weights[c] = exp((double)(logits[c] - highest));
    return Py_BuildValue("(ddd)", weights[0] / total, weights[1] / total, weights[2] / total);
}

static PyObject *list_of(const float *logits, size_t count, size_t stride)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list && i < count; i++) {
        PyObject *item = shares(logits + i * stride);
        if (!item || PyList_SetItem(list, (Py_ssize_t)i, item)) Py_CLEAR(list);
    }
    return list;
}

static PyObject *score(PyObject *self, PyObject *args)
{
    PyObject *strings, *results = NULL;
    Py_buffer counts, spans;
    if (!PyArg_ParseTuple(args, "O!y*y*", &PyTuple_Type, &strings, &counts, &spans)) return NULL;
    size_t total;
    SentimentText *texts = read_texts(strings, &counts, &spans, sizeof(SentimentSpan), &total);
    const size_t count = (size_t)PyTuple_Size(strings);
    float *whole =
        texts ? PyMem_Calloc(count * SENTIMENT_CLASSES + (count + total) * SENTENCE_OUTPUTS + 1, sizeof(float)) : NULL;
    if (texts && !whole) PyErr_NoMemory();
    if (whole) {
        float *each = whole + count * SENTIMENT_CLASSES;
        int failed;
        Py_BEGIN_ALLOW_THREADS
        failed = sentiment_score(&((SentimentObject *)self)->model, texts, count, spans.buf, whole, each);
        Py_END_ALLOW_THREADS
        if (failed) PyErr_NoMemory();
        results = failed ? NULL : PyList_New((Py_ssize_t)count);
        for (size_t t = 0; results && t < count; t++) {
            PyObject *of_text = shares(whole + t * SENTIMENT_CLASSES);
            PyObject *of_sentences = of_text ? list_of(each, texts[t].count, SENTENCE_OUTPUTS) : NULL;
            PyObject *item = of_sentences ? PyTuple_Pack(2, of_text, of_sentences) : NULL;
            Py_XDECREF(of_text);
            Py_XDECREF(of_sentences);
            if (!item || PyList_SetItem(results, (Py_ssize_t)t, item)) Py_CLEAR(results);
            each += (texts[t].count ? texts[t].count : 1) * SENTENCE_OUTPUTS;
        }
    }
    PyMem_Free(whole);
    PyMem_Free(texts);
    PyBuffer_Release(&counts);
    PyBuffer_Release(&spans);
    return results;
}

static PyObject *score_targets(PyObject *self, PyObject *args)
{
    PyObject *strings, *results = NULL;
    Py_buffer counts, targets;
    if (!PyArg_ParseTuple(args, "O!y*y*", &PyTuple_Type, &strings, &counts, &targets)) return NULL;
    size_t total;
    SentimentText *texts = read_texts(strings, &counts, &targets, sizeof(SentimentTarget), &total);
    const size_t count = (size_t)PyTuple_Size(strings);
    float *logits = texts ? PyMem_Calloc(total * SENTIMENT_CLASSES + 1, sizeof(float)) : NULL;
    if (texts && !logits) PyErr_NoMemory();
    if (logits) {
        const float *row = logits;
        int failed;
        Py_BEGIN_ALLOW_THREADS
        failed = sentiment_score_targets(&((SentimentObject *)self)->model, texts, count, targets.buf, logits);
        Py_END_ALLOW_THREADS
        if (failed) PyErr_NoMemory();
        results = failed ? NULL : PyList_New((Py_ssize_t)count);
        for (size_t t = 0; results && t < count; t++) {
            PyObject *item = list_of(row, texts[t].count, SENTIMENT_CLASSES);
            if (!item || PyList_SetItem(results, (Py_ssize_t)t, item)) Py_CLEAR(results);
            row += texts[t].count * SENTIMENT_CLASSES;
        }
    }
    PyMem_Free(logits);
    PyMem_Free(texts);
    PyBuffer_Release(&counts);
    PyBuffer_Release(&targets);
    return results;
}

/* [(start, end, key, flags), ...] of a string: what tests compare with tokens.py. */
static int append_word(void *list, const SentimentWord *word)
{
    PyObject *item =
        Py_BuildValue("(IIs#I)", word->start, word->end, word->key, (Py_ssize_t)word->key_size, word->flags);
    const int failed = !item || PyList_Append(list, item);
    Py_XDECREF(item);
    return failed ? -1 : 0;
}

static PyObject *tokenize(PyObject *self, PyObject *string)
{
    Py_ssize_t size;
    const char *utf8 = PyUnicode_AsUTF8AndSize(string, &size);
    uint32_t *points = utf8 ? PyMem_Malloc((size_t)size * sizeof(uint32_t) + 1) : NULL;
    if (!points) return utf8 ? PyErr_NoMemory() : NULL;
    PyObject *list = PyList_New(0);
    if (list && sentiment_words(&((SentimentObject *)self)->model.characters, points, 0,
                                utf8_decode(utf8, (size_t)size, points), append_word, list))
        Py_CLEAR(list);
    PyMem_Free(points);
    return list;
}

static PyObject *get_instructions(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(((SentimentObject *)self)->instructions->name);
}

static PyMethodDef methods[] = {
    {"score", score, METH_VARARGS,
     "score(texts, counts, spans) -> [(whole, [sentence, ...]), ...]\n\n"
     "`texts` is a tuple; `counts` has a uint32 for each: its sentences; `spans` two for each sentence, in code points. Each score is\n"
     "(negative, neutral, positive). Any number of threads may call."},
    {"score_targets", score_targets, METH_VARARGS,
     "score_targets(texts, counts, targets) -> [[target, ...], ...]\n\n"
     "As `score`; `targets` has four uint32 for each: its start and end, and those of its sentence."},
    {"tokenize", tokenize, METH_O, "tokenize(text) -> [(start, end, key, flags), ...]"},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"instructions", get_instructions, NULL, "The instruction set of the matrix kernels.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Sentiment of texts, their sentences and targets, computed without the GIL."},
    {Py_tp_new, new_sentiment},
    {Py_tp_dealloc, free_sentiment},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

PyType_Spec sentiment_type = {"spanwise.pipelines.kernels._kernels.Sentiment", sizeof(SentimentObject), 0,
                              Py_TPFLAGS_DEFAULT, slots};
