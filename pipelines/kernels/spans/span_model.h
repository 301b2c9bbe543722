/* A model of texts: entities by a network and a decoder, sentences by a network or by rules, categories by classifiers,
labelled spans by span categorizers, classes of tokens by networks, matches of rulers.

A model does not change after `span_model_prepare`, but for its two lexicons and its stack of idle workspaces, which
have locks of their own. So any number of threads may work on batches of theirs with one model. */
#ifndef SPANWISE_SPAN_MODEL_H
#define SPANWISE_SPAN_MODEL_H

#include <pthread.h>

#include "classification/classifier.h"
#include "classification/span_categorizer.h"
#include "network/network.h"
#include "network/static_vectors.h"
#include "spans/decoder.h"
#include "spans/lexicon.h"
#include "spans/ruler.h"
#include "spans/token_network.h"
#include "status.h"
#include "tokenizer/tokenizer.h"

typedef enum { SENTENCES_NONE, SENTENCES_NETWORK, SENTENCES_RULES } SentenceKind;

enum { NO_COLUMN = -1 };

struct Workspace;

typedef struct {
    size_t columns;        /* attributes of a token that Python describes */
    StaticVectors statics; /* that all networks share */
    int has_entities;      /* then `entity_network` and `decoder` are there */
    SentenceKind sentence_kind;
    Network entity_network;
    Network sentence_network; /* of SENTENCES_NETWORK, as are the classes */
    Decoder decoder;
    Matrix sentence_classes; /* a token's vector to [2] scores: inside of a sentence, first of one */
    Classifier *classifiers; /* [classifier_count] */
    size_t classifier_count;
    size_t category_count;         /* classes of all classifiers */
    SpanCategorizer *categorizers; /* [categorizer_count] */
    size_t categorizer_count;
    int has_tokens;               /* whether tokens can be asked for; then the following three are there */
    TokenNetwork *token_networks; /* [token_network_count]; none where the model finds no classes of tokens */
    size_t token_network_count;
    size_t choice_count;   /* classes that all token networks choose for a token */
    size_t vector_network; /* the token network whose vectors a caller can have */
    Rulers rulers;
    size_t row;      /* floats of a token in `lexicon`, see below */
    uint32_t *pairs; /* [pair_count], ascending: left << 16 | right, exception words that follow one another */
    size_t pair_count;
    int has_tokenizer; /* 0: Python splits runs */
    Tokenizer tokenizer;
    uint64_t *norms; /* [norm_count]: the attribute that an exception's norm is, by its number - 1 */
    size_t norm_count;
    int32_t norm_column;        /* of a token's attributes; NO_COLUMN: none of the networks reads it */
    int32_t space_column;       /* likewise: whether a space follows */
    Lexicon lexicon;            /* runs with their embeddings */
    Lexicon descriptions;       /* lexemes as Python described them: descriptions.h */
    pthread_mutex_t idle_mutex; /* of `idle` */
    struct Workspace *idle;     /* a stack of workspaces that no batch uses */
    int has_mutex;
} SpanModel;

/* The values of the vectors that a caller can have; 0 where there are none. */
static inline size_t vector_width(const SpanModel *model)
{
    return model->token_network_count ? model->token_networks[model->vector_network].network.width : 0;
}

/* A row of `lexicon`. Embeddings are padded.

     0                padded(width)
     +----------------+---------------------+----------------------+-------------------------+---------+----------------+
     | embedding for  | embeddings for the  | embeddings for own   | rows for the n-grams    | codes:  | embedding for  |
     | entities       | token networks      | networks: of the     | of the classifiers:     | ruler.h | sentences      |
     |                |                     | classifiers, then of | classification/ngrams.h |         |                |
     |                |                     | the categorizers     |                         |         |                |
     +----------------+---------------------+----------------------+-------------------------+---------+----------------+ */

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
