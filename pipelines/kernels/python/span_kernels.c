/* The Python type `SpanKernels`: texts in; entities, sentences, scores of categories and labelled spans out, or tokens (token_results.c).

The GIL is released from the first step of a batch to its last, but while Python describes tokens that are not known. */
#include "python/arguments.h"
#include "python/batch_run.h"
#include "python/exceptions.h"
#include "python/kernel_types.h"
#include "python/match_results.h"
#include "python/span_spec.h"
#include "python/token_results.h"

typedef struct {
    PyObject_HEAD
    SpanModel model;
    StaticBuffers statics; /* that the model borrows */
    const Instructions *instructions;
} SpanKernels;

static PyObject *new_kernels(PyTypeObject *type, PyObject *args, PyObject *kwargs)
{
    allocfunc allocate = (allocfunc)PyType_GetSlot(type, Py_tp_alloc);
    SpanKernels *self = (SpanKernels *)allocate(type, 0);
    if (!self) return NULL;
    const Status status = read_span_model(&self->model, &self->statics, &self->instructions, args, kwargs);
    if (status == OK) return (PyObject *)self;
    Py_DECREF(self);
    return raise_status(status);
}

static void free_kernels(PyObject *self)
{
    span_model_free(&((SpanKernels *)self)->model);
    static_buffers_release(&((SpanKernels *)self)->statics);
    free_object(self);
}

/* Let other threads have the GIL now and then, while many results are built. */
static void give_way(size_t done)
{
    if (done % SLICE != SLICE - 1) return;
    PyThreadState *thread = PyEval_SaveThread();
    PyEval_RestoreThread(thread);
}

/* Append the scores of a text, of all classifiers in order. */
static Status append_scores(PyObject *list, const Batch *batch, size_t text)
{
    const size_t count = batch->texts[text].wanted & WANT_CATEGORIES ? batch->model->category_count : 0;
    Status status = OK;
    for (size_t c = text * count; c < (text + 1) * count && status == OK; c++) {
        give_way(c);
        status = append(list, PyFloat_FromDouble((double)batch->work->category_scores[c]));
    }
    return status;
}

/* The first spans of a batch that do not belong to an earlier text. */
typedef struct {
    size_t entity, sentence, labelled, match;
} Cursor;

/* Append (start, end, label, score) for each labelled span of a text. */
static Status append_labelled(PyObject *list, const Workspace *work, size_t text, Cursor *next)
{
    Status status = OK;
    for (; status == OK && next->labelled < work->labelled_count; next->labelled++) {
        const LabelledSpan *span = &work->labelled_spans[next->labelled];
        if (span->text != text) break;
        give_way(next->labelled);
        status = append(list, Py_BuildValue("(IIid)", span->start, span->end, (int)span->label, (double)span->score));
    }
    return status;
}

/* Append ([(start, end, label, probability), ...], [(start, end), ...], [score, ...], [(start, end, label, score), ...],
   matches) for a text: entities, sentences, categories, labelled spans, matches of rulers. `next` is moved on. */
static Status append_result(PyObject *results, const Batch *batch, size_t text, Cursor *next)
{
    const Workspace *work = batch->work;
    PyObject *entities = PyList_New(0), *sentences = PyList_New(0), *scores = PyList_New(0), *labelled = PyList_New(0);
    PyObject *matches = matches_of(batch, text, &next->match);
    Status status = entities && sentences && scores && labelled && matches ? OK : PYTHON_ERROR;
    size_t *entity = &next->entity, *sentence = &next->sentence;
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
    if (status == OK) status = append_scores(scores, batch, text);
    if (status == OK) status = append_labelled(labelled, work, text, next);
    if (status == OK) status = append(results, PyTuple_Pack(5, entities, sentences, scores, labelled, matches));
    Py_XDECREF(entities);
    Py_XDECREF(sentences);
    Py_XDECREF(scores);
    Py_XDECREF(labelled);
    Py_XDECREF(matches);
    return status;
}

/* Append the results of all texts of a batch. */
static Status append_results(PyObject *results, const Batch *batch)
{
    Cursor next = {0};
    Status status = OK;
    for (size_t t = 0; t < batch->count && status == OK; t++) status = append_result(results, batch, t, &next);
    return status;
}

