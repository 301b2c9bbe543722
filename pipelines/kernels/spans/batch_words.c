/* The words of a batch: equal tokens share a lexeme, which is described once, and a form, which is embedded once. So a
run of a hundred thousand brackets costs one description and one embedding. See batch.h. */
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "spans/batch_chunks.h"
#include "spans/descriptions.h"

enum {
    MAX_PROBES = 24,  /* slots looked at for one lexeme; one that finds none is listed again, which costs time alone */
    BLOCK_RUNS = 256, /* that are kept together */
};

/* ---- lexemes ---- */

/* Make room in the table of lexemes for `more` of them. */
static Status reserve_slots(Workspace *work, size_t more)
{
    size_t count = 256;
    while (count < 2 * (work->lexeme_count + more)) count *= 2;
    if (count > work->lexeme_slot_capacity) {
        free(work->lexeme_slots);
        work->lexeme_slot_capacity = 0;
        work->lexeme_slots = malloc(count * sizeof(*work->lexeme_slots));
        if (!work->lexeme_slots) return NO_MEMORY;
        work->lexeme_slot_capacity = count;
    }
    work->lexeme_slot_count = count;
    memset(work->lexeme_slots, 0, work->lexeme_slot_count * sizeof(*work->lexeme_slots));
    return OK;
}

/* Return the slot of a key: with its lexeme, or free; or NULL where there is neither within reach. */
static uint32_t *slot_of(const Workspace *work, const Key *key)
{
    for (size_t probe = 0; probe < MAX_PROBES; probe++) {
        uint32_t *slot = &work->lexeme_slots[(key->hash + probe) & (work->lexeme_slot_count - 1)];
        if (!*slot) return slot;
        const Key *other = &work->lexemes[*slot - 1].key;
        if (other->hash == key->hash && other->size == key->size && !memcmp(other->utf8, key->utf8, key->size))
            return slot;
    }
    return NULL;
}

static Status add_lexeme(const SpanModel *model, Workspace *work, Key key)
{
    const size_t count = work->lexeme_count, columns = model->columns ? model->columns : 1;
    Status status = grow(&work->lexemes, count, &work->lexeme_capacity, sizeof(*work->lexemes));
    if (status == OK)
        status = grow(&work->attributes, count, &work->attribute_capacity, columns * sizeof(*work->attributes));
    if (status == OK) status = grow(&work->asked, work->asked_count, &work->asked_capacity, sizeof(*work->asked));
    if (status != OK) return status;
    work->lexemes[work->lexeme_count++] = (Lexeme){key, 0, 0};
    return OK;
}

/* Find the lexeme of a piece of a text, or add it: then it is recalled, or to be described. */
static Status find_lexeme(Batch *batch, const char *utf8, const Piece *piece, uint32_t *number)
{
    Workspace *work = batch->work;
    const Key key = key_of(utf8 + piece->at, piece->size, MODE_LEXEME);
    uint32_t *slot = slot_of(work, &key);
    if (slot && *slot) {
        *number = *slot - 1;
        return OK;
    }
    const Status status = add_lexeme(batch->model, work, key);
    if (status != OK) return status;
    *number = (uint32_t)work->lexeme_count - 1;
    if (slot) *slot = *number + 1;
    if (!description_recall(batch, *number)) work->asked[work->asked_count++] = *number;
    return OK;
}

/* Find the form of a piece among those of its lexeme, or add it. */
static Status find_form(const SpanModel *model, Workspace *work, uint32_t lexeme, Piece *piece)
{
    const uint32_t norm = model->norm_column == NO_COLUMN ? 0 : piece->norm;
    const int space = model->space_column != NO_COLUMN && piece->space;
    for (uint32_t form = work->lexemes[lexeme].form; form; form = work->forms[form - 1].next)
        if (work->forms[form - 1].norm == norm && work->forms[form - 1].space == space) {
            piece->form = form - 1;
            return OK;
        }
    const size_t row = model->row ? model->row : 1;
    Status status = grow(&work->forms, work->form_count, &work->form_capacity, sizeof(*work->forms));
    if (status == OK) status = grow(&work->vectors, work->form_count, &work->vector_capacity, row * sizeof(float));
    if (status != OK) return status;
    piece->form = (uint32_t)work->form_count;
    work->forms[work->form_count++] = (Form){lexeme, norm, space, work->lexemes[lexeme].form};
    work->lexemes[lexeme].form = (uint32_t)work->form_count;
    return OK;
}

