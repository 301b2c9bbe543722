/* The Python type `SpanKernels`: texts in, entities and sentences out.

The GIL is released from the first step of a batch to its last, but while Python describes tokens that are not known. */
#include <stdlib.h>

#include "python/arguments.h"
#include "python/exceptions.h"
#include "python/kernel_types.h"
#include "python/questions.h"
#include "python/span_spec.h"
#include "spans/batch.h"

enum {
    GROUP_BYTES = 1 << 16, /* of texts that are computed together: bounds the memory of one call */
    SLICE = 1 << 11,       /* tokens that Python describes at a time, and results between which others get the GIL */
};

typedef struct {
    PyObject_HEAD
    SpanModel model;
    const Instructions *instructions;
} SpanKernels;

static PyObject *new_kernels(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    SpanKernels *self = (SpanKernels *)allocate(type, 0);
    if (!self) return NULL;
    const Status status = read_span_model(&self->model, &self->instructions, args, kwargs);
    if (status == OK) return (PyObject *)self;
    Py_DECREF(self);
    return raise_status(status);
}

static void free_kernels(PyObject *self)
{
    span_model_free(&((SpanKernels *)self)->model);
    free_object(self);
}

/* What Python is asked for. */
typedef struct {
    PyObject *describe; /* attributes of tokens */
    PyObject *split;    /* tokens of runs; NULL where the model has a tokenizer */
} Callbacks;

/* Find the tokens of the batch's questions, and learn them. Called and left without the GIL; `thread` is the state that
   it was saved to. */
static Status answer_questions(Batch *batch, const Callbacks *callbacks, PyThreadState **thread)
{
    Status status;
    if (batch->work->answered == batch->work->question_count) return OK;
    if (batch->model->has_tokenizer) {
        status = batch_split(batch);
    } else {
        PyEval_RestoreThread(*thread);
        status = ask_for_tokens(batch, callbacks->split);
        *thread = PyEval_SaveThread();
    }
    if (status == OK) status = batch_list(batch);
    for (size_t first = 0; first < batch->work->asked_count && status == OK; first += SLICE) {
        PyEval_RestoreThread(*thread);
        status = ask_for_descriptions(batch, callbacks->describe, first, SLICE);
        *thread = PyEval_SaveThread();
    }
    return status == OK ? batch_learn(batch) : status;
}

/* Do everything from reading to computing. Called and left without the GIL. */
static Status run_batch(Batch *batch, const Callbacks *callbacks, PyThreadState **thread)
{
    Status status = batch_read(batch);
    if (status != OK) return status;
    status = answer_questions(batch, callbacks, thread);
    if (status != OK) return status;
    status = batch_join(batch);
    if (status != OK) return status;
    status = answer_questions(batch, callbacks, thread);
    if (status != OK) return status;
    return batch_compute(batch);
}

/* Append an item to a list, and drop the reference to it. `item` may be NULL: an exception is set then. */
static Status append(PyObject *list, PyObject *item)
{
    const int failed = !item || PyList_Append(list, item);
    Py_XDECREF(item);
    return failed ? PYTHON_ERROR : OK;
}

/* Let other threads have the GIL now and then, while many results are built. */
static void give_way(size_t done)
{
    if (done % SLICE != SLICE - 1) return;
    PyThreadState *thread = PyEval_SaveThread();
    PyEval_RestoreThread(thread);
}

/* Append ([(start, end, label, probability), ...], [(start, end), ...]) for a text. `entity` and `sentence` are the
   first of the batch's spans that do not belong to an earlier text, and are moved on. */
static Status append_result(PyObject *results, const Workspace *work, size_t text, size_t *entity, size_t *sentence)
{
    PyObject *entities = PyList_New(0), *sentences = PyList_New(0);
    Status status = entities && sentences ? OK : PYTHON_ERROR;
    for (; status == OK && *entity < work->entity_count && work->entities[*entity].text == text; ++*entity) {
        give_way(*entity);
        const EntitySpan *span = &work->entities[*entity];
        status = append(entities,
                        Py_BuildValue("(IIid)", span->start, span->end, (int)span->label, (double)span->probability));
    }
    for (; status == OK && *sentence < work->sentence_count && work->sentences[*sentence].text == text; ++*sentence) {
        give_way(*sentence);
        const SentenceSpan *span = &work->sentences[*sentence];
        status = append(sentences, Py_BuildValue("(II)", span->start, span->end));
    }
    if (status == OK) status = append(results, PyTuple_Pack(2, entities, sentences));
    Py_XDECREF(entities);
    Py_XDECREF(sentences);
    return status;
}

/* Annotate texts [count] as one batch, and append their results. */
static Status annotate_group(SpanModel *model, Text *texts, size_t count, const Callbacks *callbacks, PyObject *results)
{
    Batch batch;
    PyThreadState *thread = PyEval_SaveThread();
    Status status = batch_begin(&batch, model, texts, count);
    if (status == OK) status = run_batch(&batch, callbacks, &thread);
    PyEval_RestoreThread(thread);
    size_t entity = 0, sentence = 0;
    for (size_t t = 0; t < count && status == OK; t++)
        status = append_result(results, batch.work, t, &entity, &sentence);
    batch_end(&batch);
    return status;
}

