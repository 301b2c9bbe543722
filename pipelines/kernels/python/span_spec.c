/* The networks, rules and tables of a span model, read; see span_spec.h. */
#include "python/span_spec.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/categorizer_spec.h"
#include "python/classifier_spec.h"
#include "python/decoder_spec.h"
#include "python/exceptions.h"
#include "python/layer_spec.h"
#include "python/ruler_spec.h"
#include "python/token_spec.h"
#include "python/tokenizer_spec.h"

enum { MOST_COLUMNS = 1 << 10 };
enum { SMALLEST_LEXICON = 1 << 12 };
static const Py_ssize_t LARGEST_LEXICON = (Py_ssize_t)1 << 36;

/* Read (weights [rows, values], seed, column). */
static Status read_table(HashTable *table, PyObject *spec, size_t columns)
{
    PyObject *weights;
    unsigned int seed;
    Py_ssize_t column;
    Status status = parse_tuple(spec, "a table of embeddings", "OIn", &weights, &seed, &column);
    if (status != OK) return status;
    if (column < 0 || (size_t)column >= columns)
        return bad_value("a table of embeddings reads column %zd of %zu", column, columns);
    Floats floats = {0};
    status = floats_borrow(&floats, weights, 2, "a table of embeddings");
    if (status == OK) {
        const size_t rows = floats.shape[0], values = floats.shape[1];
        *table = (HashTable){malloc(rows * values * sizeof(float)), (uint32_t)rows, seed, (uint32_t)column, values};
        if (table->table)
            memcpy(table->table, floats.data, rows * values * sizeof(float));
        else
            status = NO_MEMORY;
    }
    floats_release(&floats);
    return status;
}

static Status read_tables(Network *network, PyObject *tables, size_t columns)
{
    const size_t count = (size_t)PyTuple_Size(tables);
    network->tables = calloc(count + 1, sizeof(*network->tables));
    if (!network->tables) return NO_MEMORY;
    for (; network->table_count < count; network->table_count++) {
        PyObject *spec = PyTuple_GetItem(tables, (Py_ssize_t)network->table_count);
        const Status status = read_table(&network->tables[network->table_count], spec, columns);
        if (status != OK) return status;
    }
    return OK;
}

/* Read None, or the layer that projects static vectors. */
static Status read_projection(Network *network, PyObject *spec, const SpanModel *model,
                              const Instructions *instructions)
{
    if (spec == Py_None) return OK;
    if (!model->statics.values) return bad_value("a network reads static vectors, of which there are none");
    return read_plain_layer(&network->projection, &network->static_values, spec, instructions, model->statics.values, 1,
                            "the projection of static vectors");
}

Status read_network(Network *network, PyObject *spec, const SpanModel *model, const Instructions *instructions)
{
    PyObject *tables, *projection, *mix, *convolutions;
    Py_ssize_t window;
    Status status = parse_tuple(spec, "a network", "O!OOO!n", &PyTuple_Type, &tables, &projection, &mix, &PyTuple_Type,
                                &convolutions, &window);
    if (status != OK) return status;
    if (window < 0) return bad_value("the window of a network must not be negative");
    network->window = (size_t)window;
    status = read_projection(network, projection, model, instructions);
    if (status == OK) status = read_tables(network, tables, model->columns);
    if (status != OK) return status;
    size_t inputs = network->static_values;
    for (size_t t = 0; t < network->table_count; t++) inputs += network->tables[t].values;
    status = read_layer(&network->mix, mix, instructions, inputs, 1, "the layer that mixes embeddings");
    if (status != OK) return status;
    network->width = network->mix.values;
    return read_convolutions(network, convolutions, instructions);
}

/* Read None, or (network, decoder). */
static Status read_entities(SpanModel *model, PyObject *spec, const Instructions *instructions)
{
    PyObject *network, *decoder;
    if (spec == Py_None) return OK;
    Status status = parse_tuple(spec, "what finds entities", "OO", &network, &decoder);
    if (status != OK) return status;
    model->has_entities = 1;
    status = read_network(&model->entity_network, network, model, instructions);
    if (status != OK) return status;
    return read_decoder(&model->decoder, decoder, model->entity_network.width, instructions);
}

/* Read None, "rules", or (network, classes). */
static Status read_sentences(SpanModel *model, PyObject *spec, const Instructions *instructions)
{
    PyObject *network, *classes;
    if (spec == Py_None) return OK;
    if (PyUnicode_Check(spec)) {
        if (PyUnicode_CompareWithASCIIString(spec, "rules")) return bad_value("sentences are found by %R", spec);
        model->sentence_kind = SENTENCES_RULES;
        return OK;
    }
    Status status = parse_tuple(spec, "what finds sentences", "OO", &network, &classes);
    if (status != OK) return status;
    model->sentence_kind = SENTENCES_NETWORK;
    status = read_network(&model->sentence_network, network, model, instructions);
    if (status != OK) return status;
    size_t outputs = 0;
    status = read_plain_layer(&model->sentence_classes, &outputs, classes, instructions, model->sentence_network.width,
                              1, "the layer of sentence classes");
    if (status != OK) return status;
    return outputs == 2 ? OK : bad_value("there must be 2 sentence classes, not %zu", outputs);
}

