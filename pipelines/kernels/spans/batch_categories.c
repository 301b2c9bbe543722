/* The classifiers over a batch: from words to the scores of each text; see batch_chunks.h. */
#include <stdlib.h>
#include <string.h>

#include "spans/batch_chunks.h"

static const Classifier *current(const Batch *batch) { return &batch->model->classifiers[batch->work->classifying]; }

static const float *classifier_vector(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->vector + current(batch)->offset;
}

/* Where the scores of the current classifier begin among those of a text. */
static float *scores_of(const Batch *batch, size_t text)
{
    float *scores = batch->work->category_scores + text * batch->model->category_count;
    for (size_t c = 0; c < batch->work->classifying; c++) scores += batch->model->classifiers[c].classes;
    return scores;
}

/* Begin a text, and add the n-grams of all its words. */
static void start_text(const Batch *batch, uint32_t text)
{
    const Classifier *classifier = current(batch);
    ClassifierScratch *scratch = &batch->work->classifiers[batch->work->classifying];
    classifier_start(classifier, scratch);
    if (!classifier->has_ngrams) return;
    const Word *words = word_of(batch, text, 0);
    for (size_t i = 0; i < batch->texts[text].word_count; i++)
        classifier_add_ngrams(classifier, scratch, words[i].vector + classifier->ngrams.offset);
}

/* Compute the vectors of a chunk, and add them to their texts. */
static Status pool_chunk(Batch *batch)
{
    Workspace *work = batch->work;
    Chunk *chunk = &work->chunk;
    const Classifier *classifier = current(batch);
    ClassifierScratch *scratch = &work->classifiers[work->classifying];
    chunk_run(chunk, classifier->network, classifier_vector, batch);
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        if (!part->first) start_text(batch, part->text);
        classifier_add_vectors(classifier, scratch, part_vectors(chunk, classifier->network, part),
                               part->last - part->first);
        if (part->last == part->length) classifier_finish(classifier, scratch, scores_of(batch, part->text));
    }
    return OK;
}

/* Score all texts by a classifier of n-grams alone. */
static void score_ngrams(const Batch *batch)
{
    for (size_t t = 0; t < batch->count; t++) {
        if (!(batch->texts[t].wanted & WANT_CATEGORIES) || !batch->texts[t].word_count) continue;
        start_text(batch, (uint32_t)t);
        classifier_finish(current(batch), &batch->work->classifiers[batch->work->classifying], scores_of(batch, t));
    }
}

/* Make room for the scores of all texts, and set them to 0: those of a text without words stay so, as in spaCy. */
static Status make_room(Batch *batch)
{
    Workspace *work = batch->work;
    const size_t values = batch->count * batch->model->category_count;
    if (batch->count > work->category_capacity) {
        free(work->category_scores);
        work->category_capacity = 0;
        work->category_scores = malloc(values * sizeof(float));
        if (!work->category_scores) return NO_MEMORY;
        work->category_capacity = batch->count;
    }
    memset(work->category_scores, 0, values * sizeof(float));
    return OK;
}

Status find_categories(Batch *batch)
{
    Workspace *work = batch->work;
    int is_wanted = 0;
    for (size_t t = 0; t < batch->count; t++) is_wanted |= batch->texts[t].wanted & WANT_CATEGORIES;
    if (!batch->model->category_count || !is_wanted) return OK;
    Status status = make_room(batch);
    for (size_t c = 0; c < batch->model->classifier_count && status == OK; c++) {
        work->classifying = c;
        if (current(batch)->has_vectors)
            status = run_chunks(batch, current(batch)->network, WANT_CATEGORIES, pool_chunk);
        else
            score_ngrams(batch);
    }
    return status;
}
