/* The runs of a batch: looked up, asked for, learnt, and joined; see batch.h. */
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "spans/batch.h"
#include "spans/descriptions.h"

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
    work->questions[work->question_count++] = (Question){text, key, NULL};
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
        const Text *text = &batch->texts[t];
        const Status status = text->wanted ? runs_of(&work->runs, (uint32_t)t, text->utf8, text->size) : OK;
        if (status != OK) return status;
    }
    for (size_t i = 0; i < work->runs.count; i++) {
        const Status status = look_up(batch, i);
        if (status != OK) return status;
    }
    if (!work->unknown_count) return OK;
    const Status status = ask_for_unknown(work);
    return status == OK ? descriptions_recall(batch) : status;
}

static Status add_record(Batch *batch, const Key *key, const Token *tokens, size_t count)
{
    Workspace *work = batch->work;
    Status status = grow(&work->new_records, work->new_count, &work->new_capacity, sizeof(*work->new_records));
    if (status != OK) return status;
    status = record_new(&work->new_records[work->new_count], key, tokens, count, batch->model->row);
    if (status == OK) work->new_count++;
    return status;
}

/* Embed the tokens of all new records from number `first` on, at `offset` of their rows. */
static Status embed(Batch *batch, const Network *network, const Description *description, size_t first, size_t offset)
{
    const Workspace *work = batch->work;
    float **results = malloc((description->token_count + 1) * sizeof(*results));
    if (!results) return NO_MEMORY;
    size_t n = 0;
    for (size_t r = first; r < work->new_count; r++) {
        const Record *record = work->new_records[r];
        for (size_t t = 0; t < record->token_count; t++)
            results[n++] = record_vectors(record) + t * record->row + offset;
    }
    const Status status =
        network_embed(network, description->attributes, batch->model->columns, description->statics, n, results);
    free(results);
    return status;
}

/* Write what is kept of the tokens of all new records from number `first` on, for the n-grams of a classifier. */
static void fill_ngrams(const Batch *batch, const NgramLayer *layer, const Description *description, size_t first)
{
    const Workspace *work = batch->work;
    const uint64_t *attributes = description->attributes;
    for (size_t r = first; r < work->new_count; r++) {
        const Record *record = work->new_records[r];
        for (size_t t = 0; t < record->token_count; t++, attributes += batch->model->columns)
            ngrams_fill_row(layer, attributes[layer->column], record_vectors(record) + t * record->row + layer->offset);
    }
}

/* Fill in what the classifiers need of the tokens of all new records from number `first` on. */
static Status prepare_categories(Batch *batch, const Description *description, size_t first)
{
    const SpanModel *model = batch->model;
    for (size_t c = 0; c < model->classifier_count; c++) {
        const Classifier *classifier = &model->classifiers[c];
        if (classifier->has_ngrams) fill_ngrams(batch, &classifier->ngrams, description, first);
        if (classifier->network != &classifier->own_network) continue;
        const Status status = embed(batch, classifier->network, description, first, classifier->offset);
        if (status != OK) return status;
    }
    return OK;
}

/* Make a record for every question, and give it to the runs and texts that asked. */
static Status make_records(Batch *batch, const Description *description)
{
    Workspace *work = batch->work;
    const SpanModel *model = batch->model;
    const size_t first = work->new_count;
    const Token *tokens = description->tokens;
    Status status = OK;
    for (size_t q = 0; q < work->question_count; q++) {
        status = add_record(batch, &work->questions[q].key, tokens, (size_t)description->counts[q]);
        if (status != OK) return status;
        tokens += description->counts[q];
    }
    if (model->has_entities) status = embed(batch, &model->entity_network, description, first, 0);
    if (status != OK) return status;
    if (model->sentence_kind == SENTENCES_NETWORK)
        status = embed(batch, &model->sentence_network, description, first, sentence_offset(model));
    if (status != OK) return status;
    status = prepare_categories(batch, description, first);
    if (status != OK) return status;
    for (size_t i = 0; i < work->unknown_count; i++) {
        Run *run = &work->runs.items[work->unknown[i]];
        run->record = work->new_records[first + run->question];
    }
    if (work->unknown_count) work->new_runs = work->new_count;
    work->unknown_count = 0;
    for (size_t q = 0; q < work->question_count; q++)
        if (work->questions[q].key.mode == MODE_WHOLE_TEXT)
            batch->texts[work->questions[q].text].whole = work->new_records[first + q];
    work->question_count = 0;
    return OK;
}

Status batch_learn(Batch *batch, const Description *answer)
{
    Status status = descriptions_keep(batch, answer);
    if (status != OK) return status;
    Description all;
    status = descriptions_merge(batch, answer, &all);
    if (status == OK) status = make_records(batch, &all);
    descriptions_free(&all);
    return status;
}

static int by_value(const void *a, const void *b)
{
    const uint32_t left = *(const uint32_t *)a, right = *(const uint32_t *)b;
    return left < right ? -1 : left > right;
}

/* Return whether a multi-token exception may reach over the border of two runs. */
static int may_join(const SpanModel *model, const Record *left, const Record *right)
{
    if (!left->token_count || !right->token_count) return 0;
    const uint32_t a = record_tokens(left)[left->token_count - 1].flags >> EXCEPTION_WORD_SHIFT;
    const uint32_t b = record_tokens(right)[0].flags >> EXCEPTION_WORD_SHIFT;
    const uint32_t pair = a << 16 | b;
    return a && b && bsearch(&pair, model->pairs, model->pair_count, sizeof(pair), by_value);
}

Status batch_join(Batch *batch)
{
    Workspace *work = batch->work;
    const Run *before = NULL;
    for (const Run *run = work->runs.items; run < work->runs.items + work->runs.count; before = run++) {
        const int is_asked = work->question_count && work->questions[work->question_count - 1].text == run->text;
        if (!before || before->text != run->text || is_asked || !may_join(batch->model, before->record, run->record))
            continue;
        const Text *text = &batch->texts[run->text];
        const Status status = add_question(work, run->text, key_of(text->utf8, text->size, MODE_WHOLE_TEXT));
        if (status != OK) return status;
    }
    return OK;
}
