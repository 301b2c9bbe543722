/* Tokens and attributes of runs as Python described them, packed into records of a lexicon; see described.h. */
#include "spans/descriptions.h"

#include <stdlib.h>
#include <string.h>

size_t described_row(const Engine *engine)
{
    return engine->columns * (sizeof(uint64_t) / sizeof(float)) + engine->static_values;
}

int described_recall(Batch *batch)
{
    Workspace *work = batch->work;
    Lexicon *descriptions = &batch->engine->descriptions;
    Record **met = malloc((work->request_count + 1) * sizeof(*met));
    size_t met_count = 0;
    if (!met) return -1;
    for (size_t r = 0; r < work->request_count; r++) {
        Request *request = &work->requests[r];
        const char *key = batch->texts[request->text].utf8 + request->offset;
        int is_old;
        Record *record = lexicon_find(descriptions, batch->described, lexicon_hash(key, request->size, request->mode),
                                      key, request->size, request->mode, &is_old);
        request->recalled = record;
        if (is_old) met[met_count++] = record;
    }
    lexicon_keep(descriptions, met, met_count);
    free(met);
    return 0;
}

int described_keep(const Batch *batch, const Description *told)
{
    const Workspace *work = batch->work;
    const Engine *engine = batch->engine;
    const size_t row = described_row(engine), attributes = engine->columns * sizeof(uint64_t);
    size_t token = 0;
    for (size_t r = 0, answer = 0; r < work->request_count; r++) {
        const Request *request = &work->requests[r];
        if (request->recalled) continue;
        const size_t first = token, count = (size_t)told->counts[answer++];
        token += count;
        if (request->mode == MODE_WHOLE_TEXT) continue;
        Record *record = malloc(record_size(count, row, request->size));
        if (!record) return -1;
        const char *key = batch->texts[request->text].utf8 + request->offset;
        *record = (Record){lexicon_hash(key, request->size, request->mode), (uint32_t)request->size, (uint32_t)count,
                           request->mode, (uint32_t)row};
        memcpy(record_tokens(record), told->tokens + first, count * sizeof(Token));
        for (size_t t = 0; t < count; t++) {
            char *to = (char *)(record_vectors(record) + t * row);
            memcpy(to, told->attributes + (first + t) * engine->columns, attributes);
            memcpy(to + attributes, told->statics + (first + t) * engine->static_values,
                   engine->static_values * sizeof(float));
        }
        memcpy(record_key(record), key, request->size);
        lexicon_keep(&batch->engine->descriptions, &record, 1);
        free(record);
    }
    return 0;
}

int described_merge(const Batch *batch, const Description *told, Description *all)
{
    const Workspace *work = batch->work;
    const Engine *engine = batch->engine;
    const size_t row = described_row(engine), columns = engine->columns, values = engine->static_values;
    size_t total = told->token_count, token = 0;
    for (size_t r = 0; r < work->request_count; r++)
        if (work->requests[r].recalled) total += work->requests[r].recalled->tokens;
    int32_t *counts = malloc((work->request_count + 1) * sizeof(*counts));
    Token *tokens = malloc((total + 1) * sizeof(*tokens));
    uint64_t *attributes = malloc((total * columns + 1) * sizeof(*attributes));
    float *statics = malloc((total * values + 1) * sizeof(*statics));
    *all = (Description){counts, tokens, attributes, statics, work->request_count, total};
    if (!counts || !tokens || !attributes || !statics) return -1;
    for (size_t r = 0, answer = 0, next = 0; r < work->request_count; r++) {
        const Record *record = work->requests[r].recalled;
        const size_t count = record ? record->tokens : (size_t)told->counts[answer++];
        counts[r] = (int32_t)count;
        if (record) {
            memcpy(tokens + token, record_tokens((Record *)record), count * sizeof(Token));
            for (size_t t = 0; t < count; t++) {
                const char *from = (const char *)(record_vectors((Record *)record) + t * row);
                memcpy(attributes + (token + t) * columns, from, columns * sizeof(uint64_t));
                memcpy(statics + (token + t) * values, from + columns * sizeof(uint64_t), values * sizeof(float));
            }
        } else {
            memcpy(tokens + token, told->tokens + next, count * sizeof(Token));
            memcpy(attributes + token * columns, told->attributes + next * columns, count * columns * sizeof(uint64_t));
            memcpy(statics + token * values, told->statics + next * values, count * values * sizeof(float));
            next += count;
        }
        token += count;
    }
    return 0;
}

void described_free(Description *all)
{
    free((void *)all->counts);
    free((void *)all->tokens);
    free((void *)all->attributes);
    free((void *)all->statics);
}
