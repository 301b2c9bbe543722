/* Workspaces made, lent and freed; see workspace.h. */
#include "spans/workspace.h"

#include <stdlib.h>

/* Items of an array that is kept for the next batch, forms with their vectors, and vectors of words. */
enum { LARGEST_IDLE = 1 << 17, LARGEST_FORMS = 1 << 13, LARGEST_VECTORS = 1 << 15 };

void workspace_free(Workspace *work)
{
    chunk_free(&work->chunk);
    decoder_scratch_free(&work->decoder);
    free(work->class_scores);
    for (size_t c = 0; work->classifiers && c < work->classifier_count; c++)
        classifier_scratch_free(&work->classifiers[c]);
    free(work->classifiers);
    free(work->category_scores);
    for (size_t c = 0; work->categorizers && c < work->categorizer_count; c++)
        span_scratch_free(&work->categorizers[c]);
    free(work->categorizers);
    free(work->labelled_spans);
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
    token_scratch_free(&work->tokens);
    match_scratch_free(&work->matches);
    free(work);
}

/* Allocate scores for the token network with the most classes. */
static Status init_tokens(Workspace *work, const SpanModel *model)
{
    size_t most = 0;
    for (const TokenNetwork *one = model->token_networks; one < model->token_networks + model->token_network_count;
         one++)
        for (size_t c = 0; c < one->classifier_count; c++)
            if (one->classifiers[c].layer.outputs > most) most = one->classifiers[c].layer.outputs;
    if (!most) return OK;
    work->tokens.scores = calloc(work->chunk.max_rows * most, sizeof(float));
    return work->tokens.scores ? OK : NO_MEMORY;
}

/* Make the chunk, for any of the model's networks. */
static Status init_chunk(Workspace *work, const SpanModel *model)
{
    const Network **networks = malloc(
        (model->token_network_count + model->classifier_count + model->categorizer_count + 2) * sizeof(*networks));
    if (!networks) return NO_MEMORY;
    size_t count = 0;
    for (; count < model->token_network_count; count++) networks[count] = &model->token_networks[count].network;
    if (model->has_entities) networks[count++] = &model->entity_network;
    if (model->sentence_kind == SENTENCES_NETWORK) networks[count++] = &model->sentence_network;
    for (size_t c = 0; c < model->classifier_count; c++)
        if (model->classifiers[c].has_vectors) networks[count++] = model->classifiers[c].network;
    for (size_t c = 0; c < model->categorizer_count; c++) networks[count++] = model->categorizers[c].network;
    const Status status = chunk_init(&work->chunk, networks, count);
    free(networks);
    return status;
}

static Status init_classifiers(Workspace *work, const SpanModel *model)
{
    work->classifiers = calloc(model->classifier_count + 1, sizeof(*work->classifiers));
    if (!work->classifiers) return NO_MEMORY;
    while (work->classifier_count < model->classifier_count) {
        const Classifier *classifier = &model->classifiers[work->classifier_count];
        const Status status = classifier_scratch_init(&work->classifiers[work->classifier_count++], classifier);
        if (status != OK) return status;
    }
    return OK;
}

static Status init_categorizers(Workspace *work, const SpanModel *model)
{
    work->categorizers = calloc(model->categorizer_count + 1, sizeof(*work->categorizers));
    if (!work->categorizers) return NO_MEMORY;
    while (work->categorizer_count < model->categorizer_count) {
        const SpanCategorizer *categorizer = &model->categorizers[work->categorizer_count];
        const Status status = span_scratch_init(&work->categorizers[work->categorizer_count++], categorizer);
        if (status != OK) return status;
    }
    return OK;
}

/* Allocate what the model's networks need; freed by the caller where that fails. */
static Status workspace_init(Workspace *work, const SpanModel *model)
{
    if (model->statics.values) {
        work->statics = malloc(BLOCK_FORMS * padded(model->statics.values) * sizeof(float));
        if (!work->statics) return NO_MEMORY;
    }
    Status status = init_chunk(work, model);
    if (status == OK) status = init_tokens(work, model);
    if (status == OK) status = init_classifiers(work, model);
    if (status == OK) status = init_categorizers(work, model);
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
static int is_large(const Workspace *work, const SpanModel *model)
{
    const size_t largest[] = {work->word_capacity,           work->runs.capacity,
                              work->pieces.capacity,         work->tokenizer.capacity,
                              work->tokenizer.ways.capacity, work->lexeme_capacity,
                              work->tokens.kinds_capacity,   work->category_capacity * model->category_count,
                              work->labelled_capacity,       work->matches.capacity,
                              work->matches.seen_capacity,   work->matches.states.capacity,
                              work->matches.fresh.capacity};
    for (size_t i = 0; i < sizeof(largest) / sizeof(*largest); i++)
        if (largest[i] > LARGEST_IDLE) return 1;
    for (size_t c = 0; c < work->categorizer_count; c++)
        if (work->categorizers[c].found_capacity + work->categorizers[c].taken_capacity > LARGEST_IDLE) return 1;
    return work->form_capacity > LARGEST_FORMS || work->tokens.vector_capacity > LARGEST_VECTORS;
}

void workspace_give_back(SpanModel *model, Workspace *work)
{
    work->runs.count = work->word_count = work->question_count = work->unknown_count = 0;
    work->answered = work->run_questions = work->pieces.count = work->lexeme_count = work->asked_count = 0;
    work->form_count = work->embedded = work->old_count = 0;
    work->token_spans.count = work->entity_count = work->sentence_count = work->tokens.kind_count = 0;
    work->labelled_count = work->matches.count = 0;
    if (is_large(work, model)) {
        workspace_free(work);
        return;
    }
    pthread_mutex_lock(&model->idle_mutex);
    work->next = model->idle;
    model->idle = work;
    pthread_mutex_unlock(&model->idle_mutex);
}
