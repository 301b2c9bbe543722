/* The lifetime of a model; see span_model.h. */
#include "spans/span_model.h"

#include <stdlib.h>

#include "spans/workspace.h"

/* What a record takes on average, in bytes: of a run with embeddings, of a description. */
enum { MEAN_RECORD = 192, MEAN_DESCRIPTION = 96 };

/* Point a classifier at its network. Returns the floats that its own network, if it has one, takes from `row` on. */
static size_t place_network(SpanModel *model, Classifier *classifier, size_t row)
{
    if (!classifier->has_vectors) return 0;
    if (classifier->network_from == NETWORK_OF_ENTITIES) {
        classifier->network = &model->entity_network;
        classifier->offset = 0;
        return 0;
    }
    if (classifier->network_from != NETWORK_OWN) {
        classifier->network = model->classifiers[classifier->network_from].network;
        classifier->offset = model->classifiers[classifier->network_from].offset;
        return 0;
    }
    classifier->network = &classifier->own_network;
    classifier->offset = row;
    return padded(classifier->own_network.width);
}

/* Point a span categorizer at its network, likewise. */
static size_t place_categorizer(SpanModel *model, SpanCategorizer *categorizer, size_t row)
{
    const int from = categorizer->network_from, number = from - (int)model->classifier_count;
    if (from == NETWORK_OWN) {
        categorizer->network = &categorizer->own_network;
        categorizer->offset = row;
        return padded(categorizer->own_network.width);
    }
    if (from == NETWORK_OF_ENTITIES) {
        categorizer->network = &model->entity_network;
        categorizer->offset = 0;
    } else if (number < 0) {
        categorizer->network = model->classifiers[from].network;
        categorizer->offset = model->classifiers[from].offset;
    } else {
        categorizer->network = model->categorizers[number].network;
        categorizer->offset = model->categorizers[number].offset;
    }
    return 0;
}

/* Lay out the rows of the lexicon; see span_model.h. */
static void place_all(SpanModel *model)
{
    Classifier *const end = model->classifiers + model->classifier_count;
    model->row = model->has_entities ? padded(model->entity_network.width) : 0;
    for (size_t n = 0; n < model->token_network_count; n++) {
        model->token_networks[n].offset = model->row;
        model->row += padded(model->token_networks[n].network.width);
    }
    for (Classifier *one = model->classifiers; one < end; one++) {
        model->row += place_network(model, one, model->row);
        model->category_count += one->classes;
    }
    for (size_t c = 0; c < model->categorizer_count; c++)
        model->row += place_categorizer(model, &model->categorizers[c], model->row);
    for (Classifier *one = model->classifiers; one < end; one++) {
        if (!one->has_ngrams) continue;
        one->ngrams.offset = model->row;
        model->row += ngrams_row(&one->ngrams);
    }
    model->rulers.offset = model->row;
    model->row += codes_size(&model->rulers);
    if (model->sentence_kind == SENTENCES_NETWORK) model->row += padded(model->sentence_network.width);
}

Status span_model_prepare(SpanModel *model, size_t lexicon_bytes)
{
    place_all(model);
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
    for (size_t n = 0; model->token_networks && n < model->token_network_count; n++)
        token_network_free(&model->token_networks[n]);
    free(model->token_networks);
    for (size_t c = 0; model->classifiers && c < model->classifier_count; c++) classifier_free(&model->classifiers[c]);
    free(model->classifiers);
    for (size_t c = 0; model->categorizers && c < model->categorizer_count; c++)
        span_categorizer_free(&model->categorizers[c]);
    free(model->categorizers);
    decoder_free(&model->decoder);
    matrix_free(&model->sentence_classes);
    rulers_free(&model->rulers);
    free(model->pairs);
    free(model->norms);
    tokenizer_free(&model->tokenizer);
    lexicon_free(&model->lexicon);
    lexicon_free(&model->descriptions);
    if (model->has_mutex) pthread_mutex_destroy(&model->idle_mutex);
}
