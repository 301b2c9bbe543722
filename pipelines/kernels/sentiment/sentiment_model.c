/* The lifetime of a sentiment model; see sentiment_model.h. */
#include "sentiment/sentiment_model.h"

#include <stdlib.h>

#include "sentiment/sentiment_workspace.h"

Status sentiment_model_prepare(SentimentWeights *model)
{
    if (pthread_mutex_init(&model->idle_mutex, NULL)) return NO_MEMORY;
    model->has_mutex = 1;
    return embeddings_prepare(&model->embeddings);
}

static void sentiment_network_free(SentimentNetwork *network)
{
    network_free(&network->network);
    matrix_free(&network->attention);
    matrix_free(&network->hidden);
    matrix_free(&network->output);
}

void sentiment_model_free(SentimentWeights *model)
{
    while (model->idle) {
        SentimentWorkspace *work = model->idle;
        model->idle = work->next;
        sentiment_workspace_free(work);
    }
    characters_free(&model->characters);
    embeddings_free(&model->embeddings);
    free(model->flags);
    free(model->positions);
    free(model->mask);
    sentiment_network_free(&model->sentence);
    sentiment_network_free(&model->target);
    if (model->has_mutex) pthread_mutex_destroy(&model->idle_mutex);
}
