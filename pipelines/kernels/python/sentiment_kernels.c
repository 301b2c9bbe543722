/* The Python type `SentimentKernels`: texts and arrays of positions in, probabilities out. The GIL is released while
texts are scored. */
#include <math.h>
#include <stdint.h>
#include <stdlib.h>

#include "python/arguments.h"
#include "python/exceptions.h"
#include "python/kernel_types.h"
#include "python/sentiment_spec.h"
#include "sentiment/gate.h"
#include "sentiment/scoring.h"

typedef struct {
    PyObject_HEAD
    SentimentWeights model;
    Py_buffer codes; /* the embeddings, borrowed from the array that Python has mapped from a file */
    const Instructions *instructions;
} SentimentKernels;

static PyObject *new_kernels(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    SentimentKernels *self = (SentimentKernels *)allocate(type, 0);
    if (!self) return NULL;
    const Status status = read_sentiment_model(&self->model, &self->codes, &self->instructions, args, kwargs);
    if (status == OK) return (PyObject *)self;
    Py_DECREF(self);
    return raise_status(status);
}

static void free_kernels(PyObject *self)
{
    SentimentKernels *kernels = (SentimentKernels *)self;
    sentiment_model_free(&kernels->model);
    if (kernels->codes.obj) PyBuffer_Release(&kernels->codes);
    free_object(self);
}

/* ---- arguments ---- */

/* The arguments of a call: strings, how many items each has, and the items of all. */
typedef struct {
    PyObject *strings;    /* a tuple */
    Py_buffer counts;     /* [count] uint32 */
    Py_buffer items;      /* [total] SentimentSpan or SentimentTarget */
    SentimentText *texts; /* [count] */
    size_t count, total;
} Call;

/* An empty array of Python may lie anywhere. */
static int is_aligned(const Py_buffer *view) { return !view->len || (uintptr_t)view->buf % sizeof(uint32_t) == 0; }

/* Fill in the texts; `item_size` is the size of an item in bytes. */
static Status read_texts(Call *call, size_t item_size)
{
    call->count = (size_t)PyTuple_Size(call->strings);
    if (!is_aligned(&call->counts) || !is_aligned(&call->items))
        return bad_value("counts and items must be aligned arrays of uint32");
    if ((size_t)call->counts.len != call->count * sizeof(uint32_t))
        return bad_value("there must be one count for each text");
    call->texts = calloc(call->count + 1, sizeof(*call->texts));
    if (!call->texts) return NO_MEMORY;
    for (size_t t = 0; t < call->count; t++) {
        SentimentText *text = &call->texts[t];
        const Status status = borrow_utf8(PyTuple_GetItem(call->strings, (Py_ssize_t)t), &text->utf8, &text->size);
        if (status != OK) return status;
        text->count = ((const uint32_t *)call->counts.buf)[t];
        call->total += text->count;
    }
    if ((size_t)call->items.len != call->total * item_size) return bad_value("the counts and the items do not fit");
    return OK;
}

static Status begin_call(Call *call, PyObject *args, size_t item_size)
{
    *call = (Call){0};
    if (!PyArg_ParseTuple(args, "O!y*y*", &PyTuple_Type, &call->strings, &call->counts, &call->items))
        return PYTHON_ERROR;
    return read_texts(call, item_size);
}

static void end_call(Call *call)
{
    free(call->texts);
    if (call->counts.obj) PyBuffer_Release(&call->counts);
    if (call->items.obj) PyBuffer_Release(&call->items);
}

/* ---- results ---- */

/* Turn logits [SENTIMENT_CLASSES] into a tuple of probabilities. */
static PyObject *probabilities(const float *logits)
{
    double weights[SENTIMENT_CLASSES], total = 0;
    float highest = logits[0];
    for (int c = 1; c < SENTIMENT_CLASSES; c++) highest = logits[c] > highest ? logits[c] : highest;
    for (int c = 0; c < SENTIMENT_CLASSES; c++) total += weights[c] = exp((double)(logits[c] - highest));
    return Py_BuildValue("(ddd)", weights[0] / total, weights[1] / total, weights[2] / total);
}

