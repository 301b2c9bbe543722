/* Workspaces made, lent and freed; see sentiment_workspace.h. */
#include "sentiment/sentiment_workspace.h"

#include <stdlib.h>

enum { LARGEST_IDLE = 1 << 16 }; /* items of an array that is kept for the next call */

static size_t larger_of(size_t a, size_t b) { return a > b ? a : b; }

void sentiment_workspace_free(SentimentWorkspace *work)
{
    chunk_free(&work->chunk);
    free(work->points);
    free(work->words);
    free(work->made_rows);
    free(work->pending);
    free(work->row);
    free(work->attention);
    free(work->features);
    free(work->sums);
    free(work->hidden);
    free(work->outputs);
    free(work->in);
    free(work->out);
    free(work);
}

/* Allocate what the model's two networks need; freed by the caller where that fails. */
static Status workspace_init(SentimentWorkspace *work, SentimentWeights *model)
{
    const SentimentNetwork *a = &model->sentence, *b = &model->target;
    const Network *networks[2] = {&a->network, &b->network};
    const size_t width = padded(model->embeddings.width);
    work->model = model;
    const Status status = chunk_init(&work->chunk, networks, 2);
    if (status != OK) return status;
    const size_t rows = work->chunk.max_rows;
    work->row = calloc(width, sizeof(float));
    work->attention = calloc(rows * larger_of(a->attention.outputs, b->attention.outputs), sizeof(float));
    work->features = calloc(HEAD_ROWS * larger_of(a->parts, b->parts) * width, sizeof(float));
    work->sums = calloc(larger_of(a->heads, b->heads), sizeof(float));
    work->hidden = calloc(HEAD_ROWS * larger_of(a->hidden.outputs, b->hidden.outputs), sizeof(float));
    work->outputs = calloc(HEAD_ROWS * larger_of(a->output.outputs, b->output.outputs), sizeof(float));
    work->in = malloc(larger_of(rows, HEAD_ROWS) * sizeof(*work->in));
    work->out = malloc(larger_of(rows, HEAD_ROWS) * sizeof(*work->out));
    const int is_complete = work->row && work->attention && work->features && work->sums && work->hidden &&
                            work->outputs && work->in && work->out;
    return is_complete ? OK : NO_MEMORY;
}

Status sentiment_workspace_take(SentimentWeights *model, SentimentWorkspace **work)
{
    pthread_mutex_lock(&model->idle_mutex);
    SentimentWorkspace *idle = model->idle;
    if (idle) model->idle = idle->next;
    pthread_mutex_unlock(&model->idle_mutex);
    *work = idle;
    if (idle) return OK;
    SentimentWorkspace *fresh = calloc(1, sizeof(*fresh));
    if (!fresh) return NO_MEMORY;
    const Status status = workspace_init(fresh, model);
    if (status == OK)
        *work = fresh;
    else
        sentiment_workspace_free(fresh);
    return status;
}

void sentiment_workspace_give_back(SentimentWorkspace *work)
{
    SentimentWeights *model = work->model;
    work->word_count = work->made_count = work->pending_count = work->feature_count = 0;
    chunk_clear(&work->chunk);
    if (work->point_capacity > LARGEST_IDLE || work->word_capacity > LARGEST_IDLE ||
        work->made_capacity > LARGEST_IDLE || work->pending_capacity > LARGEST_IDLE) {
        sentiment_workspace_free(work);
        return;
    }
    pthread_mutex_lock(&model->idle_mutex);
    work->next = model->idle;
    model->idle = work;
    pthread_mutex_unlock(&model->idle_mutex);
}