/* Read bytes of 32-bit integers, which must ascend. */
static Status read_pairs(SpanModel *model, PyObject *spec)
{
    const Py_ssize_t size = PyBytes_Check(spec) ? PyBytes_Size(spec) : 0;
    int32_t *copy = NULL;
    const Status status = copy_integers(&copy, spec, (size_t)size / sizeof(*copy), "the pairs of words");
    if (status != OK) return status;
    model->pairs = (uint32_t *)copy;
    model->pair_count = (size_t)size / sizeof(*copy);
    for (size_t i = 1; i < model->pair_count; i++)
        if (model->pairs[i - 1] >= model->pairs[i]) return bad_value("the pairs of words must ascend");
    return OK;
}

/* Read what depends on how a token was found: the norms of exceptions, and the columns of norm and space. */
static Status read_norms(SpanModel *model, PyObject *norms, Py_ssize_t norm_column, Py_ssize_t space_column)
{
    if (!PyBytes_Check(norms) || PyBytes_Size(norms) % (Py_ssize_t)sizeof(*model->norms))
        return bad_value("the norms of exceptions must be bytes of integers of 64 bits");
    const size_t size = (size_t)PyBytes_Size(norms);
    model->norms = malloc(size + 1);
    if (!model->norms) return NO_MEMORY;
    memcpy(model->norms, PyBytes_AsString(norms), size);
    model->norm_count = size / sizeof(*model->norms);
    const Py_ssize_t columns = (Py_ssize_t)model->columns;
    if (norm_column < NO_COLUMN || norm_column >= columns || space_column < NO_COLUMN || space_column >= columns)
        return bad_value("a norm or a space is column %zd or %zd of %zd", norm_column, space_column, columns);
    model->norm_column = (int32_t)norm_column;
    model->space_column = (int32_t)space_column;
    return OK;
}

static Status read_optional_tokenizer(SpanModel *model, PyObject *spec)
{
    if (spec == Py_None) return OK;
    model->has_tokenizer = 1;
    return read_tokenizer(&model->tokenizer, spec, model->norm_count);
}

Status read_span_model(SpanModel *model, StaticBuffers *buffers, const Instructions **instructions, PyObject *args,
                       PyObject *kwargs)
{
    static char *names[] = {"columns",       "statics",   "entities", "sentences",   "categories",   "pairs",
                            "lexicon_bytes", "tokenizer", "norms",    "norm_column", "space_column", "instructions",
                            "tokens",        "spans",     "rulers",   NULL};
    Py_ssize_t columns, lexicon_bytes, norm_column, space_column;
    PyObject *statics, *entities, *sentences, *categories, *pairs, *tokenizer, *norms;
    PyObject *tokens = Py_None, *spans = NULL, *rulers = Py_None;
    const char *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "nOOOOOnOOnn|zOOO", names, &columns, &statics, &entities, &sentences,
                                     &categories, &pairs, &lexicon_bytes, &tokenizer, &norms, &norm_column,
                                     &space_column, &name, &tokens, &spans, &rulers))
        return PYTHON_ERROR;
    if (columns < 0 || columns > MOST_COLUMNS) return bad_value("columns must be from 0 to %d", MOST_COLUMNS);
    if (lexicon_bytes < SMALLEST_LEXICON || lexicon_bytes > LARGEST_LEXICON)
        return bad_value("lexicon_bytes must be from %d to %zd", SMALLEST_LEXICON, LARGEST_LEXICON);
    model->columns = (size_t)columns;
    Status status = read_instructions(instructions, name);
    if (status == OK) status = read_statics(&model->statics, buffers, statics, model->columns);
    if (status != OK) return status;
    status = read_entities(model, entities, *instructions);
    if (status != OK) return status;
    status = read_sentences(model, sentences, *instructions);
    if (status != OK) return status;
    status = read_token_networks(model, tokens, *instructions);
    if (status != OK) return status;
    status = read_classifiers(model, categories, *instructions);
    if (status != OK) return status;
    if (spans) status = read_categorizers(model, spans, *instructions);
    if (status != OK) return status;
    status = read_rulers(&model->rulers, rulers, model->columns);
    if (status != OK) return status;
    status = read_pairs(model, pairs);
    if (status != OK) return status;
    status = read_norms(model, norms, norm_column, space_column);
    if (status != OK) return status;
    status = read_optional_tokenizer(model, tokenizer);
    if (status != OK) return status;
    return span_model_prepare(model, (size_t)lexicon_bytes);
}
