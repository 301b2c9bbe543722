/* The Python type `SpanKernels`: texts in; entities, sentences and scores of categories out.

The GIL is released from the first step of a batch to its last, but while Python describes runs that are not known. */
#include <stdlib.h>

#include "python/arguments.h"
#include "python/descriptions_from_python.h"
#include "python/exceptions.h"
#include "python/kernel_types.h"
#include "python/span_spec.h"
#include "spans/batch.h"

enum { GROUP_BYTES = 1 << 16 }; /* of texts that are computed together: bounds the memory of one call */

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

/* Answer the batch's questions. Called and left without the GIL; `thread` is the state that it was saved to. */
static Status answer_questions(Batch *batch, PyObject *describe, PyThreadState **thread)
{
    PyObject *answer = NULL;
    Description description = {0};
    Status status = OK;
    if (!batch->work->question_count) return OK;
    if (is_asking(batch)) {
        PyEval_RestoreThread(*thread);
        status = ask_python(batch, describe, &answer, &description);
        *thread = PyEval_SaveThread();
    }
    if (status == OK) status = batch_learn(batch, &description);
    if (answer) {
        PyEval_RestoreThread(*thread);
        Py_DECREF(answer);
        *thread = PyEval_SaveThread();
    }
    return status;
}

/* Do everything from reading to computing. Called and left without the GIL. */
static Status run_batch(Batch *batch, PyObject *describe, PyThreadState **thread)
{
    Status status = batch_read(batch);
    if (status != OK) return status;
    status = answer_questions(batch, describe, thread);
    if (status != OK) return status;
    status = batch_join(batch);
    if (status != OK) return status;
    status = answer_questions(batch, describe, thread);
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

/* Append the scores of a text, of all classifiers in order. */
static Status append_scores(PyObject *list, const Batch *batch, size_t text)
{
    const size_t count = batch->texts[text].wanted & WANT_CATEGORIES ? batch->model->category_count : 0;
    Status status = OK;
    for (size_t c = 0; c < count && status == OK; c++)
        status = append(list, PyFloat_FromDouble((double)batch->work->category_scores[text * count + c]));
    return status;
}

/* Append ([(start, end, label, probability), ...], [(start, end), ...], [score, ...]) for a text. `entity` and
   `sentence` are the first of the batch's spans that do not belong to an earlier text, and are moved on. */
static Status append_result(PyObject *results, const Batch *batch, size_t text, size_t *entity, size_t *sentence)
{
    const Workspace *work = batch->work;
    PyObject *entities = PyList_New(0), *sentences = PyList_New(0), *scores = PyList_New(0);
    Status status = entities && sentences && scores ? OK : PYTHON_ERROR;
    for (; status == OK && *entity < work->entity_count && work->entities[*entity].text == text; ++*entity) {
        const EntitySpan *span = &work->entities[*entity];
        status = append(entities,
                        Py_BuildValue("(IIid)", span->start, span->end, (int)span->label, (double)span->probability));
    }
    for (; status == OK && *sentence < work->sentence_count && work->sentences[*sentence].text == text; ++*sentence) {
        const SentenceSpan *span = &work->sentences[*sentence];
        status = append(sentences, Py_BuildValue("(II)", span->start, span->end));
    }
    if (status == OK) status = append_scores(scores, batch, text);
    if (status == OK) status = append(results, PyTuple_Pack(3, entities, sentences, scores));
    Py_XDECREF(entities);
    Py_XDECREF(sentences);
    Py_XDECREF(scores);
    return status;
}

/* Annotate texts [count] as one batch, and append their results. */
static Status annotate_group(SpanModel *model, Text *texts, size_t count, PyObject *describe, PyObject *results)
{
    Batch batch;
    PyThreadState *thread = PyEval_SaveThread();
    Status status = batch_begin(&batch, model, texts, count);
    if (status == OK) status = run_batch(&batch, describe, &thread);
    PyEval_RestoreThread(thread);
    size_t entity = 0, sentence = 0;
    for (size_t t = 0; t < count && status == OK; t++) status = append_result(results, &batch, t, &entity, &sentence);
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
static Status annotate_texts(SpanModel *model, Text *texts, size_t count, PyObject *describe, PyObject *results)
{
    for (size_t first = 0, last = 0; first < count; first = last) {
        size_t bytes = 0;
        while (last < count && bytes < GROUP_BYTES) bytes += texts[last++].size;
        const Status status = annotate_group(model, texts + first, last - first, describe, results);
        if (status != OK) return status;
    }
    return OK;
}

static PyObject *annotate(PyObject *self, PyObject *args)
{
    PyObject *strings, *describe;
    const char *wanted;
    Py_ssize_t wanted_size;
    if (!PyArg_ParseTuple(args, "O!y#O", &PyTuple_Type, &strings, &wanted, &wanted_size, &describe)) return NULL;
    const Py_ssize_t count = PyTuple_Size(strings);
    if (wanted_size != count) return raise_status(bad_value("there must be one byte of what is wanted for each text"));
    Text *texts = calloc((size_t)count + 1, sizeof(*texts));
    if (!texts) return raise_status(NO_MEMORY);
    PyObject *results = PyList_New(0);
    Status status = results ? OK : PYTHON_ERROR;
    if (status == OK) status = read_texts(texts, strings, wanted);
    if (status == OK) status = annotate_texts(&((SpanKernels *)self)->model, texts, (size_t)count, describe, results);
    free(texts);
    if (status == OK) return results;
    Py_XDECREF(results);
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
     "annotate(texts, wanted, describe) ->\n"
     "    [([(start, end, label, probability), ...], [(start, end), ...], [score, ...]), ...]\n\n"
     "`texts` is a tuple; `wanted` has a byte for each text: WANT_ENTITIES, WANT_SENTENCES, WANT_CATEGORIES, or-ed.\n"
     "Positions are code points; scores are those of all classes of all classifiers. `describe` is called for runs that\n"
     "are not known. Any number of threads may call."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"instructions", get_instructions, NULL, "The instruction set of the matrix kernels.", NULL},
    {"turnovers", get_turnovers, NULL, "How often the lexicon has begun a new generation.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Entities, sentences and categories of texts, computed without the GIL from a model's weights."},
    {Py_tp_new, new_kernels},
    {Py_tp_dealloc, free_kernels},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

PyType_Spec span_kernels_type = {
    "spanwise.pipelines.kernels._kernels.SpanKernels", sizeof(SpanKernels), 0, Py_TPFLAGS_DEFAULT, slots,
};
