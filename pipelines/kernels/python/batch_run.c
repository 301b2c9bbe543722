/* Groups of texts read, computed and handed on; see batch_run.h.

The GIL is released from the first step of a batch to its last, but while Python describes tokens that are not known. */
#include "python/batch_run.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/exceptions.h"
#include "python/questions.h"

enum { GROUP_BYTES = 1 << 16 }; /* of texts that are computed together: bounds the memory of one call */

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

Status append(PyObject *list, PyObject *item)
{
    const int failed = !item || PyList_Append(list, item);
    Py_XDECREF(item);
    return failed ? PYTHON_ERROR : OK;
}

/* Annotate texts [count] as one batch, and append their results. */
static Status annotate_group(SpanModel *model, Text *texts, size_t count, const Callbacks *callbacks,
                             AppendResults append_results, PyObject *results)
{
    Batch batch;
    PyThreadState *thread = PyEval_SaveThread();
    Status status = batch_begin(&batch, model, texts, count);
    if (status == OK) status = run_batch(&batch, callbacks, &thread);
    PyEval_RestoreThread(thread);
    if (status == OK) status = append_results(results, &batch);
    batch_end(&batch);
    return status;
}

/* Borrow what restricts the entities of a text: None, or bytes that hold ascending `Bound`s. */
static Status read_bounds(Text *text, PyObject *bounds)
{
    if (bounds == Py_None) return OK;
    if (!PyBytes_Check(bounds) || PyBytes_Size(bounds) % (Py_ssize_t)sizeof(Bound))
        return bad_value("the bounds of a text must be bytes of pairs of integers");
    text->bounds = PyBytes_AsString(bounds);
    text->bound_count = (size_t)PyBytes_Size(bounds) / sizeof(Bound);
    uint32_t before = 0;
    for (size_t i = 0; i < text->bound_count; i++) {
        Bound bound;
        memcpy(&bound, text->bounds + i * sizeof(bound), sizeof(bound));
        if (bound.start < before) return bad_value("the bounds of a text must ascend");
        before = bound.start;
    }
    return OK;
}

/* Borrow the bounds of texts, one each or none at all. texts: [count] */
static Status read_all_bounds(Text *texts, Py_ssize_t count, PyObject *bounds)
{
    if (bounds == Py_None) return OK;
    if (!PyTuple_Check(bounds) || PyTuple_Size(bounds) != count)
        return bad_value("there must be a tuple with the bounds of each text");
    Status status = OK;
    for (Py_ssize_t i = 0; i < count && status == OK; i++) status = read_bounds(&texts[i], PyTuple_GetItem(bounds, i));
    return status;
}

/* Borrow the UTF-8 of strings, which keep it alive. texts: [the size of the tuple] */
static Status read_texts(Text *texts, PyObject *strings, const char *wanted)
{
    for (Py_ssize_t i = 0; i < PyTuple_Size(strings); i++) {
        const Status status = borrow_utf8(PyTuple_GetItem(strings, i), &texts[i].utf8, &texts[i].size);
        if (status != OK) return status;
        texts[i].wanted = (unsigned char)wanted[i];
    }
    return OK;
}

/* Annotate texts [count], in groups of about GROUP_BYTES. */
static Status annotate_groups(SpanModel *model, Text *texts, size_t count, const Callbacks *callbacks,
                              AppendResults append_results, PyObject *results)
{
    for (size_t first = 0, last = 0; first < count; first = last) {
        size_t bytes = 0;
        while (last < count && bytes < GROUP_BYTES) bytes += texts[last++].size;
        const Status status = annotate_group(model, texts + first, last - first, callbacks, append_results, results);
        if (status != OK) return status;
    }
    return OK;
}

PyObject *annotate_texts(SpanModel *model, PyObject *args, AppendResults append_results)
{
    PyObject *strings, *bounds = Py_None;
    const char *wanted;
    Py_ssize_t wanted_size;
    Callbacks callbacks = {NULL, NULL};
    if (!PyArg_ParseTuple(args, "O!y#O|OO", &PyTuple_Type, &strings, &wanted, &wanted_size, &callbacks.describe,
                          &callbacks.split, &bounds))
        return NULL;
    if (!callbacks.split && !model->has_tokenizer)
        return raise_status(bad_value("without a tokenizer, runs must be split by the caller"));
    const Py_ssize_t count = PyTuple_Size(strings);
    if (wanted_size != count) return raise_status(bad_value("there must be one byte of what is wanted for each text"));
    Text *texts = calloc((size_t)count + 1, sizeof(*texts));
    if (!texts) return raise_status(NO_MEMORY);
    PyObject *results = PyList_New(0);
    Status status = results ? OK : PYTHON_ERROR;
    if (status == OK) status = read_texts(texts, strings, wanted);
    if (status == OK) status = read_all_bounds(texts, count, bounds);
    if (status == OK) status = annotate_groups(model, texts, (size_t)count, &callbacks, append_results, results);
    free(texts);
    if (status == OK) return results;
    Py_XDECREF(results);
    return raise_status(status);
}
