/* Classes of tokens: a network gives each token a vector, and a linear layer over the vector scores classes. So spaCy's
`Tagger`, `Morphologizer` and `EditTreeLemmatizer` work (`spacy/ml/models/tagger.py`); their softmax is left out, because
it keeps the order of the scores. */
#ifndef SPANWISE_TOKEN_NETWORK_H
#define SPANWISE_TOKEN_NETWORK_H

#include <stdint.h>

#include "network/network.h"
#include "status.h"

/* A layer of classes over the vectors of a network. */
typedef struct {
    Matrix layer;       /* a token's vector to [class_count] scores */
    size_t class_count; /* without padding */
    size_t best;        /* how many classes are chosen for a token, the best first; at most class_count */
} TokenClassifier;

typedef struct {
    Network network;
    size_t offset;                /* where its embedding begins in a row of the lexicon */
    TokenClassifier *classifiers; /* [classifier_count] */
    size_t classifier_count;
} TokenNetwork;

void token_network_free(TokenNetwork *network);

/* Tokens of a batch with the same characters and the same choices. */
typedef struct {
    const char *utf8; /* [size], in a text */
    uint32_t size;
    uint32_t word; /* the first of them, among the words of the batch */
} Kind;

/* What a batch finds out about tokens, by the numbers of its words. */
typedef struct {
    size_t network;    /* which of the model's token networks the chunk is computed for */
    float *scores;     /* [rows of the chunk][padded(most classes)] */
    uint32_t *choices; /* [words][choices of the model] */
    size_t choice_capacity;
    float *vectors; /* [words][width]: the vectors of one network, without padding, where they are wanted */
    size_t vector_capacity;
    uint32_t *kinds; /* [words]: the number of each word's kind */
    size_t kinds_capacity;
    Kind *list; /* [kind_count] */
    size_t kind_count, kind_capacity;
    uint32_t *slots; /* [a power of 2]: a kind's number + 1, found by hash; 0: free */
    size_t slot_capacity;
} TokenScratch;

void token_scratch_free(TokenScratch *scratch);

#endif
