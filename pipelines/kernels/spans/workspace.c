/* Workspaces made, lent and freed; see workspace.h. */
#include "spans/workspace.h"

#include <stdlib.h>

enum { LARGEST_IDLE = 1 << 17 }; /* items of an array that is kept for the next batch */

void workspace_free(Workspace *work)
{
    chunk_free(&work->chunk);
    decoder_scratch_free(&work->decoder);
    free(work->class_scores);
    free(work->runs.items);
    free(work->words);
    free(work->questions);
    free(work->unknown);
    free(work->new_records);
    free(work->old_records);
    free(work->token_spans.items);
    free(work->entities);
    free(work->sentences);
    free(work);
}

/* Allocate what the model's networks need; freed by the caller where that fails. */
static Status workspace_init(Workspace *work, const SpanModel *model)
{
    const Network *networks[2];
    size_t count = 0;
    if (model->has_entities) networks[count++] = &model->entity_network;
    if (model->sentence_kind == SENTENCES_NETWORK) networks[count++] = &model->sentence_network;
    Status status = chunk_init(&work->chunk, networks, count);
    if (status != OK) return status;
    if (model->has_entities) status = decoder_scratch_init(&work->decoder, &model->decoder, work->chunk.max_rows);
    if (status != OK || model->sentence_kind != SENTENCES_NETWORK) return status;
    work->class_scores = calloc(work->chunk.max_rows * model->sentence_classes.outputs, sizeof(float));
    return work->class_scores ? OK : NO_MEMORY;
}

Status workspace_take(SpanModel *model, Workspace **work)
{
    pthread_mutex_lock(&model->idle_mutex);
    Workspace *idle = model->idle;
    if (idle) model->idle = idle->next;
    pthread_mutex_unlock(&model->idle_mutex);
    *work = idle;
    if (idle) return OK;
    Workspace *fresh = calloc(1, sizeof(*fresh));
    if (!fresh) return NO_MEMORY;
    const Status status = workspace_init(fresh, model);
    if (status == OK)
        *work = fresh;
    else
        workspace_free(fresh);
    return status;
}

void workspace_give_back(SpanModel *model, Workspace *work)
{
    for (size_t i = 0; i < work->new_count; i++) free(work->new_records[i]);
    work->runs.count = work->word_count = work->question_count = work->unknown_count = 0;
    work->new_count = work->new_runs = work->old_count = 0;
    work->token_spans.count = work->entity_count = work->sentence_count = 0;
    if (work->word_capacity > LARGEST_IDLE || work->runs.capacity > LARGEST_IDLE) {
        workspace_free(work);
        return;
    }
    pthread_mutex_lock(&model->idle_mutex);
    work->next = model->idle;
    model->idle = work;
    pthread_mutex_unlock(&model->idle_mutex);
}
