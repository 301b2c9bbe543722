/* Texts read into words, and scores put together; see scoring.h. `pipelines/sentiment/reference_model.py` is the
reference. */
#include "sentiment/scoring.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "sentiment/pooling.h"
#include "sentiment/sentiment_workspace.h"

enum { FIRST_POINTS = 4096, MANY_WORDS = 4 * CHUNK_ROWS }; /* words that are scored before more are read */

/* ---- words ---- */

/* Decode a text to the workspace's code points. */
static Status read_text(SentimentWorkspace *work, const SentimentText *text, uint32_t *length)
{
    if (text->size > work->point_capacity) {
        size_t capacity = 2 * work->point_capacity > FIRST_POINTS ? 2 * work->point_capacity : FIRST_POINTS;
        if (capacity < text->size) capacity = text->size;
        free(work->points);
        work->point_capacity = 0;
        work->points = malloc(capacity * sizeof(*work->points));
        if (!work->points) return NO_MEMORY;
        work->point_capacity = capacity;
    }
    *length = utf8_decode(text->utf8, text->size, work->points);
    return OK;
}

/* Make the row of a word that is not in the vocabulary, and set the word's number. */
static Status make_row(SentimentWorkspace *work, const SentimentWord *word, int32_t *number)
{
    const Embeddings *embeddings = &work->model->embeddings;
    const size_t stride = padded(embeddings->width);
    const Status status = grow(&work->made_rows, work->made_count, &work->made_capacity, stride * sizeof(float));
    if (status != OK) return status;
    float *row = work->made_rows + work->made_count * stride;
    memset(row, 0, stride * sizeof(float));
    embeddings_add_ngrams(embeddings, word->key, word->key_size, row);
    *number = ~(int32_t)work->made_count++;
    return OK;
}

/* Add a word to the workspace, for `sentiment_words`. */
static Status add_word(void *context, const SentimentWord *word)
{
    SentimentWorkspace *work = context;
    Status status = grow(&work->words, work->word_count, &work->word_capacity, sizeof(*work->words));
    if (status != OK) return status;
    int32_t number =
        embeddings_find(&work->model->embeddings, word->key, word->key_size, word->flags & WORD_IS_STRETCHED);
    if (number < 0) status = make_row(work, word, &number);
    if (status != OK) return status;
    work->words[work->word_count++] = (KnownWord){word->start, word->end, word->flags, number};
    return OK;
}

/* Take the mark of a title from words [first, last) of a sentence that is in title case, where it says nothing:
   `is_title_case` and `untitled` in tokens.py. */
static void untitle(SentimentWorkspace *work, size_t first, size_t last)
{
    size_t titled = 0, small = 0;
    for (size_t w = first; w < last; w++) {
        small += (work->words[w].flags & WORD_IS_SMALL) != 0;
        titled += (work->words[w].flags & WORD_IS_TITLE) != 0;
    }
    if (titled < TITLE_CASE || TITLE_CASE * small >= titled) return;
    for (size_t w = first; w < last; w++)
        if (work->words[w].flags & WORD_IS_TITLE)
            work->words[w].flags = (work->words[w].flags & ~(uint32_t)WORD_IS_TITLE) | WORD_WAS_TITLE;
}

static Status add_pending(SentimentWorkspace *work, Pending pending)
{
    const Status status = grow(&work->pending, work->pending_count, &work->pending_capacity, sizeof(*work->pending));
    if (status != OK) return status;
    work->pending[work->pending_count++] = pending;
    return OK;
}

/* ---- sentences and whole texts ---- */

/* Read a sentence, to be scored later. logits: [SENTENCE_OUTPUTS] */
static Status add_sentence(SentimentWorkspace *work, uint32_t start, uint32_t end, float *logits)
{
    const size_t first = work->word_count;
    Status status = sentiment_words(&work->model->characters, work->points, start, end, add_word, work);
    if (status != OK) return status;
    if (work->word_count == first) {
        memcpy(logits, work->model->empty, SENTIMENT_CLASSES * sizeof(float));
        logits[SENTIMENT_CLASSES] = -INFINITY; /* it counts nothing for its text */
        return OK;
    }
    untitle(work, first, work->word_count);
    status = add_pending(work, (Pending){.first = first, .length = work->word_count - first, .logits = logits});
    if (status != OK) return status;
    if (work->word_count >= MANY_WORDS) score_pending_sentences(work);
    return OK;
}