/* Turn logits [count][stride] into a list of tuples. */
static PyObject *list_of(const float *logits, size_t count, size_t stride)
{
    PyObject *list = PyList_New((Py_ssize_t)count);
    for (size_t i = 0; list && i < count; i++) {
        PyObject *item = probabilities(logits + i * stride);
        if (!item || PyList_SetItem(list, (Py_ssize_t)i, item)) Py_CLEAR(list);
    }
    return list;
}

/* Make a tuple of two new objects, and drop the references to them; each may be NULL: an exception is set then. */
static PyObject *pair_of(PyObject *a, PyObject *b)
{
    PyObject *pair = a && b ? PyTuple_Pack(2, a, b) : NULL;
    Py_XDECREF(a);
    Py_XDECREF(b);
    return pair;
}

/* ---- methods ---- */

static Status score_call(SentimentKernels *self, const Call *call, PyObject **results)
{
    const size_t whole_size = call->count * SENTIMENT_CLASSES,
                 each_size = (call->count + call->total) * SENTENCE_OUTPUTS;
    float *whole = calloc(whole_size + each_size + 1, sizeof(float));
    if (!whole) return NO_MEMORY;
    const float *each = whole + whole_size;
    PyThreadState *thread = PyEval_SaveThread();
    Status status = score_texts(&self->model, call->texts, call->count, call->items.buf, whole, whole + whole_size);
    PyEval_RestoreThread(thread);
    if (status == OK && !(*results = PyList_New((Py_ssize_t)call->count))) status = PYTHON_ERROR;
    for (size_t t = 0; t < call->count && status == OK; t++) {
        const size_t sentences = call->texts[t].count;
        PyObject *text = probabilities(whole + t * SENTIMENT_CLASSES);
        PyObject *result = text ? pair_of(text, list_of(each, sentences, SENTENCE_OUTPUTS)) : NULL;
        if (!result || PyList_SetItem(*results, (Py_ssize_t)t, result)) status = PYTHON_ERROR;
        each += (sentences ? sentences : 1) * SENTENCE_OUTPUTS;
    }
    free(whole);
    return status;
}

static Status score_targets_call(SentimentKernels *self, const Call *call, PyObject **results)
{
    float *logits = calloc(call->total * SENTIMENT_CLASSES + 1, sizeof(float));
    if (!logits) return NO_MEMORY;
    const float *row = logits;
    PyThreadState *thread = PyEval_SaveThread();
    Status status = score_targets(&self->model, call->texts, call->count, call->items.buf, logits);
    PyEval_RestoreThread(thread);
    if (status == OK && !(*results = PyList_New((Py_ssize_t)call->count))) status = PYTHON_ERROR;
    for (size_t t = 0; t < call->count && status == OK; t++) {
        PyObject *result = list_of(row, call->texts[t].count, SENTIMENT_CLASSES);
        if (!result || PyList_SetItem(*results, (Py_ssize_t)t, result)) status = PYTHON_ERROR;
        row += call->texts[t].count * SENTIMENT_CLASSES;
    }
    free(logits);
    return status;
}

/* Read the arguments, score, and clean up. */
static PyObject *run_call(PyObject *self, PyObject *args, size_t item_size,
                          Status (*score)(SentimentKernels *, const Call *, PyObject **))
{
    Call call;
    PyObject *results = NULL;
    Status status = begin_call(&call, args, item_size);
    if (status == OK) status = score((SentimentKernels *)self, &call, &results);
    end_call(&call);
    if (status == OK) return results;
    Py_XDECREF(results);
    return raise_status(status);
}

static PyObject *method_score(PyObject *self, PyObject *args)
{
    return run_call(self, args, sizeof(SentimentSpan), score_call);
}

static PyObject *method_score_targets(PyObject *self, PyObject *args)
{
    return run_call(self, args, sizeof(SentimentTarget), score_targets_call);
}

/* Fill `sums` [count] of the texts of a tuple, without the GIL. */
static Status sum_call(const SentimentWeights *model, PyObject *strings, const Py_buffer *weights, size_t count,
                       double *sums)
{
    if (!is_aligned(weights) || (size_t)weights->len != gate_weights(model) * sizeof(float))
        return bad_value("a gate has %zu weights, of float32", gate_weights(model));
    SentimentText *texts = calloc(count + 1, sizeof(*texts));
    if (!texts) return NO_MEMORY;
    Status status = OK;
    for (size_t t = 0; t < count && status == OK; t++)
        status = borrow_utf8(PyTuple_GetItem(strings, (Py_ssize_t)t), &texts[t].utf8, &texts[t].size);
    PyThreadState *thread = PyEval_SaveThread();
    for (size_t t = 0; t < count && status == OK; t++) status = gate_sum(model, &texts[t], weights->buf, &sums[t]);
    PyEval_RestoreThread(thread);
    free(texts);
    return status;
}

