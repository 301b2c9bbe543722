/* The tokens of a batch as arrays of bytes; see token_results.h. */
#include "python/token_results.h"

#include <string.h>

#include "python/batch_run.h"
#include "python/exceptions.h"

enum { COUNTS, STARTS, ENDS, SPACES, KINDS, KIND_WORDS, KIND_CHOICES, VECTORS, ARRAYS };

/* Return the number of code points of a text. */
static uint32_t code_points(const Text *text)
{
    uint32_t count = 0;
    for (size_t i = 0; i < text->size; i++) count += ((unsigned char)text->utf8[i] & 0xc0) != 0x80;
    return count;
}

/* Write whether a space follows each word of a text: one that belongs to no token. */
static void write_spaces(const Text *text, const Word *words, unsigned char *spaces)
{
    for (size_t i = 0; i + 1 < text->word_count; i++) spaces[i] = words[i].end < words[i + 1].start;
    if (text->word_count) spaces[text->word_count - 1] = words[text->word_count - 1].end < code_points(text);
}

/* Fill the arrays of texts, tokens and kinds. arrays: [ARRAYS], each of the size that `append_tokens` gives it */
static void fill(const Batch *batch, char *const *arrays)
{
    const Workspace *work = batch->work;
    const size_t choices = batch->model->choice_count;
    for (size_t t = 0; t < batch->count; t++) {
        const Text *text = &batch->texts[t];
        ((uint32_t *)arrays[COUNTS])[t] = (uint32_t)text->word_count;
        write_spaces(text, work->words + text->first_word, (unsigned char *)arrays[SPACES] + text->first_word);
    }
    for (size_t w = 0; w < work->word_count; w++) {
        ((uint32_t *)arrays[STARTS])[w] = work->words[w].start;
        ((uint32_t *)arrays[ENDS])[w] = work->words[w].end;
    }
    memcpy(arrays[KINDS], work->tokens.kinds, work->word_count * sizeof(*work->tokens.kinds));
    for (size_t k = 0; k < work->tokens.kind_count; k++) {
        const size_t word = work->tokens.list[k].word;
        ((uint32_t *)arrays[KIND_WORDS])[k] = (uint32_t)word;
        memcpy((uint32_t *)arrays[KIND_CHOICES] + k * choices, work->tokens.choices + word * choices,
               choices * sizeof(*work->tokens.choices));
    }
}

/* Return whether all texts of the batch want vectors. */
static int has_vectors(const Batch *batch)
{
    for (size_t t = 0; t < batch->count; t++)
        if (!(batch->texts[t].wanted & WANT_VECTORS)) return 0;
    return batch->count > 0;
}

Status append_tokens(PyObject *results, const Batch *batch)
{
    const Workspace *work = batch->work;
    const size_t words = work->word_count, kinds = work->tokens.kind_count, word = sizeof(uint32_t);
    const size_t width = vector_width(batch->model);
    for (size_t t = 0; t < batch->count; t++)
        if (!(batch->texts[t].wanted & WANT_TOKENS)) return bad_value("every text must want tokens");
    const size_t vectors = has_vectors(batch) ? words * width * sizeof(float) : 0;
    const size_t sizes[ARRAYS] = {batch->count * word,
                                  words * word,
                                  words * word,
                                  words,
                                  words * word,
                                  kinds * word,
                                  kinds * batch->model->choice_count * word,
                                  vectors};
    char *arrays[ARRAYS];
    PyObject *tuple = PyTuple_New(ARRAYS);
    Status status = tuple ? OK : PYTHON_ERROR;
    for (int i = 0; i < ARRAYS && status == OK; i++) {
        PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)sizes[i]);
        if (!bytes || PyTuple_SetItem(tuple, i, bytes)) status = PYTHON_ERROR; /* the tuple takes the reference */
        if (status == OK) arrays[i] = PyBytes_AsString(bytes);
    }
    if (status == OK) {
        fill(batch, arrays);
        if (vectors) memcpy(arrays[VECTORS], work->tokens.vectors, vectors);
        status = append(results, tuple);
    } else {
        Py_XDECREF(tuple);
    }
    return status;
}