/* Score a whole text by its sentences: the mean of those that have words, weighted by the last output, made surer by
   their number. each: [count][SENTENCE_OUTPUTS]; whole: [SENTIMENT_CLASSES] */
static void score_whole(const SentimentWeights *model, const float *each, size_t count, float *whole)
{
    const float *last = each + count * SENTENCE_OUTPUTS, *only = each;
    float highest = -INFINITY, total = 0, sum[SENTIMENT_CLASSES] = {0};
    size_t with_words = 0;
    for (const float *row = each; row < last; row += SENTENCE_OUTPUTS)
        if (row[SENTIMENT_CLASSES] > -INFINITY) {
            if (row[SENTIMENT_CLASSES] > highest) highest = row[SENTIMENT_CLASSES];
            only = row;
            with_words++;
        }
    if (with_words < 2) {
        memcpy(whole, only, SENTIMENT_CLASSES * sizeof(float));
        return;
    }
    for (const float *row = each; row < last; row += SENTENCE_OUTPUTS) {
        const float weight = expf(row[SENTIMENT_CLASSES] - highest);
        total += weight;
        for (int c = 0; c < SENTIMENT_CLASSES; c++) sum[c] += weight * row[c];
    }
    const float surer = powf((float)with_words, model->exponent), more = logf((float)with_words);
    for (int c = 0; c < SENTIMENT_CLASSES; c++) whole[c] = sum[c] / total * surer + more * model->bias[c];
}

/* How many rows of `each` are a text's. */
static size_t rows_of(const SentimentText *text) { return text->count ? text->count : 1; }

/* Read and score the sentences of a text. spans: those of the text */
static Status add_text(SentimentWorkspace *work, const SentimentText *text, const SentimentSpan *spans, float *each)
{
    uint32_t length;
    Status status = read_text(work, text, &length);
    if (status != OK) return status;
    const SentimentSpan all = {0, length};
    if (!text->count) spans = &all;
    for (size_t s = 0; s < rows_of(text) && status == OK; s++) {
        const uint32_t end = spans[s].end < length ? spans[s].end : length;
        status = add_sentence(work, spans[s].start, end, each + s * SENTENCE_OUTPUTS);
    }
    return status;
}

Status score_texts(SentimentWeights *model, const SentimentText *texts, size_t count, const SentimentSpan *spans,
                   float *whole, float *each)
{
    SentimentWorkspace *work;
    Status status = sentiment_workspace_take(model, &work);
    if (status != OK) return status;
    float *row = each;
    for (size_t t = 0; t < count && status == OK; t++) {
        status = add_text(work, &texts[t], spans, row);
        row += rows_of(&texts[t]) * SENTENCE_OUTPUTS;
        spans += texts[t].count;
    }
    if (status == OK) {
        score_pending_sentences(work);
        row = each;
        for (size_t t = 0; t < count; t++) {
            score_whole(model, row, rows_of(&texts[t]), whole + t * SENTIMENT_CLASSES);
            row += rows_of(&texts[t]) * SENTENCE_OUTPUTS;
        }
    }
    sentiment_workspace_give_back(work);
    return status;
}

/* ---- targets ---- */

/* Return the index of the first of words [first, last) that ends after a position. */
static size_t word_after(const SentimentWorkspace *work, size_t first, size_t last, uint32_t position)
{
    while (first < last) {
        const size_t middle = first + (last - first) / 2;
        if (work->words[middle].end > position)
            last = middle;
        else
            first = middle + 1;
    }
    return first;
}

/* Return the index of the first of words [first, last) that begins at a position or after it. */
static size_t word_from(const SentimentWorkspace *work, size_t first, size_t last, uint32_t position)
{
    while (first < last) {
        const size_t middle = first + (last - first) / 2;
        if (work->words[middle].start >= position)
            last = middle;
        else
            first = middle + 1;
    }
    return first;
}

