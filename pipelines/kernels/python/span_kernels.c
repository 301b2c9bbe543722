/* The Python module `spanwise.pipelines.kernels._kernels`: the types `Engine`, and `Sentiment` of sentiment_module.c. Uses Python's stable interface (abi3) alone. */
#include "python/sentiment_kernels.h"
#include "python/span_spec.h"

#include <string.h>

enum { GROUP_BYTES = 1 << 16 }; /* texts that are worked on together: bounds the memory of one call */

typedef struct {
    PyObject_HEAD
    Engine engine;
    const Instructions *instructions;
} EngineObject;

static PyObject *new_engine(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"columns", "static_values", "entities",     "sentences",
                            "pairs",   "lexicon_bytes", "instructions", NULL};
    Py_ssize_t columns, static_values, lexicon_bytes;
    PyObject *entities, *sentences, *pairs;
    const char *instructions = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "nnOOOn|z", names, &columns, &static_values, &entities, &sentences,
                                     &pairs, &lexicon_bytes, &instructions))
        return NULL;
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    EngineObject *self = (EngineObject *)allocate(type, 0);
    if (!self) return NULL;
    Engine *engine = &self->engine;
    self->instructions = instructions ? named_instructions(instructions) : best_instructions();
    engine->columns = (size_t)columns;
    engine->static_values = (size_t)static_values;
    int failed = 0;
    if (!self->instructions) {
        PyErr_SetString(PyExc_ValueError, "this processor does not have these instructions");
        failed = 1;
    }
    if (!failed && entities != Py_None) {
        PyObject *network, *decoder;
        engine->has_entities = 1;
        failed = !PyArg_ParseTuple(entities, "OO", &network, &decoder) ||
                 read_network(&engine->entity_network, network, self->instructions) ||
                 read_decoder(&engine->decoder, decoder, self->instructions);
    }
    failed = failed || read_sentences(engine, sentences, self->instructions) || read_pairs(engine, pairs);
    if (!failed && engine_prepare(engine, (size_t)lexicon_bytes)) {
        PyErr_NoMemory();
        failed = 1;
    }
    if (!failed) return (PyObject *)self;
    Py_DECREF(self);
    return NULL;
}

static void free_engine(PyObject *self)
{
    PyTypeObject *type = Py_TYPE(self);
    engine_free(&((EngineObject *)self)->engine);
    freefunc release = (freefunc)PyType_GetSlot(type, Py_tp_free);
    release(self);
    Py_DECREF(type);
}

typedef struct {
    PyObject *answer; /* keeps the arrays alive */
    Description description;
} Described;

/* Ask Python for what is neither known nor recalled: describe([(string, mode), ...]) -> (counts, tokens, attributes, statics), bytes each. */
static int ask(Batch *batch, PyObject *describe, Described *described)
{
    const Workspace *work = batch->work;
    const Engine *engine = batch->engine;
    PyObject *questions = PyList_New(0);
    if (!questions) return -1;
    for (size_t r = 0; r < work->request_count; r++) {
        const Request *request = &work->requests[r];
        if (request->recalled) continue;
        PyObject *question = Py_BuildValue("(s#I)", batch->texts[request->text].utf8 + request->offset,
                                           (Py_ssize_t)request->size, (unsigned int)request->mode);
        const int failed = !question || PyList_Append(questions, question);
        Py_XDECREF(question);
        if (failed) {
            Py_DECREF(questions);
            return -1;
        }
    }
    const size_t asked = (size_t)PyList_Size(questions);
    described->answer = PyObject_CallFunctionObjArgs(describe, questions, NULL);
    Py_DECREF(questions);
    if (!described->answer) return -1;
    Py_ssize_t sizes[4];
    const char *counts, *tokens, *attributes, *statics;
    if (!PyArg_ParseTuple(described->answer, "y#y#y#y#", &counts, &sizes[0], &tokens, &sizes[1], &attributes, &sizes[2],
                          &statics, &sizes[3]))
        return -1;
    Description *description = &described->description;
    *description = (Description){(const int32_t *)counts,
                                 (const Token *)tokens,
                                 (const uint64_t *)attributes,
                                 (const float *)statics,
                                 (size_t)sizes[0] / sizeof(int32_t),
                                 (size_t)sizes[1] / sizeof(Token)};
    int64_t total = 0;
    for (size_t r = 0; r < description->requests; r++) total += description->counts[r];
    if (description->requests != asked || (size_t)total != description->token_count ||
        (size_t)sizes[2] != description->token_count * engine->columns * sizeof(uint64_t) ||
        (size_t)sizes[3] != description->token_count * engine->static_values * sizeof(float)) {
        PyErr_SetString(PyExc_ValueError, "a description does not fit what was asked");
        return -1;
    }
    return 0;
}

static int is_asking(const Batch *batch)
{
    for (size_t r = 0; r < batch->work->request_count; r++)
        if (!batch->work->requests[r].recalled) return 1;
    return 0;
}

/* Answer the batch's requests. Called and left without the GIL. Returns 0; -1: no memory; -2: an exception is set. */
static int learn(Batch *batch, PyObject *describe, PyThreadState **thread)
{
    if (!batch->work->request_count) return 0;
    Described described = {0};
    int failed = 0;
    if (is_asking(batch)) {
        PyEval_RestoreThread(*thread);
        failed = ask(batch, describe, &described) ? -2 : 0;
        *thread = PyEval_SaveThread();
    }
    if (!failed) failed = batch_learn(batch, &described.description);
    if (described.answer) {
        PyEval_RestoreThread(*thread);
        Py_DECREF(described.answer);
        *thread = PyEval_SaveThread();
    }
    return failed;
}

