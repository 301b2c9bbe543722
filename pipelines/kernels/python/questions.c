/* Python asked for tokens and their descriptions, and its answers checked; see questions.h. */
#include "python/questions.h"

#include "python/arguments.h"
#include "python/batch_run.h"
#include "python/exceptions.h"

/* Call a function with a list, to which the reference is dropped. */
static Status call(PyObject *function, PyObject *list, Status status, PyObject **answer)
{
    if (status == OK) *answer = PyObject_CallFunctionObjArgs(function, list, NULL);
    Py_XDECREF(list);
    return status == OK && !*answer ? PYTHON_ERROR : status;
}

/* ---- tokens ---- */

static size_t code_points(const Key *key)
{
    size_t count = 0;
    for (size_t i = 0; i < key->size; i++) count += ((unsigned char)key->utf8[i] & 0xc0) != 0x80;
    return count;
}

/* Check that there are as many counts and tokens as asked for, and that the tokens of every question lie in its run, one
   after the other. sizes: [2], bytes of each */
static Status check_tokens(const Batch *batch, const SplitAnswer *answer, const Py_ssize_t *sizes)
{
    const Workspace *work = batch->work;
    const size_t asked = work->question_count - work->answered;
    size_t total = 0;
    if ((size_t)sizes[0] != asked * sizeof(int32_t))
        return bad_value("tokens do not fit what was asked: %zu counts were expected", asked);
    for (size_t q = 0; q < asked; q++) {
        if (answer->counts[q] < 0) return bad_value("tokens do not fit what was asked: a count is negative");
        total += (size_t)answer->counts[q];
    }
    if ((size_t)sizes[1] != total * SPLIT_COLUMNS * sizeof(uint32_t))
        return bad_value("tokens do not fit what was asked: there must be %zu", total);
    const uint32_t *column = answer->columns;
    for (size_t q = 0; q < asked; q++) {
        const size_t length = code_points(&work->questions[work->answered + q].key);
        size_t before = 0;
        for (int32_t t = 0; t < answer->counts[q]; t++, column += SPLIT_COLUMNS) {
            const size_t last = (size_t)column[0] + column[1];
            if (column[0] < before || last > length)
                return bad_value("tokens do not fit what was asked: a token lies outside of its run");
            if (column[2] > batch->model->norm_count || column[3] >= 1u << (32 - EXCEPTION_WORD_SHIFT))
                return bad_value("tokens do not fit what was asked: a norm or a word has no such number");
            before = last;
        }
    }
    return OK;
}

Status ask_for_tokens(Batch *batch, PyObject *split)
{
    const Workspace *work = batch->work;
    PyObject *list = PyList_New(0), *found = NULL;
    Status status = list ? OK : PYTHON_ERROR;
    for (size_t q = work->answered; q < work->question_count && status == OK; q++) {
        const Key *key = &work->questions[q].key;
        status = append(list, Py_BuildValue("(s#I)", key->utf8, (Py_ssize_t)key->size, (unsigned int)key->mode));
    }
    status = call(split, list, status, &found);
    const char *counts, *columns;
    Py_ssize_t sizes[2];
    if (status == OK) status = parse_tuple(found, "tokens", "y#y#", &counts, &sizes[0], &columns, &sizes[1]);
    if (status == OK) {
        const SplitAnswer answer = {(const int32_t *)counts, (const uint32_t *)columns};
        status = check_tokens(batch, &answer, sizes);
        if (status == OK) status = batch_take_split(batch, &answer);
    }
    Py_XDECREF(found);
    return status;
}

/* ---- descriptions ---- */

/* Check that there are as many flags and attributes as asked for. sizes: [2], bytes of each */
static Status check_description(const SpanModel *model, const Py_ssize_t *sizes, size_t count)
{
    if ((size_t)sizes[0] != count * sizeof(uint32_t) || (size_t)sizes[1] != count * model->columns * sizeof(uint64_t))
        return bad_value("a description does not fit what was asked: its arrays do not have %zu tokens", count);
    return OK;
}

Status ask_for_descriptions(Batch *batch, PyObject *describe, size_t first, size_t most)
{
    const Workspace *work = batch->work;
    const size_t count = work->asked_count - first < most ? work->asked_count - first : most;
    PyObject *list = PyList_New(0), *found = NULL;
    Status status = list ? OK : PYTHON_ERROR;
    for (size_t i = 0; i < count && status == OK; i++) {
        const Key *key = &work->lexemes[work->asked[first + i]].key;
        status = append(list, PyUnicode_FromStringAndSize(key->utf8, (Py_ssize_t)key->size));
    }
    status = call(describe, list, status, &found);
    const char *flags, *attributes;
    Py_ssize_t sizes[2];
    if (status == OK) status = parse_tuple(found, "a description", "y#y#", &flags, &sizes[0], &attributes, &sizes[1]);
    if (status == OK) status = check_description(batch->model, sizes, count);
    if (status == OK) {
        const Description description = {(const uint32_t *)flags, (const uint64_t *)attributes, count};
        status = batch_describe(batch, first, &description);
    }
    Py_XDECREF(found);
    return status;
}