static PyObject *annotate(PyObject *self, PyObject *args)
{
    return annotate_texts(&((SpanKernels *)self)->model, args, append_results);
}

static PyObject *tokens(PyObject *self, PyObject *args)
{
    SpanModel *model = &((SpanKernels *)self)->model;
    if (!model->has_tokens) return raise_status(bad_value("the model finds no tokens"));
    return annotate_texts(model, args, append_tokens);
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

static PyObject *sizes_of(Lexicon *lexicon)
{
    const LexiconSizes sizes = lexicon_sizes(lexicon);
    return Py_BuildValue("(nnnK)", (Py_ssize_t)sizes.records, (Py_ssize_t)sizes.used, (Py_ssize_t)sizes.limit,
                         atomic_load(&lexicon->turnovers));
}

static PyObject *get_tables(PyObject *self, void *Py_UNUSED(closure))
{
    SpanModel *model = &((SpanKernels *)self)->model;
    return Py_BuildValue("{sNsN}", "embeddings", sizes_of(&model->lexicon), "descriptions",
                         sizes_of(&model->descriptions));
}

static PyMethodDef methods[] = {
    {"annotate", annotate, METH_VARARGS,
     "annotate(texts, wanted, describe, split=None, bounds=None) ->\n"
     "    [([(start, end, label, probability), ...], [(start, end), ...], [score, ...],\n"
     "      [(start, end, label, score), ...], matches), ...]\n\n"
     "Entities, sentences, scores of categories, and labelled spans of each text. `texts` is a tuple; `wanted` has a\n"
     "byte for each: WANT_ENTITIES, WANT_SENTENCES, WANT_CATEGORIES, WANT_SPANS, WANT_MATCHES, or-ed; WITHIN_SENTENCES\n"
     "where its entities must keep to the model's own sentences. Positions are code points; scores are those of all classes of all classifiers, labels of spans those of all categorizers.\n"
     "`matches` of the rulers are six uint32 each: ruler, number, first token, last token + 1, start, end; or None where\n"
     "a text has more than MOST_MATCHES of them. `describe` is called for tokens that are not known, and `split` for runs\n"
     "where there is no tokenizer. `bounds` has for each text None or pairs of uint32, ascending: no\n"
     "entity goes on into the token at the first code point, and tokens before the second belong to an entity that is\n"
     "given. Any number of threads may call."},
    {"tokens", tokens, METH_VARARGS,
     "tokens(texts, wanted, describe, split=None) ->\n"
     "    [(counts, starts, ends, spaces, kinds, kind_words, kind_choices, vectors), ...]\n\n"
     "A tuple of bytes for each group of texts that were computed together. `wanted` has WANT_TOKENS for each text, or\n"
     "WANT_TOKENS | WANT_VECTORS. Of each text its number of tokens (uint32). Of each token its start and end in code\n"
     "points, whether a space follows (uint8), and the number of its kind (uint32); tokens of a kind have the same\n"
     "characters and the same classes. Of each kind its first token, by its number in the group, and the classes that\n"
     "were chosen (uint32). `vectors` has a float32 vector for each token, or is empty."},
    {"tokenize", tokenize, METH_O,
     "tokenize(text) -> [(start, end, norm, space), ...]\n\n"
     "The tokens of a text, with the number of the norm that an exception gives, and whether a space follows."},
    {NULL, NULL, 0, NULL},
};

static PyGetSetDef properties[] = {
    {"instructions", get_instructions, NULL, "The instruction set of the matrix kernels.", NULL},
    {"turnovers", get_turnovers, NULL, "How often the lexicon has begun a new generation.", NULL},
    {"tables", get_tables, NULL, "By name of a table: its records, their bytes, the limit of bytes, turnovers.", NULL},
    {NULL, NULL, NULL, NULL, NULL},
};

static PyType_Slot slots[] = {
    {Py_tp_doc,
     "Entities, sentences, categories, labelled spans, matches of rulers and classes of tokens, computed without the GIL."},
    {Py_tp_new, new_kernels},
    {Py_tp_dealloc, free_kernels},
    {Py_tp_methods, methods},
    {Py_tp_getset, properties},
    {0, NULL},
};

PyType_Spec span_kernels_type = {
    "spanwise.pipelines.kernels._kernels.SpanKernels", sizeof(SpanKernels), 0, Py_TPFLAGS_DEFAULT, slots,
};
