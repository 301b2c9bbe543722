/* The networks over a batch: from records to entities and sentences, in code points; see batch.h. */
#include <string.h>

#include "grow.h"
#include "spans/batch_chunks.h"

/* ---- words ---- */

static Status add_word(Workspace *work, Word word)
{
    const Status status = grow(&work->words, work->word_count, &work->word_capacity, sizeof(*work->words));
    if (status != OK) return status;
    work->words[work->word_count++] = word;
    return OK;
}

/* Add the words of a record. Its run begins at code point `start` of the text. */
static Status add_known(Workspace *work, const Record *record, uint32_t start)
{
    Status status = OK;
    for (size_t t = 0; t < record->token_count && status == OK; t++) {
        const Token token = record_tokens(record)[t];
        const uint32_t first = start + token.start;
        const float *vector = record_vectors(record) + t * record->row;
        status = add_word(work, (Word){vector, first, first + token.length, token.flags});
    }
    return status;
}

/* Add the words of a question likewise. */
static Status add_new(const Batch *batch, const Question *question, uint32_t start)
{
    Workspace *work = batch->work;
    Status status = OK;
    for (size_t p = question->first; p < question->last && status == OK; p++) {
        const Piece *piece = &work->pieces.items[p];
        const uint32_t first = start + piece->start;
        const float *vector = work->vectors + piece->form * batch->model->row;
        const uint32_t flags = work->lexemes[work->forms[piece->form].lexeme].flags;
        status = add_word(work, (Word){vector, first, first + piece->length, flags});
    }
    return status;
}

/* List the words of every text, from the text as a whole or from its runs. */
static Status list_words(Batch *batch)
{
    Workspace *work = batch->work;
    const Run *run = work->runs.items, *end = run + work->runs.count;
    for (size_t t = 0; t < batch->count; t++) {
        Text *text = &batch->texts[t];
        text->first_word = work->word_count;
        Status status = text->whole ? add_new(batch, &work->questions[text->whole - 1], 0) : OK;
        for (; status == OK && run < end && run->text == t; run++) {
            if (text->whole) continue;
            status = run->record ? add_known(work, run->record, run->start)
                                 : add_new(batch, &work->questions[run->question], run->start);
        }
        if (status != OK) return status;
        text->word_count = work->word_count - text->first_word;
    }
    return OK;
}

const Word *word_of(const Batch *batch, uint32_t text, uint32_t token)
{
    return &batch->work->words[batch->texts[text].first_word + token];
}

static const float *entity_vector(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->vector;
}

static const float *sentence_vector(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->vector + sentence_offset(((const Batch *)batch)->model);
}

static uint32_t flags_of(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->flags;
}

/* Mark the words of a text at which its bounds begin, and those that they take. */
static void mark_bounds(const Text *text, Word *words)
{
    uint32_t taken = 0;
    size_t next = 0;
    for (size_t i = 0; i < text->word_count; i++) {
        for (; next < text->bound_count; next++) {
            Bound bound;
            memcpy(&bound, text->bounds + next * sizeof(bound), sizeof(bound));
            if (bound.start > words[i].start) break;
            words[i].flags |= TOKEN_ENDS_ENTITIES;
            if (bound.end > taken) taken = bound.end;
        }
        if (words[i].start < taken) words[i].flags |= TOKEN_IS_TAKEN;
    }
}

/* ---- networks ---- */

/* Compute the vectors of a chunk, and decode its entities. */
static Status decode_chunk(Batch *batch)
{
    Workspace *work = batch->work;
    const Chunk *chunk = &work->chunk;
    const Network *network = &batch->model->entity_network;
    chunk_run(&work->chunk, network, entity_vector, batch);
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        if (!part->first) decoding_start(&work->decoder.decoding);
        const Status status = decoder_run(&batch->model->decoder, &work->decoder, part_vectors(chunk, network, part),
                                          padded(network->width), part->text, part->last - part->first, part->length,
                                          flags_of, batch, &work->token_spans);
        if (status != OK) return status;
    }
    return OK;
}

/* Compute the vectors of a chunk, and mark the words that begin a sentence: those whose class 1 scores higher than
   their class 0 (spacy/pipeline/senter.pyx). */
static Status classify_chunk(Batch *batch)
{
    Workspace *work = batch->work;
    Chunk *chunk = &work->chunk;
    const Network *network = &batch->model->sentence_network;
    const Matrix *classes = &batch->model->sentence_classes;
    const size_t stride = padded(network->width);
    chunk_run(chunk, network, sentence_vector, batch);
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        const size_t count = part->last - part->first;
        for (size_t i = 0; i < count; i++) {
            chunk->in[i] = part_vectors(chunk, network, part) + i * stride;
            chunk->out[i] = work->class_scores + i * classes->outputs;
        }
        matrix_apply(classes, chunk->in, chunk->out, count);
        Word *words = work->words + batch->texts[part->text].first_word + part->first;
        for (size_t i = 0; i < count; i++)
            if (chunk->out[i][1] > chunk->out[i][0]) words[i].flags |= TOKEN_STARTS_SENTENCE;
    }
    return OK;
}

