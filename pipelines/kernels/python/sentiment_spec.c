/* The tables and networks of a sentiment model, read; see sentiment_spec.h. */
#include "python/sentiment_spec.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/exceptions.h"
#include "python/layer_spec.h"

enum { ASCII = 128, CODE_POINTS = 0x110000 };

/* ---- characters ---- */

static Status read_emoticon(Emoticon *emoticon, PyObject *spec)
{
    const char *utf8;
    Py_ssize_t size;
    const Status status = parse_tuple(spec, "an emoticon", "s#i", &utf8, &size, &emoticon->anywhere);
    if (status != OK) return status;
    if (size < 1 || size > MAX_EMOTICON || (unsigned char)utf8[0] >= ASCII)
        return bad_value("an emoticon must begin with ASCII, and have at most %d bytes", MAX_EMOTICON);
    emoticon->length = utf8_decode(utf8, (size_t)size, emoticon->points);
    return OK;
}

/* Read emoticons, sorted by their first character, and where those of each character begin. */
static Status read_emoticons(Characters *characters, PyObject *emoticons)
{
    const size_t count = (size_t)PyTuple_Size(emoticons);
    characters->emoticons = calloc(count + 1, sizeof(*characters->emoticons));
    if (!characters->emoticons) return NO_MEMORY;
    uint32_t before = 0;
    for (size_t e = 0; e < count; e++) {
        Emoticon *emoticon = &characters->emoticons[e];
        const Status status = read_emoticon(emoticon, PyTuple_GetItem(emoticons, (Py_ssize_t)e));
        if (status != OK) return status;
        if (emoticon->points[0] < before) return bad_value("emoticons must be sorted");
        for (; before < emoticon->points[0]; before++) characters->first[before + 1] = (uint32_t)e;
    }
    for (; before < ASCII; before++) characters->first[before + 1] = (uint32_t)count;
    return OK;
}

static Status read_characters(Characters *characters, PyObject *spec)
{
    const char *classes, *read_as;
    Py_ssize_t size, read_as_size;
    PyObject *emoticons;
    const Status status = parse_tuple(spec, "the tables of characters", "y#y#O!", &classes, &size, &read_as,
                                      &read_as_size, &PyTuple_Type, &emoticons);
    if (status != OK) return status;
    if (size > CODE_POINTS || read_as_size != size * (Py_ssize_t)sizeof(uint32_t))
        return bad_value("each character must have a class and what it is read as");
    characters->classes = malloc((size_t)size + 1);
    characters->read_as = malloc((size_t)read_as_size + 1);
    if (!characters->classes || !characters->read_as) return NO_MEMORY;
    memcpy(characters->classes, classes, (size_t)size);
    memcpy(characters->read_as, read_as, (size_t)read_as_size);
    characters->size = (uint32_t)size;
    for (uint32_t point = 0; point < characters->size; point++)
        if (characters->read_as[point] >= CODE_POINTS) return bad_value("a character is read as what is no code point");
    return read_emoticons(characters, emoticons);
}

/* ---- embeddings ---- */

static Status read_vocabulary(Embeddings *embeddings, PyObject *words)
{
    const size_t count = (size_t)PyTuple_Size(words);
    size_t total = 0;
    if (count > INT32_MAX) return bad_value("a vocabulary has too many words");
    embeddings->word_starts = calloc(count + 1, sizeof(*embeddings->word_starts));
    if (!embeddings->word_starts) return NO_MEMORY;
    for (size_t w = 0; w < count; w++) {
        Py_ssize_t size;
        if (!PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, (Py_ssize_t)w), &size)) return PYTHON_ERROR;
        total += (size_t)size;
        if (total > UINT32_MAX) return bad_value("a vocabulary must have less than 4 GiB");
        embeddings->word_starts[w + 1] = (uint32_t)total;
    }
    embeddings->vocabulary = malloc(total + 1);
    if (!embeddings->vocabulary) return NO_MEMORY;
    for (size_t w = 0; w < count; w++) {
        const char *word = PyUnicode_AsUTF8AndSize(PyTuple_GetItem(words, (Py_ssize_t)w), NULL);
        if (!word) return PYTHON_ERROR;
        const uint32_t start = embeddings->word_starts[w];
        memcpy(embeddings->vocabulary + start, word, embeddings->word_starts[w + 1] - start);
    }
    embeddings->words = (uint32_t)count;
    return OK;
}

