/* From the runs of a batch to its answers; batch.h tells the way. */
#include "spans/batch.h"

#include <string.h>

#include "grow.h"
#include "spans/descriptions.h"

enum { LARGEST_IDLE = 1 << 17 }; /* items of an array that is kept for the next batch */

static void workspace_free(Workspace *work)
{
    chunk_free(&work->chunk);
    decoder_scratch_free(&work->decoder);
    free(work->classes);
    free(work->runs.items);
    free(work->words);
    free(work->requests);
    free(work->missing);
    free(work->made);
    free(work->met);
    free(work->entities.items);
    free(work->sentences);
    free(work);
}

static Workspace *workspace_new(const Engine *engine)
{
    Workspace *work = calloc(1, sizeof(*work));
    if (!work) return NULL;
    const Network *networks[2];
    size_t count = 0;
    if (engine->has_entities) networks[count++] = &engine->entity_network;
    if (engine->sentence_kind == SENTENCES_NETWORK) networks[count++] = &engine->sentence_network;
    int failed = chunk_init(&work->chunk, networks, count);
    if (!failed && engine->has_entities)
        failed = decoder_scratch_init(&work->decoder, &engine->decoder, work->chunk.max_rows);
    if (!failed && engine->sentence_kind == SENTENCES_NETWORK)
        failed = !(work->classes = calloc(work->chunk.max_rows * engine->sentence_classes.outputs, sizeof(float)));
    if (!failed) return work;
    workspace_free(work);
    return NULL;
}

int engine_prepare(Engine *engine, size_t lexicon_bytes)
{
    engine->row = (engine->has_entities ? padded(engine->entity_network.width) : 0) +
                  (engine->sentence_kind == SENTENCES_NETWORK ? padded(engine->sentence_network.width) : 0);
    pthread_mutex_init(&engine->mutex, NULL);
    return lexicon_init(&engine->lexicon, lexicon_bytes, 192) ||
           lexicon_init(&engine->descriptions, lexicon_bytes / 2, 48);
}

void engine_free(Engine *engine)
{
    while (engine->idle) {
        Workspace *work = engine->idle;
        engine->idle = work->next;
        workspace_free(work);
    }
    network_free(&engine->entity_network);
    network_free(&engine->sentence_network);
    decoder_free(&engine->decoder);
    matrix_free(&engine->sentence_classes);
    free(engine->pairs);
    if (engine->lexicon.slots) {
        lexicon_free(&engine->lexicon);
        lexicon_free(&engine->descriptions);
        pthread_mutex_destroy(&engine->mutex);
    }
}

int batch_begin(Batch *batch, Engine *engine, Text *texts, size_t count)
{
    *batch = (Batch){engine, texts, count, {NULL, NULL}, {NULL, NULL}, NULL};
    pthread_mutex_lock(&engine->mutex);
    batch->work = engine->idle;
    if (batch->work) engine->idle = batch->work->next;
    pthread_mutex_unlock(&engine->mutex);
    if (!batch->work) batch->work = workspace_new(engine);
    if (!batch->work) return -1;
    batch->view = lexicon_view(&engine->lexicon);
    batch->described = lexicon_view(&engine->descriptions);
    return 0;
}

void batch_end(Batch *batch)
{
    Workspace *work = batch->work;
    if (!work) return;
    lexicon_leave(batch->view);
    lexicon_leave(batch->described);
    for (size_t i = 0; i < work->made_count; i++) free(work->made[i]);
    work->runs.count = work->word_count = work->request_count = work->missing_count = work->made_count =
        work->runs_made = 0;
    work->met_count = work->entities.count = work->sentence_count = 0;
    batch->work = NULL;
    if (work->word_capacity > LARGEST_IDLE || work->runs.capacity > LARGEST_IDLE) {
        workspace_free(work);
        return;
    }
    pthread_mutex_lock(&batch->engine->mutex);
    work->next = batch->engine->idle;
    batch->engine->idle = work;
    pthread_mutex_unlock(&batch->engine->mutex);
}

static int by_hash(const void *a, const void *b)
{
    const uint64_t left = (*(Run *const *)a)->hash, right = (*(Run *const *)b)->hash;
    return left < right ? -1 : left > right;
}

