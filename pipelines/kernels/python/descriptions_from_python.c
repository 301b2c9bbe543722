/* Python asked for runs, and its answers checked; see descriptions_from_python.h. */
#include "python/descriptions_from_python.h"

#include "python/arguments.h"
#include "python/exceptions.h"

int is_asking(const Batch *batch)
{
    for (size_t q = 0; q < batch->work->question_count; q++)
        if (!batch->work->questions[q].recalled) return 1;
    return 0;
}

static Status append_question(PyObject *list, const Question *question)
{
    PyObject *item =
        Py_BuildValue("(s#I)", question->key.utf8, (Py_ssize_t)question->key.size, (unsigned int)question->key.mode);
    const int failed = !item || PyList_Append(list, item);
    Py_XDECREF(item);
    return failed ? PYTHON_ERROR : OK;
}

/* Call `describe` with a list of questions. */
static Status call(const Batch *batch, PyObject *describe, PyObject **answer)
{
    PyObject *list = PyList_New(0);
    if (!list) return PYTHON_ERROR;
    Status status = OK;
    for (size_t q = 0; q < batch->work->question_count && status == OK; q++)
        if (!batch->work->questions[q].recalled) status = append_question(list, &batch->work->questions[q]);
    if (status == OK) *answer = PyObject_CallFunctionObjArgs(describe, list, NULL);
    Py_DECREF(list);
    return status == OK && !*answer ? PYTHON_ERROR : status;
}

static size_t code_points(const Key *key)
{
    size_t count = 0;
    for (size_t i = 0; i < key->size; i++) count += ((unsigned char)key->utf8[i] & 0xc0) != 0x80;
    return count;
}

/* Check that the tokens of every question lie in its run, one after the other. */
static Status check_tokens(const Batch *batch, const Description *description)
{
    const Token *token = description->tokens;
    for (size_t q = 0, answered = 0; q < batch->work->question_count; q++) {
        const Question *question = &batch->work->questions[q];
        if (question->recalled) continue;
        const Token *end = token + description->counts[answered++];
        const size_t length = code_points(&question->key);
        for (size_t before = 0; token < end; token++) {
            const size_t last = (size_t)token->start + token->length;
            if (token->start < before || last > length)
                return bad_value("a description does not fit what was asked: a token lies outside of its run");
            before = last;
        }
    }
    return OK;
}

/* Check that there are as many counts, tokens, attributes and vectors as asked for. sizes: [4], bytes of each */
static Status check_sizes(const Batch *batch, const Description *description, const Py_ssize_t *sizes)
{
    size_t asked = 0, total = 0;
    for (size_t q = 0; q < batch->work->question_count; q++) asked += !batch->work->questions[q].recalled;
    if ((size_t)sizes[0] != asked * sizeof(int32_t))
        return bad_value("a description does not fit what was asked: %zu counts were expected", asked);
    for (size_t q = 0; q < asked; q++) {
        if (description->counts[q] < 0)
            return bad_value("a description does not fit what was asked: a count is negative");
        total += (size_t)description->counts[q];
    }
    if ((size_t)sizes[1] != total * sizeof(Token) ||
        (size_t)sizes[2] != total * batch->model->columns * sizeof(uint64_t) ||
        (size_t)sizes[3] != total * batch->model->static_values * sizeof(float))
        return bad_value("a description does not fit what was asked: its arrays do not have %zu tokens", total);
    return OK;
}

Status ask_python(const Batch *batch, PyObject *describe, PyObject **answer, Description *description)
{
    Status status = call(batch, describe, answer);
    if (status != OK) return status;
    const char *counts, *tokens, *attributes, *statics;
    Py_ssize_t sizes[4];
    status = parse_tuple(*answer, "a description", "y#y#y#y#", &counts, &sizes[0], &tokens, &sizes[1], &attributes,
                         &sizes[2], &statics, &sizes[3]);
    if (status != OK) return status;
    *description = (Description){
        (const int32_t *)counts,
        (const Token *)tokens,
        (const uint64_t *)attributes,
        (const float *)statics,
        (size_t)sizes[0] / sizeof(int32_t),
        (size_t)sizes[1] / sizeof(Token),
    };
    status = check_sizes(batch, description, sizes);
    return status == OK ? check_tokens(batch, description) : status;
}