Status batch_list(Batch *batch)
{
    Workspace *work = batch->work;
    if (work->answered == work->question_count) return OK;
    const size_t first = work->questions[work->answered].first;
    Status status = reserve_slots(work, work->pieces.count - first);
    if (status != OK) return status;
    for (size_t l = 0; l < work->lexeme_count; l++) { /* those of an earlier round */
        uint32_t *slot = slot_of(work, &work->lexemes[l].key);
        if (slot) *slot = (uint32_t)l + 1;
    }
    for (size_t q = work->answered; q < work->question_count; q++) {
        const Question *question = &work->questions[q];
        for (size_t p = question->first; p < question->last; p++) {
            Piece *piece = &work->pieces.items[p];
            uint32_t lexeme;
            status = find_lexeme(batch, question->key.utf8, piece, &lexeme);
            if (status == OK) status = find_form(batch->model, work, lexeme, piece);
            if (status != OK) return status;
        }
    }
    work->answered = work->question_count;
    return OK;
}

Status batch_describe(Batch *batch, size_t first, const Description *description)
{
    Workspace *work = batch->work;
    const size_t columns = batch->model->columns;
    for (size_t i = 0; i < description->count; i++) {
        const size_t lexeme = work->asked[first + i];
        work->lexemes[lexeme].flags = description->flags[i] & (TOKEN_IS_SPACE | TOKEN_IS_PUNCT | TOKEN_ENDS_SENTENCE);
        memcpy(work->attributes + lexeme * columns, description->attributes + i * columns,
               columns * sizeof(*work->attributes));
    }
    return descriptions_keep(batch, first, description->count);
}

/* ---- forms ---- */

uint64_t attribute_of(const Batch *batch, const Form *form, size_t column)
{
    const SpanModel *model = batch->model;
    if (form->norm && column == (size_t)model->norm_column) return model->norms[form->norm - 1];
    if (form->space && column == (size_t)model->space_column) return 1;
    return batch->work->attributes[form->lexeme * model->columns + column];
}

/* Find the static vectors of forms [first, first + count), for all networks. */
static Status find_statics(Batch *batch, size_t first, size_t count)
{
    const StaticVectors *statics = &batch->model->statics;
    Workspace *work = batch->work;
    const size_t stride = padded(statics->values);
    Status status = OK;
    if (!stride) return OK;
    memset(work->statics, 0, count * stride * sizeof(float));
    for (size_t i = 0; i < count && status == OK; i++) {
        const Form *form = &work->forms[first + i];
        const Key *key = &work->lexemes[form->lexeme].key;
        status = static_vector(statics, attribute_of(batch, form, statics->column), key->utf8, key->size,
                               work->statics + i * stride);
    }
    return status;
}

/* Embed forms [first, first + count) by a network, at `offset` of their rows. */
static Status embed(Batch *batch, const Network *network, size_t first, size_t count, size_t offset)
{
    const SpanModel *model = batch->model;
    Workspace *work = batch->work;
    const size_t columns = model->columns;
    uint64_t *attributes = malloc((count * columns + 1) * sizeof(*attributes));
    float *results[BLOCK_FORMS];
    Status status = attributes ? OK : NO_MEMORY;
    for (size_t i = 0; i < count && status == OK; i++) {
        const Form *form = &work->forms[first + i];
        for (size_t c = 0; c < columns; c++) attributes[i * columns + c] = attribute_of(batch, form, c);
        results[i] = work->vectors + (first + i) * model->row + offset;
    }
    if (status == OK) status = network_embed(network, attributes, columns, work->statics, count, results);
    free(attributes);
    return status;
}

/* Write what is kept of forms [first, first + count) for the n-grams of a classifier. */
static void fill_ngrams(const Batch *batch, const NgramLayer *layer, size_t first, size_t count)
{
    const Workspace *work = batch->work;
    for (size_t f = first; f < first + count; f++)
        ngrams_fill_row(layer, attribute_of(batch, &work->forms[f], layer->column),
                        work->vectors + f * batch->model->row + layer->offset);
}