/* One request for all runs of the same characters. `missing` then tells for each run without a record its request. */
static int request_missing(Batch *batch)
{
    Workspace *work = batch->work;
    Run **unknown = malloc(work->missing_count * sizeof(*unknown));
    if (!unknown) return -1;
    for (size_t i = 0; i < work->missing_count; i++) unknown[i] = &work->runs.items[work->missing[i]];
    qsort(unknown, work->missing_count, sizeof(*unknown), by_hash);
    const Run *last = NULL;
    for (size_t i = 0; i < work->missing_count; i++) {
        const Run *run = unknown[i];
        const int same = last && last->hash == run->hash && last->size == run->size && last->mode == run->mode &&
                         !memcmp(batch->texts[last->text].utf8 + last->offset,
                                 batch->texts[run->text].utf8 + run->offset, run->size);
        if (!same) {
            if (work->request_count == work->request_capacity) {
                const size_t capacity = work->request_capacity ? 2 * work->request_capacity : 256;
                Request *requests = realloc(work->requests, capacity * sizeof(*requests));
                if (!requests) {
                    free(unknown);
                    return -1;
                }
                work->requests = requests;
                work->request_capacity = capacity;
            }
            work->requests[work->request_count++] = (Request){run->text, run->offset, run->size, run->mode, NULL};
            last = run;
        }
        unknown[i]->hash = work->request_count - 1; /* its request, from here on */
    }
    free(unknown);
    return 0;
}

int batch_read(Batch *batch)
{
    Workspace *work = batch->work;
    for (size_t t = 0; t < batch->count; t++)
        if (batch->texts[t].wanted && runs_of(&work->runs, (uint32_t)t, batch->texts[t].utf8, batch->texts[t].size))
            return -1;
    for (size_t i = 0; i < work->runs.count; i++) {
        Run *run = &work->runs.items[i];
        const char *key = batch->texts[run->text].utf8 + run->offset;
        int is_old;
        run->hash = lexicon_hash(key, run->size, run->mode);
        run->record = lexicon_find(&batch->engine->lexicon, batch->view, run->hash, key, run->size, run->mode, &is_old);
        if (is_old) {
            GROW(work->met, work->met_count, work->met_capacity)
            work->met[work->met_count++] = run->record;
        } else if (!run->record) {
            GROW(work->missing, work->missing_count, work->missing_capacity)
            work->missing[work->missing_count++] = i;
        }
    }
    return work->missing_count ? request_missing(batch) || described_recall(batch) ? -1 : 0 : 0;
}

static int make_record(Batch *batch, const Request *request, const Token *tokens, size_t count)
{
    Workspace *work = batch->work;
    GROW(work->made, work->made_count, work->made_capacity)
    Record *record = malloc(record_size(count, batch->engine->row, request->size));
    if (!record) return -1;
    const char *key = batch->texts[request->text].utf8 + request->offset;
    *record = (Record){lexicon_hash(key, request->size, request->mode), (uint32_t)request->size, (uint32_t)count,
                       request->mode, (uint32_t)batch->engine->row};
    memcpy(record_tokens(record), tokens, count * sizeof(*tokens));
    memcpy(record_key(record), key, request->size);
    work->made[work->made_count++] = record;
    return 0;
}

static int embed(Batch *batch, const Network *network, const Description *description, size_t first, size_t offset)
{
    float **results = malloc((description->token_count + 1) * sizeof(*results));
    if (!results) return -1;
    size_t n = 0;
    for (size_t r = first; r < batch->work->made_count; r++) {
        const Record *record = batch->work->made[r];
        for (size_t t = 0; t < record->tokens; t++) results[n++] = record_vectors(record) + t * record->row + offset;
    }
    const int failed =
        network_embed(network, description->attributes, batch->engine->columns, description->statics, n, results);
    free(results);
    return failed;
}

