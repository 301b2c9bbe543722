/* The runs of a batch: looked up, split into tokens, and joined; see batch.h. */
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "spans/batch.h"

/* ---- runs and questions ---- */

static int same_key(const Key *a, const Key *b)
{
    return a->hash == b->hash && a->size == b->size && a->mode == b->mode && !memcmp(a->utf8, b->utf8, a->size);
}

static int by_hash(const void *a, const void *b)
{
    const uint64_t left = (*(Run *const *)a)->key.hash, right = (*(Run *const *)b)->key.hash;
    return left < right ? -1 : left > right;
}

static Status add_question(Workspace *work, uint32_t text, Key key)
{
    const Status status =
        grow(&work->questions, work->question_count, &work->question_capacity, sizeof(*work->questions));
    if (status != OK) return status;
    work->questions[work->question_count++] = (Question){text, key, 0, 0};
    return OK;
}

/* Ask for the runs without a record: one question for all runs with the same key. */
static Status ask_for_unknown(Workspace *work)
{
    Run **unknown = malloc((work->unknown_count + 1) * sizeof(*unknown));
    if (!unknown) return NO_MEMORY;
    for (size_t i = 0; i < work->unknown_count; i++) unknown[i] = &work->runs.items[work->unknown[i]];
    qsort(unknown, work->unknown_count, sizeof(*unknown), by_hash);
    Status status = OK;
    for (size_t i = 0; i < work->unknown_count && status == OK; i++) {
        Run *run = unknown[i];
        if (!i || !same_key(&run->key, &unknown[i - 1]->key)) status = add_question(work, run->text, run->key);
        run->question = (uint32_t)work->question_count - 1;
    }
    free(unknown);
    work->run_questions = work->question_count;
    return status;
}

/* Look a run up in the lexicon, and note what is to be done about it. */
static Status look_up(Batch *batch, size_t index)
{
    Workspace *work = batch->work;
    Run *run = &work->runs.items[index];
    int is_old;
    run->record = lexicon_find(&batch->model->lexicon, batch->view, &run->key, &is_old);
    if (is_old) {
        const Status status =
            grow(&work->old_records, work->old_count, &work->old_capacity, sizeof(*work->old_records));
        if (status != OK) return status;
        work->old_records[work->old_count++] = run->record;
    } else if (!run->record) {
        const Status status =
            grow(&work->unknown, work->unknown_count, &work->unknown_capacity, sizeof(*work->unknown));
        if (status != OK) return status;
        work->unknown[work->unknown_count++] = index;
    }
    return OK;
}

Status batch_read(Batch *batch)
{
    Workspace *work = batch->work;
    for (size_t t = 0; t < batch->count; t++) {
        Text *text = &batch->texts[t];
        text->first_run = work->runs.count;
        const Status status = text->wanted ? runs_of(&work->runs, (uint32_t)t, text->utf8, text->size) : OK;
        if (status != OK) return status;
    }
    for (size_t i = 0; i < work->runs.count; i++) {
        const Status status = look_up(batch, i);
        if (status != OK) return status;
    }
    return work->unknown_count ? ask_for_unknown(work) : OK;
}

/* ---- tokens ---- */

/* Split a run, and join its exceptions again. The first and the last token keep the numbers of the first and last word
   before that: an exception that reaches over the run's border would be made of them. */
static Status split_run(const Tokenizer *tokenizer, Workspace *work, const Key *key)
{
    Pieces *pieces = &work->pieces;
    const size_t first = pieces->count;
    Status status = tokenizer_split(tokenizer, &work->tokenizer, key->utf8, key->size, pieces);
    if (status != OK || pieces->count == first) return status;
    const uint32_t begins = pieces->items[first].number, ends = pieces->items[pieces->count - 1].number;
    status = tokenizer_join(tokenizer, &work->tokenizer, key->utf8, first, pieces);
    if (status != OK) return status;
    Piece *last = &pieces->items[pieces->count - 1];
    pieces->items[first].number = begins;
    last->number = ends;
    last->space = key->mode == MODE_SPACE_FOLLOWS;
    return OK;
}