static PyObject *method_gate(PyObject *self, PyObject *args)
{
    PyObject *strings, *list = NULL;
    Py_buffer weights;
    if (!PyArg_ParseTuple(args, "O!y*", &PyTuple_Type, &strings, &weights)) return NULL;
    const size_t count = (size_t)PyTuple_Size(strings);
    double *sums = calloc(count + 1, sizeof(*sums));
    Status status = sums ? sum_call(&((SentimentKernels *)self)->model, strings, &weights, count, sums) : NO_MEMORY;
    if (status == OK && !(list = PyList_New((Py_ssize_t)count))) status = PYTHON_ERROR;
    for (size_t t = 0; t < count && status == OK; t++) {
        PyObject *sum = PyFloat_FromDouble(sums[t]);
        if (!sum || PyList_SetItem(list, (Py_ssize_t)t, sum)) status = PYTHON_ERROR;
    }
    free(sums);
    PyBuffer_Release(&weights);
    if (status == OK) return list;
    Py_XDECREF(list);
    return raise_status(status);
}

static Status append_word(void *list, const SentimentWord *word)
{
    PyObject *item =
        Py_BuildValue("(IIs#I)", word->start, word->end, word->key, (Py_ssize_t)word->key_size, word->flags);
    const int failed = !item || PyList_Append(list, item);
    Py_XDECREF(item);
    return failed ? PYTHON_ERROR : OK;
}

static PyObject *method_tokenize(PyObject *self, PyObject *string)
{
    const char *utf8;
    size_t size;
    Status status = borrow_utf8(string, &utf8, &size);
    if (status != OK) return raise_status(status);
    uint32_t *points = malloc(size * sizeof(uint32_t) + 1);
    if (!points) return raise_status(NO_MEMORY);
    const uint32_t count = utf8_decode(utf8, size, points);
    PyObject *list = PyList_New(0);
    status = list ? sentiment_words(&((SentimentKernels *)self)->model.characters, points, 0, count, append_word, list)
                  : PYTHON_ERROR;
    free(points);
    if (status == OK) return list;
    Py_XDECREF(list);
    return raise_status(status);
}

static PyObject *get_instructions(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(((SentimentKernels *)self)->instructions->name);
}

static PyMethodDef methods[] = {
    {"score", method_score, METH_VARARGS,
     "score(texts, counts, spans) -> [(whole, [sentence, ...]), ...]\n\n"
     "`texts` is a tuple; `counts` has a uint32 for each text: its sentences; `spans` has two for each sentence, in\n"
     "code points. Each score is (negative, neutral, positive). Any number of threads may call."},
    {"score_targets", method_score_targets, METH_VARARGS,
     "score_targets(texts, counts, targets) -> [[target, ...], ...]\n\n"
     "As `score`; `targets` has four uint32 for each target: its start and end, and those of its sentence."},
    {"gate", method_gate, METH_VARARGS,
     "gate(texts, weights) -> [sum, ...]\n\n"
     "What the first words of each text weigh. `weights` has a float32 for each word of the vocabulary, one for all\n"
     "others, and one for each number of words from 0 to GATE_WORDS."},
    {"tokenize", method_tokenize, METH_O,
     "tokenize(text) -> [(start, end, key, flags), ...]\n\n"
     "The words of a text, which tests compare with those of tokens.py."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"instructions", get_instructions, NULL, "The instruction set of the matrix kernels.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Sentiment of texts, their sentences and targets, computed without the GIL."},
    {Py_tp_new, new_kernels},
    {Py_tp_dealloc, free_kernels},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

PyType_Spec sentiment_kernels_type = {
    "spanwise.pipelines.kernels._kernels.SentimentKernels", sizeof(SentimentKernels), 0, Py_TPFLAGS_DEFAULT, slots,
};
