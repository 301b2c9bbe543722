/* Workspaces made, lent and freed; see workspace.h. */
#include "spans/workspace.h"

#include <stdlib.h>

/* Items of an array that is kept for the next batch, and forms with their vectors. */
enum { LARGEST_IDLE = 1 << 17, LARGEST_FORMS = 1 << 13 };

void workspace_free(Workspace *work)
{
    chunk_free(&work->chunk);
    decoder_scratch_free(&work->decoder);
    free(work->class_scores);
    free(work->runs.items);
    free(work->words);
    free(work->questions);
    free(work->unknown);
    free(work->pieces.items);
    tokenizer_scratch_free(&work->tokenizer);
    free(work->lexemes);
    free(work->lexeme_slots);
    free(work->attributes);
    free(work->statics);
    free(work->asked);
    free(work->forms);
    free(work->vectors);
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

/* Return whether arrays have grown beyond what ordinary texts need. */
static int is_large(const Workspace *work)
{
    const size_t largest[] = {work->word_capacity,      work->runs.capacity,           work->pieces.capacity,
                              work->tokenizer.capacity, work->tokenizer.ways.capacity, work->lexeme_capacity};
    for (size_t i = 0; i < sizeof(largest) / sizeof(*largest); i++)
        if (largest[i] > LARGEST_IDLE) return 1;
    return work->form_capacity > LARGEST_FORMS;
}

void workspace_give_back(SpanModel *model, Workspace *work)
{
    work->runs.count = work->word_count = work->question_count = work->unknown_count = 0;
    work->answered = work->run_questions = work->pieces.count = work->lexeme_count = work->asked_count = 0;
    work->form_count = work->embedded = work->old_count = 0;
    work->token_spans.count = work->entity_count = work->sentence_count = 0;
    if (is_large(work)) {
        workspace_free(work);
        return;
    }
    pthread_mutex_lock(&model->idle_mutex);
    work->next = model->idle;
    model->idle = work;
    pthread_mutex_unlock(&model->idle_mutex);
}
