/* Descriptions of lexemes packed into records of a lexicon, and unpacked; see descriptions.h.

Such a record has one token, whose row has its attributes, [columns] uint64_t. Rows are aligned for floats alone, so
attributes are copied by memcpy. */
#include "spans/descriptions.h"

#include <stdlib.h>
#include <string.h>

/* The floats of such a row. */
static size_t row_of(const SpanModel *model) { return model->columns * (sizeof(uint64_t) / sizeof(float)); }

int description_recall(Batch *batch, size_t lexeme)
{
    Workspace *work = batch->work;
    Lexicon *descriptions = &batch->model->descriptions;
    const size_t columns = batch->model->columns;
    int is_old;
    Record *record = lexicon_find(descriptions, batch->descriptions, &work->lexemes[lexeme].key, &is_old);
    if (!record) return 0;
    const char *row = (const char *)record_vectors(record);
    work->lexemes[lexeme].flags = record_tokens(record)->flags;
    memcpy(work->attributes + lexeme * columns, row, columns * sizeof(*work->attributes));
    if (is_old) lexicon_keep(descriptions, &record, 1);
    return 1;
}

Status descriptions_keep(const Batch *batch, size_t first, size_t count)
{
    const Workspace *work = batch->work;
    const SpanModel *model = batch->model;
    const size_t columns = model->columns;
    for (size_t i = first; i < first + count; i++) {
        const size_t number = work->asked[i];
        const Lexeme *lexeme = &work->lexemes[number];
        if (!lexicon_takes(&model->descriptions, record_size(1, row_of(model), lexeme->key.size))) continue;
        Record *record;
        const Status status = record_new(&record, &lexeme->key, 1, row_of(model));
        if (status != OK) return status;
        char *row = (char *)record_vectors(record);
        *record_tokens(record) = (Token){0, 0, lexeme->flags};
        memcpy(row, work->attributes + number * columns, columns * sizeof(*work->attributes));
        lexicon_keep(&batch->model->descriptions, &record, 1);
        free(record);
    }
    return OK;
}