/* Find the words around a target. Words [first, last) are its sentence. */
static Pending pending_target(const SentimentWorkspace *work, size_t first, size_t last, const SentimentTarget *target,
                              float *logits)
{
    const size_t begin = word_after(work, first, last, target->start);
    const size_t end = word_from(work, begin, last, target->end);
    const size_t before = begin - first > TARGET_WINDOW ? TARGET_WINDOW : begin - first;
    const size_t after = last - end > TARGET_WINDOW ? TARGET_WINDOW : last - end;
    return (Pending){begin - before, before + 1 + after, before, begin, end, logits};
}

static int same_sentence(const SentimentTarget *a, const SentimentTarget *b)
{
    return a->sentence_start == b->sentence_start && a->sentence_end == b->sentence_end;
}

/* Read and take the targets of a text, to be scored later, until one does not fit its rows: `*taken` of them. A sentence
   is read once for all targets in a row that stand in it. */
static Status add_targets(SentimentWorkspace *work, const SentimentText *text, const SentimentTarget *targets,
                          uint32_t length, float *logits, size_t *taken)
{
    size_t first = 0, last = 0; /* the words of the sentence that was read last */
    size_t rows = 0;
    Status status = OK;
    for (size_t i = 0; i < text->count && status == OK; i++) {
        const SentimentTarget *target = &targets[i];
        if (!i || !same_sentence(target, target - 1)) {
            if (work->word_count >= MANY_WORDS) score_pending_targets(work);
            const uint32_t end = target->sentence_end < length ? target->sentence_end : length;
            first = work->word_count;
            status =
                sentiment_words(&work->model->characters, work->points, target->sentence_start, end, add_word, work);
            last = work->word_count;
            if (status == OK) untitle(work, first, last);
        }
        if (status != OK) return status;
        const Pending pending = pending_target(work, first, last, target, logits + i * SENTIMENT_CLASSES);
        rows += pending.length;
        if (rows > TARGET_ROWS) break;
        status = add_pending(work, pending);
        *taken = i + 1;
    }
    return status;
}

/* Give targets [count] of a text the scores of their sentences. Nothing else may be pending. */
static Status score_by_sentence(SentimentWorkspace *work, const SentimentTarget *targets, size_t count, uint32_t length,
                                float *logits)
{
    float *each = malloc(count * SENTENCE_OUTPUTS * sizeof(float)); /* of the sentences, each once in a row */
    if (!each) return NO_MEMORY;
    Status status = OK;
    size_t sentence = 0;
    for (size_t i = 0; i < count && status == OK; i++) {
        if (i && same_sentence(&targets[i], &targets[i - 1])) continue;
        const uint32_t end = targets[i].sentence_end < length ? targets[i].sentence_end : length;
        status = add_sentence(work, targets[i].sentence_start, end, each + sentence++ * SENTENCE_OUTPUTS);
    }
    if (status == OK) score_pending_sentences(work);
    sentence = 0;
    for (size_t i = 0; i < count && status == OK; i++) {
        if (i && !same_sentence(&targets[i], &targets[i - 1])) sentence++;
        memcpy(logits + i * SENTIMENT_CLASSES, each + sentence * SENTENCE_OUTPUTS, SENTIMENT_CLASSES * sizeof(float));
    }
    free(each);
    return status;
}

/* Read and take the targets of a text. Those beyond its bound are scored at once, by their sentences. */
static Status add_text_of_targets(SentimentWorkspace *work, const SentimentText *text, const SentimentTarget *targets,
                                  float *logits)
{
    uint32_t length;
    size_t taken = 0;
    Status status = read_text(work, text, &length);
    if (status == OK) status = add_targets(work, text, targets, length, logits, &taken);
    if (status != OK || taken == text->count) return status;
    score_pending_targets(work);
    return score_by_sentence(work, targets + taken, text->count - taken, length, logits + taken * SENTIMENT_CLASSES);
}

Status score_targets(SentimentWeights *model, const SentimentText *texts, size_t count, const SentimentTarget *targets,
                     float *logits)
{
    SentimentWorkspace *work;
    Status status = sentiment_workspace_take(model, &work);
    if (status != OK) return status;
    for (size_t t = 0; t < count && status == OK; t++) {
        if (texts[t].count) status = add_text_of_targets(work, &texts[t], targets, logits);
        targets += texts[t].count;
        logits += texts[t].count * SENTIMENT_CLASSES;
    }
    if (status == OK) score_pending_targets(work);
    sentiment_workspace_give_back(work);
    return status;
}
