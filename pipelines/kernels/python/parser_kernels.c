/* The Python type `ParserKernels`: vectors of tokens in, trees out.

The GIL is released from the first token to the last. */
#include <stdlib.h>

#include "parser/parse.h"
#include "python/arrays.h"
#include "python/exceptions.h"
#include "python/kernel_types.h"
#include "python/parser_spec.h"

typedef struct {
    PyObject_HEAD
    ParserModel model;
    const Instructions *instructions;
} ParserKernels;

/* The arrays of an answer, each for all tokens of all texts. */
enum { HEADS, LABELS, STARTS, LEFT_EDGES, RIGHT_EDGES, ANSWERS };

/* A call's texts, and the bytes that their trees are written to. Begins as zeros. */
typedef struct {
    ParserText *texts; /* [text_count] */
    size_t text_count;
    PyObject *answers[ANSWERS];
} Call;

static PyObject *new_kernels(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    ParserKernels *self = (ParserKernels *)allocate(type, 0);
    if (!self) return NULL;
    const Status status = read_parser_model(&self->model, &self->instructions, args, kwargs);
    if (status == OK) return (PyObject *)self;
    Py_DECREF(self);
    return raise_status(status);
}

static void free_kernels(PyObject *self)
{
    parser_model_free(&((ParserKernels *)self)->model);
    free_object(self);
}

/* Allocate the bytes of an answer for `tokens` tokens. They are written before anybody else sees them. */
static Status make_answers(Call *call, size_t tokens)
{
    for (int i = 0; i < ANSWERS; i++) {
        const size_t size = i == STARTS ? 1 : sizeof(int32_t);
        call->answers[i] = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(tokens * size));
        if (!call->answers[i]) return PYTHON_ERROR;
    }
    return OK;
}

/* Divide the tokens among texts. counts: bytes of uint32, [texts] */
static Status divide(Call *call, PyObject *counts, const Floats *vectors, const char *spaces, const char *starts)
{
    int32_t *lengths = NULL;
    call->text_count = (size_t)PyBytes_Size(counts) / sizeof(*lengths);
    const Status status = copy_integers(&lengths, counts, call->text_count, "the numbers of tokens");
    if (status != OK) return status;
    call->texts = calloc(call->text_count + 1, sizeof(*call->texts));
    size_t first = 0;
    for (size_t i = 0; call->texts && i < call->text_count; i++) {
        const uint32_t length = (uint32_t)lengths[i];
        if (length > vectors->shape[0] - first) break; /* then the sum is another one, too */
        int32_t *const heads = (int32_t *)(void *)PyBytes_AsString(call->answers[HEADS]);
        int32_t *const labels = (int32_t *)(void *)PyBytes_AsString(call->answers[LABELS]);
        int32_t *const left_edges = (int32_t *)(void *)PyBytes_AsString(call->answers[LEFT_EDGES]);
        int32_t *const right_edges = (int32_t *)(void *)PyBytes_AsString(call->answers[RIGHT_EDGES]);
        call->texts[i] = (ParserText){
            .vectors = vectors->data + first * vectors->shape[1],
            .starts = starts ? (const int8_t *)starts + first : NULL,
            .tree = {.length = length,
                     .spaces = (const uint8_t *)spaces + first,
                     .heads = heads + first,
                     .labels = labels + first,
                     .left_edges = left_edges + first,
                     .right_edges = right_edges + first,
                     .starts = (uint8_t *)PyBytes_AsString(call->answers[STARTS]) + first},
        };
        first += length;
    }
    free(lengths);
    if (!call->texts) return NO_MEMORY;
    return first == vectors->shape[0] ? OK : bad_value("the numbers of tokens must add up to %zu", vectors->shape[0]);
}

static Status run(ParserModel *model, Call *call)
{
    Status status;
    Py_BEGIN_ALLOW_THREADS
    status = parse_texts(model, call->texts, call->text_count);
    Py_END_ALLOW_THREADS
    return status;
}

static PyObject *finish(Call *call, Status status)
{
    PyObject *const *answers = call->answers;
    PyObject *result = NULL;
    if (status == OK)
        result = PyTuple_Pack(ANSWERS, answers[HEADS], answers[LABELS], answers[STARTS], answers[LEFT_EDGES],
                              answers[RIGHT_EDGES]);
    for (int i = 0; i < ANSWERS; i++) Py_XDECREF(answers[i]);
    free(call->texts);
    return result ? result : raise_status(status);
}

static PyObject *parse(PyObject *self, PyObject *args)
{
    ParserModel *model = &((ParserKernels *)self)->model;
    PyObject *object, *counts;
    const char *spaces, *starts = NULL;
    Py_ssize_t space_count, start_count = 0;
    if (!PyArg_ParseTuple(args, "OSy#|z#", &object, &counts, &spaces, &space_count, &starts, &start_count)) return NULL;
    Floats vectors = {0};
    Call call = {0};
    Status status = floats_borrow(&vectors, object, 2, "the vectors");
    if (status == OK) status = floats_check(&vectors, "the vectors", (size_t[]){vectors.shape[0], model->width});
    if (status == OK && ((size_t)space_count != vectors.shape[0] || (starts && start_count != space_count)))
        status = bad_value("there must be one byte for each token");
    if (status == OK) status = make_answers(&call, vectors.shape[0]);
    if (status == OK) status = divide(&call, counts, &vectors, spaces, starts);
    if (status == OK) status = run(model, &call);
    PyObject *result = finish(&call, status);
    floats_release(&vectors);
    return result;
}

static PyObject *get_instructions(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(((ParserKernels *)self)->instructions->name);
}

static PyMethodDef methods[] = {
    {"parse", parse, METH_VARARGS,
     "parse(vectors, counts, spaces, starts=None) -> (heads, labels, starts, left_edges, right_edges)\n\n"
     "`vectors` is an array of float32, [tokens, width]: the tokens of all texts, one text after the other. `counts` is\n"
     "bytes of uint32: the tokens of each text. `spaces` has a byte for each token, not 0 for white space; `starts`\n"
     "has one too, as int8: 1 begins a sentence, -1 begins none, 0 is unknown. The answers are bytes: of int32 the\n"
     "heads, labels and edges of subtrees, positions being those within the text; and one byte for each token, 1 where\n"
     "a sentence begins. Any number of threads may call."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"instructions", get_instructions, NULL, "The instruction set of the matrix kernels.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Dependency trees of texts, computed without the GIL from a model's weights."},
    {Py_tp_new, new_kernels},
    {Py_tp_dealloc, free_kernels},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

PyType_Spec parser_kernels_type = {
    "spanwise.pipelines.kernels._kernels.ParserKernels", sizeof(ParserKernels), 0, Py_TPFLAGS_DEFAULT, slots,
};
