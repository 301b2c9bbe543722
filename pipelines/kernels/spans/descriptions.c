/* Descriptions of runs packed into records of a lexicon, and unpacked; see descriptions.h.

A row of such a record, in bytes, with C columns and V static values:

     0                 8 C                  8 C + 4 V
     +-----------------+--------------------+
     | attributes      | static vector      |
     | [C] uint64_t    | [V] float          |
     +-----------------+--------------------+

Rows are aligned for floats alone, so attributes are copied by memcpy. */
#include "spans/descriptions.h"

#include <stdlib.h>
#include <string.h>

/* The floats of such a row. */
static size_t row_of(const SpanModel *model)
{
    return model->columns * (sizeof(uint64_t) / sizeof(float)) + model->static_values;
}

Status descriptions_recall(Batch *batch)
{
    Workspace *work = batch->work;
    Lexicon *descriptions = &batch->model->descriptions;
    Record **old = malloc((work->question_count + 1) * sizeof(*old));
    size_t old_count = 0;
    if (!old) return NO_MEMORY;
    for (size_t q = 0; q < work->question_count; q++) {
        int is_old;
        Record *record = lexicon_find(descriptions, batch->descriptions, &work->questions[q].key, &is_old);
        work->questions[q].recalled = record;
        if (is_old) old[old_count++] = record;
    }
    lexicon_keep(descriptions, old, old_count);
    free(old);
    return OK;
}

Status descriptions_keep(const Batch *batch, const Description *answer)
{
    const Workspace *work = batch->work;
    const SpanModel *model = batch->model;
    const size_t row = row_of(model), attribute_bytes = model->columns * sizeof(uint64_t);
    size_t first = 0, next = 0;
    for (size_t q = 0, answered = 0; q < work->question_count; q++, first = next) {
        const Question *question = &work->questions[q];
        if (question->recalled) continue;
        const size_t count = (size_t)answer->counts[answered++];
        next = first + count;
        if (question->key.mode == MODE_WHOLE_TEXT) continue;
        Record *record;
        const Status status = record_new(&record, &question->key, answer->tokens + first, count, row);
        if (status != OK) return status;
        for (size_t t = 0; t < count; t++) {
            char *to = (char *)(record_vectors(record) + t * row);
            memcpy(to, answer->attributes + (first + t) * model->columns, attribute_bytes);
            memcpy(to + attribute_bytes, answer->statics + (first + t) * model->static_values,
                   model->static_values * sizeof(float));
        }
        lexicon_keep(&batch->model->descriptions, &record, 1);
        free(record);
    }
    return OK;
}

Status descriptions_merge(const Batch *batch, const Description *answer, Description *all)
{
    const Workspace *work = batch->work;
    const SpanModel *model = batch->model;
    const size_t row = row_of(model), columns = model->columns, values = model->static_values;
    size_t total = answer->token_count, token = 0;
    for (size_t q = 0; q < work->question_count; q++)
        if (work->questions[q].recalled) total += work->questions[q].recalled->token_count;
    int32_t *counts = malloc((work->question_count + 1) * sizeof(*counts));
    Token *tokens = malloc((total + 1) * sizeof(*tokens));
    uint64_t *attributes = malloc((total * columns + 1) * sizeof(*attributes));
    float *statics = malloc((total * values + 1) * sizeof(*statics));
    *all = (Description){counts, tokens, attributes, statics, work->question_count, total};
    if (!counts || !tokens || !attributes || !statics) return NO_MEMORY;
    for (size_t q = 0, answered = 0, next = 0; q < work->question_count; q++) {
        const Record *record = work->questions[q].recalled;
        const size_t count = record ? record->token_count : (size_t)answer->counts[answered++];
        counts[q] = (int32_t)count;
        if (record) {
            memcpy(tokens + token, record_tokens(record), count * sizeof(Token));
            for (size_t t = 0; t < count; t++) {
                const char *from = (const char *)(record_vectors(record) + t * row);
                memcpy(attributes + (token + t) * columns, from, columns * sizeof(uint64_t));
                memcpy(statics + (token + t) * values, from + columns * sizeof(uint64_t), values * sizeof(float));
            }
        } else {
            memcpy(tokens + token, answer->tokens + next, count * sizeof(Token));
            memcpy(attributes + token * columns, answer->attributes + next * columns,
                   count * columns * sizeof(uint64_t));
            memcpy(statics + token * values, answer->statics + next * values, count * values * sizeof(float));
            next += count;
        }
        token += count;
    }
    return OK;
}

void descriptions_free(Description *all)
{
    free((void *)all->counts);
    free((void *)all->tokens);
    free((void *)all->attributes);
    free((void *)all->statics);
}