/* Fill in what the classifiers and the span categorizers need of forms [first, first + count). */
static Status prepare_classifiers(Batch *batch, size_t first, size_t count)
{
    const SpanModel *model = batch->model;
    for (size_t c = 0; c < model->classifier_count; c++) {
        const Classifier *classifier = &model->classifiers[c];
        if (classifier->has_ngrams) fill_ngrams(batch, &classifier->ngrams, first, count);
        if (classifier->network != &classifier->own_network) continue;
        const Status status = embed(batch, classifier->network, first, count, classifier->offset);
        if (status != OK) return status;
    }
    for (size_t c = 0; c < model->categorizer_count; c++) {
        const SpanCategorizer *categorizer = &model->categorizers[c];
        if (categorizer->network != &categorizer->own_network) continue;
        const Status status = embed(batch, categorizer->network, first, count, categorizer->offset);
        if (status != OK) return status;
    }
    return OK;
}

Status batch_learn(Batch *batch)
{
    const SpanModel *model = batch->model;
    Workspace *work = batch->work;
    work->asked_count = 0;
    while (work->embedded < work->form_count) {
        const size_t first = work->embedded, left = work->form_count - first;
        const size_t count = left < BLOCK_FORMS ? left : BLOCK_FORMS;
        memset(work->vectors + first * model->row, 0, count * model->row * sizeof(float));
        Status status = find_statics(batch, first, count);
        if (status == OK && model->has_entities) status = embed(batch, &model->entity_network, first, count, 0);
        for (const TokenNetwork *one = model->token_networks;
             one < model->token_networks + model->token_network_count && status == OK; one++)
            status = embed(batch, &one->network, first, count, one->offset);
        if (status == OK) status = prepare_classifiers(batch, first, count);
        if (status == OK && model->sentence_kind == SENTENCES_NETWORK)
            status = embed(batch, &model->sentence_network, first, count, sentence_offset(model));
        if (status != OK) return status;
        fill_codes(batch, first, count);
        work->embedded += count;
    }
    return OK;
}

/* ---- records ---- */

/* Make a record of a run's tokens and their vectors. */
static Status record_of(const Batch *batch, const Question *question, Record **record)
{
    const Workspace *work = batch->work;
    const size_t row = batch->model->row, count = question->last - question->first;
    const Piece *pieces = work->pieces.items + question->first;
    const Status status = record_new(record, &question->key, count, row);
    for (size_t p = 0; p < count && status == OK; p++) {
        const Form *form = &work->forms[pieces[p].form];
        record_tokens(*record)[p] =
            (Token){pieces[p].start, pieces[p].length,
                    work->lexemes[form->lexeme].flags | pieces[p].number << EXCEPTION_WORD_SHIFT};
        memcpy(record_vectors(*record) + p * row, work->vectors + pieces[p].form * row, row * sizeof(float));
    }
    return status;
}

/* Keep runs [first, last) in the lexicon, those that are short enough. */
static Status keep_runs(Batch *batch, size_t first, size_t last)
{
    Lexicon *lexicon = &batch->model->lexicon;
    Record *records[BLOCK_RUNS] = {NULL};
    size_t count = 0;
    Status status = OK;
    for (size_t q = first; q < last && status == OK; q++) {
        const Question *question = &batch->work->questions[q];
        if (!lexicon_takes(lexicon,
                           record_size(question->last - question->first, batch->model->row, question->key.size)))
            continue;
        status = record_of(batch, question, &records[count]);
        if (status == OK) count++;
    }
    if (status == OK) lexicon_keep(lexicon, records, count);
    for (size_t r = 0; r < count; r++) free(records[r]);
    return status;
}

Status batch_keep_runs(Batch *batch)
{
    const size_t count = batch->work->run_questions;
    Status status = OK;
    for (size_t first = 0; first < count && status == OK; first += BLOCK_RUNS)
        status = keep_runs(batch, first, count - first < BLOCK_RUNS ? count : first + BLOCK_RUNS);
    return status;
}