/* Borrow the UTF-8 of strings, which keep it alive. texts: [the size of the tuple] */
static Status read_texts(Text *texts, PyObject *strings, const char *wanted)
{
    for (Py_ssize_t i = 0; i < PyTuple_Size(strings); i++) {
        const Status status = borrow_utf8(PyTuple_GetItem(strings, i), &texts[i].utf8, &texts[i].size);
        if (status != OK) return status;
        texts[i].wanted = wanted[i];
    }
    return OK;
}

/* Annotate texts [count], in groups of about GROUP_BYTES. */
static Status annotate_texts(SpanModel *model, Text *texts, size_t count, const Callbacks *callbacks, PyObject *results)
{
    for (size_t first = 0, last = 0; first < count; first = last) {
        size_t bytes = 0;
        while (last < count && bytes < GROUP_BYTES) bytes += texts[last++].size;
        const Status status = annotate_group(model, texts + first, last - first, callbacks, results);
        if (status != OK) return status;
    }
    return OK;
}

static PyObject *annotate(PyObject *self, PyObject *args)
{
    PyObject *strings;
    const char *wanted;
    Py_ssize_t wanted_size;
    Callbacks callbacks = {NULL, NULL};
    if (!PyArg_ParseTuple(args, "O!y#O|O", &PyTuple_Type, &strings, &wanted, &wanted_size, &callbacks.describe,
                          &callbacks.split))
        return NULL;
    if (!callbacks.split && !((SpanKernels *)self)->model.has_tokenizer)
        return raise_status(bad_value("without a tokenizer, runs must be split by the caller"));
    const Py_ssize_t count = PyTuple_Size(strings);
    if (wanted_size != count) return raise_status(bad_value("there must be one byte of what is wanted for each text"));
    Text *texts = calloc((size_t)count + 1, sizeof(*texts));
    if (!texts) return raise_status(NO_MEMORY);
    PyObject *results = PyList_New(0);
    Status status = results ? OK : PYTHON_ERROR;
    if (status == OK) status = read_texts(texts, strings, wanted);
    if (status == OK) status = annotate_texts(&((SpanKernels *)self)->model, texts, (size_t)count, &callbacks, results);
    free(texts);
    if (status == OK) return results;
    Py_XDECREF(results);
    return raise_status(status);
}

/* Find the tokens of a text as a whole. Called and left without the GIL. */
static Status tokenize_whole(Batch *batch)
{
    Status status = batch_read(batch);
    if (status == OK) status = batch_ask_whole(batch, 0);
    return status == OK ? batch_split(batch) : status;
}

static PyObject *tokenize(PyObject *self, PyObject *string)
{
    SpanModel *model = &((SpanKernels *)self)->model;
    Text text = {.wanted = WANT_SENTENCES};
    Batch batch;
    Status status = borrow_utf8(string, &text.utf8, &text.size);
    if (status == OK && !model->has_tokenizer) status = bad_value("there is no tokenizer");
    if (status != OK) return raise_status(status);
    PyThreadState *thread = PyEval_SaveThread();
    status = batch_begin(&batch, model, &text, 1);
    if (status == OK) status = tokenize_whole(&batch);
    PyEval_RestoreThread(thread);
    PyObject *list = PyList_New(0);
    if (!list && status == OK) status = PYTHON_ERROR;
    for (size_t p = status == OK ? batch.work->questions[text.whole - 1].first : 0;
         status == OK && p < batch.work->pieces.count; p++) {
        const Piece *piece = &batch.work->pieces.items[p];
        status = append(list,
                        Py_BuildValue("(IIIi)", piece->start, piece->start + piece->length, piece->norm, piece->space));
    }
    batch_end(&batch);
    if (status == OK) return list;
    Py_XDECREF(list);
    return raise_status(status);
}

static PyObject *get_instructions(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(((SpanKernels *)self)->instructions->name);
}

static PyObject *get_turnovers(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(atomic_load(&((SpanKernels *)self)->model.lexicon.turnovers));
}

static PyMethodDef methods[] = {
    {"annotate", annotate, METH_VARARGS,
     "annotate(texts, wanted, describe, split=None) ->\n"
     "    [([(start, end, label, probability), ...], [(start, end), ...]), ...]\n\n"
     "`texts` is a tuple; `wanted` has a byte for each text: WANT_ENTITIES, WANT_SENTENCES, or-ed. Positions are code\n"
     "points. `describe` is called for tokens that are not known, and `split` for runs where there is no tokenizer. Any\n"
     "number of threads may call."},
    {"tokenize", tokenize, METH_O,
     "tokenize(text) -> [(start, end, norm, space), ...]\n\n"
     "The tokens of a text, with the number of the norm that an exception gives, and whether a space follows."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"instructions", get_instructions, NULL, "The instruction set of the matrix kernels.", NULL},
    {"turnovers", get_turnovers, NULL, "How often the lexicon has begun a new generation.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Entities and sentences of texts, computed without the GIL from a model's weights."},
    {Py_tp_new, new_kernels},
    {Py_tp_dealloc, free_kernels},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

PyType_Spec span_kernels_type = {
    "spanwise.pipelines.kernels._kernels.SpanKernels", sizeof(SpanKernels), 0, Py_TPFLAGS_DEFAULT, slots,
};