static Status read_embeddings(Embeddings *embeddings, Py_buffer *codes, PyObject *vocabulary, PyObject *object,
                              PyObject *scales)
{
    Status status = read_vocabulary(embeddings, vocabulary);
    if (status != OK) return status;
    if (PyObject_GetBuffer(object, codes, PyBUF_C_CONTIGUOUS | PyBUF_FORMAT)) return PYTHON_ERROR;
    if (codes->ndim != 2 || codes->itemsize != 1 || !codes->format || strcmp(codes->format, "b") ||
        codes->shape[0] <= (Py_ssize_t)embeddings->words || codes->shape[0] > INT32_MAX || codes->shape[1] < 1)
        return bad_value("the embeddings must be int8 with a row for each word, and rows for n-grams");
    const size_t rows = (size_t)codes->shape[0];
    embeddings->codes = codes->buf;
    embeddings->width = (size_t)codes->shape[1];
    embeddings->buckets = (uint32_t)(rows - embeddings->words);
    embeddings->scales = malloc(rows * sizeof(float));
    if (!embeddings->scales) return NO_MEMORY;
    return copy_values(embeddings->scales, scales, rows, "the scales of the embeddings");
}

/* ---- networks ---- */

/* Read ((convolution, ...), attention, hidden, output). `extra`: blocks of features beside those of the attention
   heads. */
static Status read_network(SentimentNetwork *network, PyObject *spec, size_t width, size_t outputs, size_t extra,
                           const Instructions *instructions)
{
    PyObject *layers, *attention, *hidden, *output;
    Status status = parse_tuple(spec, "a network of the sentiment model", "O!OOO", &PyTuple_Type, &layers, &attention,
                                &hidden, &output);
    if (status != OK) return status;
    network->network.width = width;
    network->network.window = 1;
    status = read_convolutions(&network->network, layers, instructions);
    if (status != OK) return status;
    for (size_t i = 0; i < network->network.depth; i++)
        if (!network->network.convolutions[i].layer.gain)
            return bad_value("a convolution must have a layer normalization");
    status = read_plain_layer(&network->attention, &network->heads, attention, instructions, width, 1,
                              "the layer of attention heads");
    if (status != OK) return status;
    network->parts = network->heads + extra;
    size_t hidden_values = 0;
    status = read_plain_layer(&network->hidden, &hidden_values, hidden, instructions, network->parts * width,
                              network->parts, "the hidden layer");
    if (status != OK) return status;
    status = read_plain_layer(&network->output, &network->outputs, output, instructions, hidden_values, 1,
                              "the output layer");
    if (status != OK) return status;
    return network->outputs == outputs
               ? OK
               : bad_value("the output layer must have %zu outputs, not %zu", outputs, network->outputs);
}

Status read_sentiment_model(SentimentWeights *model, Py_buffer *codes, const Instructions **instructions,
                            PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"characters", "vocabulary", "codes",    "scales", "flags",        "positions", "mask",
                            "empty",      "text",       "sentence", "target", "instructions", NULL};
    PyObject *characters, *vocabulary, *embeddings, *scales, *flags, *positions, *mask, *empty, *bias, *sentence,
        *target;
    const char *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "O!O!OOOOOO(fO)OO|z", names, &PyTuple_Type, &characters,
                                     &PyTuple_Type, &vocabulary, &embeddings, &scales, &flags, &positions, &mask,
                                     &empty, &model->exponent, &bias, &sentence, &target, &name))
        return PYTHON_ERROR;
    Status status = read_instructions(instructions, name);
    if (status != OK) return status;
    status = read_characters(&model->characters, characters);
    if (status != OK) return status;
    status = read_embeddings(&model->embeddings, codes, vocabulary, embeddings, scales);
    if (status != OK) return status;
    const size_t width = model->embeddings.width;
    status = copy_values(model->empty, empty, SENTIMENT_CLASSES, "the logits of an empty sentence");
    if (status != OK) return status;
    status = copy_values(model->bias, bias, SENTIMENT_CLASSES, "the bias of whole texts");
    if (status != OK) return status;
    status = copy_rows(&model->flags, flags, SENTIMENT_FLAGS, width, "the rows of flags");
    if (status != OK) return status;
    status = copy_rows(&model->positions, positions, 2 * MAX_DISTANCE + 1, width, "the rows of positions");
    if (status != OK) return status;
    status = copy_rows(&model->mask, mask, 1, width, "the mask");
    if (status != OK) return status;
    status = read_network(&model->sentence, sentence, width, SENTENCE_OUTPUTS, 1, *instructions);
    if (status != OK) return status;
    status = read_network(&model->target, target, width, SENTIMENT_CLASSES, 2, *instructions);
    if (status != OK) return status;
    return sentiment_model_prepare(model);
}