static int learn(Batch *batch, const Description *description)
{
    Workspace *work = batch->work;
    const Engine *engine = batch->engine;
    const size_t first = work->made_count;
    const Token *tokens = description->tokens;
    for (size_t r = 0; r < work->request_count; r++) {
        if (make_record(batch, &work->requests[r], tokens, (size_t)description->counts[r])) return -1;
        tokens += description->counts[r];
    }
    if (engine->has_entities && embed(batch, &engine->entity_network, description, first, 0)) return -1;
    if (engine->sentence_kind == SENTENCES_NETWORK && embed(batch, &engine->sentence_network, description, first,
                                                            engine->row - padded(engine->sentence_network.width)))
        return -1;
    for (size_t i = 0; i < work->missing_count; i++) {
        Run *run = &work->runs.items[work->missing[i]];
        run->record = work->made[first + run->hash];
    }
    if (work->missing_count) work->runs_made = work->made_count;
    work->missing_count = 0;
    for (size_t r = 0; r < work->request_count; r++)
        if (work->requests[r].mode == MODE_WHOLE_TEXT)
            batch->texts[work->requests[r].text].whole = work->made[first + r];
    work->request_count = 0;
    return 0;
}

int batch_learn(Batch *batch, const Description *told)
{
    Description all;
    int failed = described_keep(batch, told);
    if (!failed) {
        failed = described_merge(batch, told, &all) || learn(batch, &all);
        described_free(&all);
    }
    return failed ? -1 : 0;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* Whether an exception may reach over the border of two runs. */
static int may_join(const Engine *engine, const Record *left, const Record *right)
{
    if (!left->tokens || !right->tokens) return 0;
    const uint32_t a = record_tokens(left)[left->tokens - 1].flags >> WORD_SHIFT,
                   b = record_tokens(right)[0].flags >> WORD_SHIFT;
    const uint32_t pair = a << 16 | b;
    return a && b && bsearch(&pair, engine->pairs, engine->pair_count, sizeof(pair), by_value);
}

int batch_join(Batch *batch)
{
    Workspace *work = batch->work;
    const Run *before = NULL;
    for (size_t i = 0; i < work->runs.count; i++) {
        const Run *run = &work->runs.items[i];
        const int requested = work->request_count && work->requests[work->request_count - 1].text == run->text;
        if (before && before->text == run->text && !requested && may_join(batch->engine, before->record, run->record)) {
            GROW(work->requests, work->request_count, work->request_capacity)
            work->requests[work->request_count++] =
                (Request){run->text, 0, batch->texts[run->text].size, MODE_WHOLE_TEXT, NULL};
        }
        before = run;
    }
    return 0;
}

static int add_words(Batch *batch, const Record *record, uint32_t start)
{
    Workspace *work = batch->work;
    for (size_t t = 0; t < record->tokens; t++) {
        const Token token = record_tokens(record)[t];
        GROW(work->words, work->word_count, work->word_capacity)
        work->words[work->word_count++] = (Word){record_vectors(record) + t * record->row, start + token.start,
                                                 start + token.start + token.length, token.flags};
    }
    return 0;
}

static int expand(Batch *batch)
{
    Workspace *work = batch->work;
    const Run *run = work->runs.items, *end = run + work->runs.count;
    for (size_t t = 0; t < batch->count; t++) {
        Text *text = &batch->texts[t];
        text->first_word = work->word_count;
        if (text->whole && add_words(batch, text->whole, 0)) return -1;
        for (; run < end && run->text == t; run++)
            if (!text->whole && add_words(batch, run->record, run->start)) return -1;
        text->words = work->word_count - text->first_word;
    }
    return 0;
}

static const Word *word_of(const Batch *batch, uint32_t text, uint32_t token)
{
    return &batch->work->words[batch->texts[text].first_word + token];
}

static const float *entity_vector(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->vector;
}

static const float *sentence_vector(const void *context, uint32_t text, uint32_t token)
{
    const Engine *engine = ((const Batch *)context)->engine;
    return word_of(context, text, token)->vector + engine->row - padded(engine->sentence_network.width);
}

static int is_space(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->flags & FLAG_SPACE;
}

static int decode_chunk(Batch *batch)
{
    Chunk *chunk = &batch->work->chunk;
    const Network *network = &batch->engine->entity_network;
    const size_t stride = padded(network->width);
    network_run(network, chunk, entity_vector, batch);
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        if (!part->first) decoding_start(&batch->work->decoder.decoding);
        if (decoder_run(&batch->engine->decoder, &batch->work->decoder, chunk->vectors + part->row * stride, stride,
                        part->text, part->last - part->first, part->length, is_space, batch, &batch->work->entities))
            return -1;
    }
    return 0;
}

enum { FLAG_STARTS_SENTENCE = 8 };