static PyObject *results_of(const Batch *batch)
{
    const Workspace *work = batch->work;
    PyObject *results = PyList_New((Py_ssize_t)batch->count);
    size_t e = 0, s = 0;
    for (size_t t = 0; results && t < batch->count; t++) {
        PyObject *entities = PyList_New(0), *sentences = PyList_New(0);
        int failed = !entities || !sentences;
        for (; !failed && e < work->entities.count && work->entities.items[e].text == t; e++) {
            const Entity *entity = &work->entities.items[e];
            PyObject *item =
                Py_BuildValue("(IIid)", entity->first, entity->last, entity->label, (double)entity->probability);
            failed = !item || PyList_Append(entities, item);
            Py_XDECREF(item);
        }
        for (; !failed && s < work->sentence_count && work->sentences[s].text == t; s++) {
            PyObject *item = Py_BuildValue("(II)", work->sentences[s].start, work->sentences[s].end);
            failed = !item || PyList_Append(sentences, item);
            Py_XDECREF(item);
        }
        PyObject *result = failed ? NULL : PyTuple_Pack(2, entities, sentences);
        Py_XDECREF(entities);
        Py_XDECREF(sentences);
        if (!result || PyList_SetItem(results, (Py_ssize_t)t, result)) Py_CLEAR(results);
    }
    return results;
}

static PyObject *annotate_group(Engine *engine, Text *texts, size_t count, PyObject *describe)
{
    Batch batch;
    PyObject *results = NULL;
    PyThreadState *thread = PyEval_SaveThread();
    int failed = batch_begin(&batch, engine, texts, count);
    if (!failed) failed = batch_read(&batch);
    if (!failed) failed = learn(&batch, describe, &thread);
    if (!failed) failed = batch_join(&batch);
    if (!failed) failed = learn(&batch, describe, &thread);
    if (!failed) failed = batch_compute(&batch);
    PyEval_RestoreThread(thread);
    if (!failed) results = results_of(&batch);
    batch_end(&batch);
    if (failed == -1) PyErr_NoMemory();
    return results;
}

static PyObject *annotate(PyObject *self, PyObject *args)
{
    PyObject *strings, *describe;
    const char *wanted;
    Py_ssize_t wanted_size;
    if (!PyArg_ParseTuple(args, "O!y#O", &PyTuple_Type, &strings, &wanted, &wanted_size, &describe)) return NULL;
    const Py_ssize_t count = PyTuple_Size(strings);
    if (wanted_size != count) {
        PyErr_SetString(PyExc_ValueError, "there must be one byte of what is wanted for each text");
        return NULL;
    }
    Text *texts = PyMem_Calloc((size_t)count + 1, sizeof(*texts));
    if (!texts) return PyErr_NoMemory();
    PyObject *results = PyList_New(0);
    Py_ssize_t first = 0;
    size_t bytes = 0;
    for (Py_ssize_t i = 0; results && i <= count; i++) {
        if (i == count || bytes >= GROUP_BYTES) {
            PyObject *group =
                annotate_group(&((EngineObject *)self)->engine, texts + first, (size_t)(i - first), describe);
            if (!group || PyList_SetSlice(results, first, first, group)) Py_CLEAR(results);
            Py_XDECREF(group);
            first = i;
            bytes = 0;
        }
        if (results && i < count) {
            Py_ssize_t size;
            texts[i].utf8 = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(strings, i), &size);
            texts[i].wanted = wanted[i];
            if (!texts[i].utf8) {
                Py_CLEAR(results);
            } else {
                texts[i].size = (size_t)size;
                bytes += (size_t)size;
            }
        }
    }
    PyMem_Free(texts);
    return results;
}

static PyObject *get_instructions(PyObject *self, void *Py_UNUSED(closure))
{
    return PyUnicode_FromString(((EngineObject *)self)->instructions->name);
}

static PyObject *get_turnovers(PyObject *self, void *Py_UNUSED(closure))
{
    return PyLong_FromUnsignedLongLong(atomic_load(&((EngineObject *)self)->engine.lexicon.turnovers));
}

static PyMethodDef methods[] = {
    {"annotate", annotate, METH_VARARGS,
     "annotate(texts, wanted, describe) -> [([(start, end, label, probability), ...], [(start, end), ...]), ...]\n\n"
     "`texts` is a tuple; `wanted` has a byte for each text: 1 entities, 2 sentences. Positions are code points. Any number of threads may call."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"instructions", get_instructions, NULL, "The instruction set of the matrix kernels.", NULL},
    {"turnovers", get_turnovers, NULL, "How often the lexicon has begun a new generation.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc, "Entities and sentences of texts, computed without the GIL from a model's weights."},
    {Py_tp_new, new_engine},
    {Py_tp_dealloc, free_engine},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

static PyType_Spec engine_spec = {"spanwise.pipelines.kernels._kernels.Engine", sizeof(EngineObject), 0,
                                  Py_TPFLAGS_DEFAULT, slots};

static int execute(PyObject *module)
{
    PyType_Spec *specs[] = {&engine_spec, &sentiment_type};
    int failed = 0;
    for (size_t i = 0; i < sizeof(specs) / sizeof(*specs) && !failed; i++) {
        PyObject *type = PyType_FromModuleAndSpec(module, specs[i], NULL);
        failed = !type || PyModule_AddType(module, (PyTypeObject *)type);
        Py_XDECREF(type);
    }
    return failed ? -1 : 0;
}

static PyModuleDef_Slot module_slots[] = {{Py_mod_exec, execute}, {0, NULL}};

static struct PyModuleDef definition = {PyModuleDef_HEAD_INIT,
                                        "_kernels",
                                        "Numeric kernels of the compiled engine.",
                                        0,
                                        NULL,
                                        module_slots,
                                        NULL,
                                        NULL,
                                        NULL};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&definition); }