/* Split the runs of a text, then join exceptions over all of them. */
static Status split_text(const Batch *batch, uint32_t text)
{
    Workspace *work = batch->work;
    const Tokenizer *tokenizer = &batch->model->tokenizer;
    const char *utf8 = batch->texts[text].utf8;
    Pieces *pieces = &work->pieces;
    const size_t first = pieces->count;
    const Run *end = work->runs.items + work->runs.count;
    for (const Run *run = work->runs.items + batch->texts[text].first_run; run < end && run->text == text; run++) {
        size_t piece = pieces->count;
        const Status status = tokenizer_split(tokenizer, &work->tokenizer, run->key.utf8, run->key.size, pieces);
        if (status != OK) return status;
        if (piece < pieces->count) pieces->items[pieces->count - 1].space = run->key.mode == MODE_SPACE_FOLLOWS;
        for (; piece < pieces->count; piece++) {
            pieces->items[piece].start += run->start;
            pieces->items[piece].at += (uint32_t)(run->key.utf8 - utf8);
        }
    }
    return tokenizer_join(tokenizer, &work->tokenizer, utf8, first, pieces);
}

Status batch_split(Batch *batch)
{
    Workspace *work = batch->work;
    for (size_t q = work->answered; q < work->question_count; q++) {
        Question *question = &work->questions[q];
        question->first = work->pieces.count;
        const Status status = question->key.mode == MODE_WHOLE_TEXT
                                  ? split_text(batch, question->text)
                                  : split_run(&batch->model->tokenizer, work, &question->key);
        if (status != OK) return status;
        question->last = work->pieces.count;
    }
    return OK;
}

/* Move on by code points, up to the end of a key at most. */
static uint32_t skip(const Key *key, uint32_t at, uint32_t points)
{
    for (; points && at < key->size; points--) {
        at++;
        while (at < key->size && (key->utf8[at] & 0xc0) == 0x80) at++;
    }
    return at;
}

Status batch_take_split(Batch *batch, const SplitAnswer *answer)
{
    Workspace *work = batch->work;
    const uint32_t *column = answer->columns;
    for (size_t q = work->answered; q < work->question_count; q++) {
        Question *question = &work->questions[q];
        uint32_t position = 0, at = 0;
        question->first = work->pieces.count;
        for (int32_t t = 0; t < answer->counts[q - work->answered]; t++, column += SPLIT_COLUMNS) {
            at = skip(&question->key, at, column[0] - position);
            const uint32_t end = skip(&question->key, at, column[1]);
            const Piece piece = {column[0], column[1], at, end - at, column[2], column[3], 0, column[4] != 0};
            const Status status = pieces_add(&work->pieces, piece);
            if (status != OK) return status;
            position = column[0] + column[1];
            at = end;
        }
        question->last = work->pieces.count;
    }
    return OK;
}

/* ---- exceptions over several runs ---- */

static int by_value(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* Return the number of a run's last or first word among those of exceptions of several tokens, or 0. */
static uint32_t number_at(const Workspace *work, const Run *run, int is_last)
{
    if (run->record) {
        const uint32_t count = run->record->token_count;
        return count ? record_tokens(run->record)[is_last ? count - 1 : 0].flags >> EXCEPTION_WORD_SHIFT : 0;
    }
    const Question *question = &work->questions[run->question];
    if (question->first == question->last) return 0;
    return work->pieces.items[is_last ? question->last - 1 : question->first].number;
}

/* Return whether a multi-token exception may reach over the border of two runs. */
static int may_join(const Batch *batch, const Run *left, const Run *right)
{
    const SpanModel *model = batch->model;
    const uint32_t a = number_at(batch->work, left, 1), b = a ? number_at(batch->work, right, 0) : 0;
    const uint32_t pair = a << 16 | b;
    return a && b && bsearch(&pair, model->pairs, model->pair_count, sizeof(pair), by_value);
}

Status batch_ask_whole(Batch *batch, uint32_t number)
{
    Text *text = &batch->texts[number];
    const Status status = add_question(batch->work, number, key_of(text->utf8, text->size, MODE_WHOLE_TEXT));
    if (status == OK) text->whole = batch->work->question_count;
    return status;
}

Status batch_join(Batch *batch)
{
    Workspace *work = batch->work;
    const Run *before = NULL;
    for (const Run *run = work->runs.items; run < work->runs.items + work->runs.count; before = run++) {
        if (!before || before->text != run->text || batch->texts[run->text].whole || !may_join(batch, before, run))
            continue;
        const Status status = batch_ask_whole(batch, run->text);
        if (status != OK) return status;
    }
    return OK;
}