Status run_chunks(Batch *batch, const Network *network, int wanted, Status (*finish)(Batch *))
{
    Chunk *chunk = &batch->work->chunk;
    chunk_clear(chunk);
    for (size_t t = 0; t < batch->count; t++) {
        const uint32_t length = (uint32_t)batch->texts[t].word_count;
        if (!(batch->texts[t].wanted & wanted)) continue;
        for (uint32_t token = 0; token < length;) {
            const uint32_t next = chunk_add(chunk, network, (uint32_t)t, token, length);
            if (next == token || next < length) {
                const Status status = finish(batch);
                if (status != OK) return status;
                chunk_clear(chunk);
            }
            token = next;
        }
    }
    const Status status = chunk->part_count ? finish(batch) : OK;
    chunk_clear(chunk);
    return status;
}

/* ---- spans ---- */

/* Turn the decoder's token spans into spans of code points. */
static Status list_entities(Batch *batch)
{
    Workspace *work = batch->work;
    for (size_t i = 0; i < work->token_spans.count; i++) {
        const Status status =
            grow(&work->entities, work->entity_count, &work->entity_capacity, sizeof(*work->entities));
        if (status != OK) return status;
        const TokenSpan *span = &work->token_spans.items[i];
        const uint32_t start = word_of(batch, span->text, span->first)->start;
        const uint32_t end = word_of(batch, span->text, span->last - 1)->end;
        work->entities[work->entity_count++] = (EntitySpan){span->text, start, end, span->label, span->probability};
    }
    return OK;
}

/* Mark the words that begin a sentence: the first word that is no punctuation after one that ends a sentence
   (spacy/pipeline/sentencizer.pyx). */
static void apply_rules(Word *words, size_t count)
{
    int has_ended = 0;
    for (size_t i = 0; i < count; i++) {
        const uint32_t flags = words[i].flags;
        if (has_ended && !(flags & (TOKEN_IS_PUNCT | TOKEN_ENDS_SENTENCE))) {
            words[i].flags |= TOKEN_STARTS_SENTENCE;
            has_ended = 0;
        } else if (flags & TOKEN_ENDS_SENTENCE) {
            has_ended = 1;
        }
    }
}

/* List the sentences of a text, from first word to last. White space around a sentence is left out, and so are
   sentences of white space alone. */
static Status list_sentences(Batch *batch, uint32_t text)
{
    Workspace *work = batch->work;
    const Word *words = work->words + batch->texts[text].first_word;
    int is_open = 0;
    for (size_t i = 0; i < batch->texts[text].word_count; i++) {
        if (words[i].flags & TOKEN_STARTS_SENTENCE) is_open = 0;
        if (words[i].flags & TOKEN_IS_SPACE) continue;
        if (!is_open) {
            const Status status =
                grow(&work->sentences, work->sentence_count, &work->sentence_capacity, sizeof(*work->sentences));
            if (status != OK) return status;
            work->sentences[work->sentence_count++] = (SentenceSpan){text, words[i].start, words[i].end};
            is_open = 1;
        }
        work->sentences[work->sentence_count - 1].end = words[i].end;
    }
    return OK;
}

static Status find_entities(Batch *batch)
{
    if (!batch->model->has_entities) return OK;
    for (const Text *text = batch->texts; text < batch->texts + batch->count; text++) {
        Word *words = batch->work->words + text->first_word;
        if (text->bound_count) mark_bounds(text, words);
        for (size_t i = 0; text->wanted & WITHIN_SENTENCES && i < text->word_count; i++)
            if (words[i].flags & TOKEN_STARTS_SENTENCE) words[i].flags |= TOKEN_ENDS_ENTITIES;
    }
    const Status status = run_chunks(batch, &batch->model->entity_network, WANT_ENTITIES, decode_chunk);
    return status == OK ? list_entities(batch) : status;
}

static Status find_sentences(Batch *batch)
{
    const SpanModel *model = batch->model;
    const int wanted = WANT_SENTENCES | WITHIN_SENTENCES;
    Status status = OK;
    if (model->sentence_kind == SENTENCES_NONE) return OK;
    if (model->sentence_kind == SENTENCES_NETWORK)
        status = run_chunks(batch, &model->sentence_network, wanted, classify_chunk);
    for (size_t t = 0; t < batch->count && status == OK; t++) {
        const Text *text = &batch->texts[t];
        if (text->wanted & wanted && model->sentence_kind == SENTENCES_RULES)
            apply_rules(batch->work->words + text->first_word, text->word_count);
        if (text->wanted & WANT_SENTENCES) status = list_sentences(batch, (uint32_t)t);
    }
    return status;
}

Status batch_compute(Batch *batch)
{
    Workspace *work = batch->work;
    Status status = list_words(batch);
    if (status != OK) return status;
    status = find_sentences(batch); /* which may restrict the entities */
    if (status != OK) return status;
    status = find_entities(batch);
    if (status != OK) return status;
    status = find_categories(batch);
    if (status != OK) return status;
    status = find_spans(batch);
    if (status != OK) return status;
    status = find_tokens(batch);
    if (status != OK) return status;
    status = find_matches(batch);
    if (status != OK) return status;
    status = batch_keep_runs(batch);
    if (status != OK) return status;
    lexicon_keep(&batch->model->lexicon, work->old_records, work->old_count);
    return OK;
}