/* spacy/pipeline/senter.pyx: class 1 is a sentence's first token. */
static int classify_chunk(Batch *batch)
{
    Workspace *work = batch->work;
    Chunk *chunk = &work->chunk;
    const Matrix *classes = &batch->engine->sentence_classes;
    const size_t stride = padded(batch->engine->sentence_network.width);
    network_run(&batch->engine->sentence_network, chunk, sentence_vector, batch);
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        const size_t count = part->last - part->first;
        for (size_t i = 0; i < count; i++) {
            chunk->in[i] = chunk->vectors + (part->row + i) * stride;
            chunk->out[i] = work->classes + i * classes->outputs;
        }
        matrix_apply(classes, chunk->in, chunk->out, count);
        Word *words = work->words + batch->texts[part->text].first_word + part->first;
        for (size_t i = 0; i < count; i++)
            if (chunk->out[i][1] > chunk->out[i][0]) words[i].flags |= FLAG_STARTS_SENTENCE;
    }
    return 0;
}

/* Run a network over all texts that want it, a chunk at a time. */
static int run_chunks(Batch *batch, const Network *network, int wanted, int (*finish)(Batch *))
{
    Chunk *chunk = &batch->work->chunk;
    chunk_clear(chunk);
    for (size_t t = 0; t < batch->count; t++) {
        const uint32_t length = (uint32_t)batch->texts[t].words;
        if (!(batch->texts[t].wanted & wanted)) continue;
        for (uint32_t token = 0; token < length;) {
            const uint32_t next = chunk_add(chunk, network, (uint32_t)t, token, length);
            if (next == token || next < length) {
                if (finish(batch)) return -1;
                chunk_clear(chunk);
            }
            token = next;
        }
    }
    const int failed = chunk->part_count ? finish(batch) : 0;
    chunk_clear(chunk);
    return failed;
}

/* spacy/pipeline/sentencizer.pyx */
static void apply_rules(Word *words, size_t count)
{
    int seen = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t flags = words[i].flags;
        if (seen && !(flags & (FLAG_PUNCT | FLAG_ENDS_SENTENCE))) {
            words[i].flags |= FLAG_STARTS_SENTENCE;
            seen = 0;
        } else if (flags & FLAG_ENDS_SENTENCE) {
            seen = 1;
        }
    }
}

/* From a sentence's first word to its last, white space around it left out; sentences of white space alone too. */
static int add_sentences(Batch *batch, uint32_t text)
{
    Workspace *work = batch->work;
    const Word *words = work->words + batch->texts[text].first_word;
    int open = 0;
    for (size_t i = 0; i < batch->texts[text].words; i++) {
        if (words[i].flags & FLAG_STARTS_SENTENCE) open = 0;
        if (words[i].flags & FLAG_SPACE) continue;
        if (!open) {
            GROW(work->sentences, work->sentence_count, work->sentence_capacity)
            work->sentences[work->sentence_count++] = (Sentence){text, words[i].start, words[i].end};
            open = 1;
        }
        work->sentences[work->sentence_count - 1].end = words[i].end;
    }
    return 0;
}

int batch_compute(Batch *batch)
{
    const Engine *engine = batch->engine;
    Workspace *work = batch->work;
    if (expand(batch)) return -1;
    if (engine->has_entities && run_chunks(batch, &engine->entity_network, WANT_ENTITIES, decode_chunk)) return -1;
    for (Entity *entity = work->entities.items; entity < work->entities.items + work->entities.count; entity++) {
        entity->first = word_of(batch, entity->text, entity->first)->start;
        entity->last = word_of(batch, entity->text, entity->last - 1)->end;
    }
    if (engine->sentence_kind == SENTENCES_NETWORK &&
        run_chunks(batch, &engine->sentence_network, WANT_SENTENCES, classify_chunk))
        return -1;
    for (size_t t = 0; t < batch->count; t++) {
        if (!(batch->texts[t].wanted & WANT_SENTENCES) || engine->sentence_kind == SENTENCES_NONE) continue;
        if (engine->sentence_kind == SENTENCES_RULES)
            apply_rules(work->words + batch->texts[t].first_word, batch->texts[t].words);
        if (add_sentences(batch, (uint32_t)t)) return -1;
    }
    lexicon_keep(&batch->engine->lexicon, work->made, work->runs_made);
    lexicon_keep(&batch->engine->lexicon, work->met, work->met_count);
    return 0;
}
