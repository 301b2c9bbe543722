/* The token networks over a batch: from words to classes and kinds; see token_network.h.

The kinds are for those who go on with the classes: whatever follows from a token's characters and classes, such as a
lemma, is worked out once for each kind. */
#include <float.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "spans/batch_chunks.h"

enum { MAX_PROBES = 24 }; /* slots looked at for one kind; a word that finds none is a kind by itself */

static const TokenNetwork *current(const Batch *batch)
{
    return &batch->model->token_networks[batch->work->tokens.network];
}

static const float *token_vector(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->vector + current(batch)->offset;
}

/* ---- classes ---- */

/* Return the first of the largest scores. scores: [padded(count)], whose padding is the least there is */
static uint32_t largest(const float *scores, size_t count)
{
    float most[ROW_ALIGN], highest;
    memcpy(most, scores, sizeof(most));
    for (size_t i = ROW_ALIGN; i < padded(count); i += ROW_ALIGN)
        for (size_t lane = 0; lane < ROW_ALIGN; lane++)
            most[lane] = scores[i + lane] > most[lane] ? scores[i + lane] : most[lane];
    highest = most[0];
    for (size_t lane = 1; lane < ROW_ALIGN; lane++) highest = most[lane] > highest ? most[lane] : highest;
    for (size_t i = 0; i < count; i++)
        if (scores[i] == highest) return (uint32_t)i;
    return 0; /* not a number */
}

/* Choose the best classes of a token, as `numpy.argmax` does, one after the other. choices: [best] */
static void choose(const TokenClassifier *classifier, float *scores, uint32_t *choices)
{
    for (size_t i = classifier->class_count; i < padded(classifier->class_count); i++) scores[i] = -FLT_MAX;
    for (size_t b = 0; b < classifier->best; b++) {
        choices[b] = largest(scores, classifier->class_count);
        scores[choices[b]] = -FLT_MAX;
    }
}

/* Choose the classes of a part's tokens by one classifier. choices: of the part's first token, for this classifier */
static void classify(Batch *batch, const Part *part, const TokenClassifier *classifier, uint32_t *choices)
{
    Chunk *chunk = &batch->work->chunk;
    const Network *network = &current(batch)->network;
    const size_t count = part->last - part->first, stride = padded(network->width);
    for (size_t i = 0; i < count; i++) {
        chunk->in[i] = part_vectors(chunk, network, part) + i * stride;
        chunk->out[i] = batch->work->tokens.scores + i * classifier->layer.outputs;
    }
    matrix_apply(&classifier->layer, chunk->in, chunk->out, count);
    for (size_t i = 0; i < count; i++) choose(classifier, chunk->out[i], choices + i * batch->model->choice_count);
}

/* Copy the vectors of a part, for the caller. */
static void keep_vectors(Batch *batch, const Part *part, size_t word)
{
    const Network *network = &current(batch)->network;
    const float *from = part_vectors(&batch->work->chunk, network, part);
    float *to = batch->work->tokens.vectors + word * network->width;
    for (size_t i = 0; i < part->last - part->first; i++)
        memcpy(to + i * network->width, from + i * padded(network->width), network->width * sizeof(float));
}

/* Compute the vectors of a chunk, and choose the classes of its tokens. */
static Status classify_chunk(Batch *batch)
{
    Workspace *work = batch->work;
    const SpanModel *model = batch->model;
    const TokenNetwork *network = current(batch);
    size_t column = 0; /* where the choices of this network begin among those of a token */
    for (const TokenNetwork *other = model->token_networks; other < network; other++)
        for (size_t c = 0; c < other->classifier_count; c++) column += other->classifiers[c].best;
    chunk_run(&work->chunk, &network->network, token_vector, batch);
    for (const Part *part = work->chunk.parts; part < work->chunk.parts + work->chunk.part_count; part++) {
        const size_t word = batch->texts[part->text].first_word + part->first;
        uint32_t *choices = work->tokens.choices + word * model->choice_count + column;
        for (size_t c = 0; c < network->classifier_count; c++) {
            classify(batch, part, &network->classifiers[c], choices);
            choices += network->classifiers[c].best;
        }
        if (work->tokens.network == model->vector_network && batch->texts[part->text].wanted & WANT_VECTORS)
            keep_vectors(batch, part, word);
    }
    return OK;
}

/* ---- kinds ---- */

