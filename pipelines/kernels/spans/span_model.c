/* The lifetime of a model; see span_model.h. */
#include "spans/span_model.h"

#include <stdlib.h>

#include "spans/workspace.h"

/* What a record takes on average, in bytes: of a run with embeddings, of a description. */
enum { MEAN_RECORD = 192, MEAN_DESCRIPTION = 96 };

Status span_model_prepare(SpanModel *model, size_t lexicon_bytes)
{
    model->row = (model->has_entities ? padded(model->entity_network.width) : 0) +
                 (model->sentence_kind == SENTENCES_NETWORK ? padded(model->sentence_network.width) : 0);
    if (pthread_mutex_init(&model->idle_mutex, NULL)) return NO_MEMORY;
    model->has_mutex = 1;
    const Status status = lexicon_init(&model->lexicon, lexicon_bytes, MEAN_RECORD);
    if (status != OK) return status;
    return lexicon_init(&model->descriptions, lexicon_bytes / 2, MEAN_DESCRIPTION);
}

void span_model_free(SpanModel *model)
{
    while (model->idle) {
        Workspace *work = model->idle;
        model->idle = work->next;
        workspace_free(work);
    }
    network_free(&model->entity_network);
    network_free(&model->sentence_network);
    decoder_free(&model->decoder);
    matrix_free(&model->sentence_classes);
    free(model->pairs);
    free(model->norms);
    tokenizer_free(&model->tokenizer);
    lexicon_free(&model->lexicon);
    lexicon_free(&model->descriptions);
    if (model->has_mutex) pthread_mutex_destroy(&model->idle_mutex);
}
