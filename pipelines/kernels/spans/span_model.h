/* A model of texts: entities by a network and a decoder, sentences by a network or by rules, categories by classifiers.

A model does not change after `span_model_prepare`, but for its two lexicons and its stack of idle workspaces, which
have locks of their own. So any number of threads may work on batches of theirs with one model. */
#ifndef SPANWISE_SPAN_MODEL_H
#define SPANWISE_SPAN_MODEL_H

#include <pthread.h>

#include "classification/classifier.h"
#include "network/network.h"
#include "spans/decoder.h"
#include "spans/lexicon.h"
#include "status.h"

typedef enum { SENTENCES_NONE, SENTENCES_NETWORK, SENTENCES_RULES } SentenceKind;

struct Workspace;

typedef struct {
    size_t columns;       /* attributes of a token that Python describes */
    size_t static_values; /* values of a token's projected static vector; 0: none */
    int has_entities;     /* then `entity_network` and `decoder` are there */
    SentenceKind sentence_kind;
    Network entity_network;
    Network sentence_network; /* of SENTENCES_NETWORK, as are the classes */
    Decoder decoder;
    Matrix sentence_classes; /* a token's vector to [2] scores: inside of a sentence, first of one */
    Classifier *classifiers; /* [classifier_count] */
    size_t classifier_count;
    size_t category_count; /* classes of all classifiers */
    size_t row;            /* floats of a token in `lexicon`, see below */
    uint32_t *pairs;       /* [pair_count], ascending: left << 16 | right, exception words that follow one another */
    size_t pair_count;
    Lexicon lexicon;            /* runs with their embeddings */
    Lexicon descriptions;       /* runs as Python described them: descriptions.h */
    pthread_mutex_t idle_mutex; /* of `idle` */
    struct Workspace *idle;     /* a stack of workspaces that no batch uses */
    int has_mutex;
} SpanModel;

/* A row of `lexicon`. Embeddings are padded.

     0                  padded(width)
     +------------------+----------------------+------------------------+------------------+
     | embedding for    | embeddings for the   | rows for the n-grams   | embedding for    |
     | entities         | classifiers' own     | of the classifiers:    | sentences        |
     |                  | networks             | classification/ngrams.h|                  |
     +------------------+----------------------+------------------------+------------------+ */

/* Where the embedding for the sentence network begins in a row. */
static inline size_t sentence_offset(const SpanModel *model)
{
    return model->row - padded(model->sentence_network.width);
}

/* Make a model whose networks are read ready for batches. `lexicon_bytes`: of a generation of runs with embeddings; a
   generation of descriptions has half as many. */
CHECKED Status span_model_prepare(SpanModel *model, size_t lexicon_bytes);
/* Free everything of a model, of one that could not be prepared or read to its end too. */
void span_model_free(SpanModel *model);

#endif