/* Return the slot of a kind: with its number, or free; or NULL where there is neither within reach. */
static uint32_t *slot_of(const Batch *batch, const Key *key, size_t word, size_t slots)
{
    const TokenScratch *tokens = &batch->work->tokens;
    const size_t count = batch->model->choice_count;
    const uint32_t *choices = tokens->choices + word * count;
    uint64_t hash = key->hash;
    for (size_t c = 0; c < count; c++) hash = (hash ^ choices[c]) * 0x9e3779b97f4a7c15u;
    hash ^= hash >> 32;
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        uint32_t *slot = &tokens->slots[(hash + probe) & (slots - 1)];
        if (!*slot) return slot;
        const Kind *other = &tokens->list[*slot - 1];
        if (other->size == key->size && !memcmp(other->utf8, key->utf8, key->size) &&
            !memcmp(tokens->choices + other->word * count, choices, count * sizeof(*choices)))
            return slot;
    }
    return NULL;
}

/* Name the kind of a word, and list the kind where it is new. */
static Status name_kind(Batch *batch, const char *utf8, size_t size, size_t word, size_t slots)
{
    TokenScratch *tokens = &batch->work->tokens;
    const Key key = key_of(utf8, size, MODE_LEXEME);
    uint32_t *slot = slot_of(batch, &key, word, slots);
    if (slot && *slot) {
        tokens->kinds[word] = *slot - 1;
        return OK;
    }
    const Status status = grow(&tokens->list, tokens->kind_count, &tokens->kind_capacity, sizeof(*tokens->list));
    if (status != OK) return status;
    tokens->kinds[word] = (uint32_t)tokens->kind_count;
    tokens->list[tokens->kind_count++] = (Kind){utf8, (uint32_t)size, (uint32_t)word};
    if (slot) *slot = (uint32_t)tokens->kind_count;
    return OK;
}

/* Move on by code points. */
static const char *skip(const char *at, const char *end, uint32_t points)
{
    for (; points && at < end; points--) {
        at++;
        while (at < end && (*at & 0xc0) == 0x80) at++;
    }
    return at;
}

static Status list_kinds(Batch *batch, const Text *text, size_t slots)
{
    const Word *words = batch->work->words + text->first_word;
    const char *at = text->utf8, *end = text->utf8 + text->size;
    uint32_t position = 0;
    for (size_t i = 0; i < text->word_count; i++) {
        const char *first = skip(at, end, words[i].start - position);
        at = skip(first, end, words[i].end - words[i].start);
        position = words[i].end;
        const Status status = name_kind(batch, first, (size_t)(at - first), text->first_word + i, slots);
        if (status != OK) return status;
    }
    return OK;
}

/* ---- all ---- */

/* Make room for `count` items of `size` bytes, whose contents need not be kept. */
static Status reserve(void *array, size_t *capacity, size_t count, size_t size)
{
    void *items;
    if (count <= *capacity) return OK;
    memcpy(&items, array, sizeof(items)); /* whatever the type of the items is */
    free(items);
    items = calloc(count, size ? size : 1);
    memcpy(array, &items, sizeof(items));
    *capacity = items ? count : 0;
    return items ? OK : NO_MEMORY;
}

/* Make room for all words of the batch, and empty the table of kinds. */
static Status make_room(Batch *batch, size_t slots, int with_vectors)
{
    const SpanModel *model = batch->model;
    TokenScratch *tokens = &batch->work->tokens;
    const size_t count = batch->work->word_count + 1;
    Status status =
        reserve(&tokens->choices, &tokens->choice_capacity, count, model->choice_count * sizeof(*tokens->choices));
    if (status == OK) status = reserve(&tokens->kinds, &tokens->kinds_capacity, count, sizeof(*tokens->kinds));
    if (status == OK) status = reserve(&tokens->slots, &tokens->slot_capacity, slots, sizeof(*tokens->slots));
    if (status == OK && with_vectors)
        status = reserve(&tokens->vectors, &tokens->vector_capacity, count, vector_width(model) * sizeof(float));
    if (status == OK) memset(tokens->slots, 0, slots * sizeof(*tokens->slots));
    tokens->kind_count = 0;
    return status;
}

Status find_tokens(Batch *batch)
{
    const SpanModel *model = batch->model;
    int wanted = 0;
    for (size_t t = 0; t < batch->count; t++) wanted |= batch->texts[t].wanted;
    if (!(wanted & WANT_TOKENS) || !model->has_tokens) return OK;
    size_t slots = 256;
    while (slots < 2 * batch->work->word_count) slots *= 2;
    Status status = make_room(batch, slots, wanted & WANT_VECTORS);
    for (size_t n = 0; n < model->token_network_count && status == OK; n++) {
        batch->work->tokens.network = n;
        status = run_chunks(batch, &model->token_networks[n].network, WANT_TOKENS, classify_chunk);
    }
    for (size_t t = 0; t < batch->count && status == OK; t++)
        if (batch->texts[t].wanted & WANT_TOKENS) status = list_kinds(batch, &batch->texts[t], slots);
    return status;
}
