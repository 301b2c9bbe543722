/* A text classifier: scores of classes for a whole text (spacy/ml/models/textcat.py).

Two kinds of input, of which a classifier has one or both:

     keys of tokens ──> n-gram layer ──> activation ───────────┐
                                                               ├──> output layer ──> activation
     vectors of tokens ──> pooling ──> residual layer, or none ┘

Without an output layer, the n-gram layer's scores are the text's. A text's tokens come in order, in as many pieces as
the network's chunks are cut; sums are kept in double precision and token by token, so that scores do not depend, to the
last bit, on how a text was cut or which texts it was computed with. */
#ifndef SPANWISE_CLASSIFIER_H
#define SPANWISE_CLASSIFIER_H

#include "classification/ngrams.h"
#include "network/network.h"
#include "status.h"

/* What makes one vector of a text's vectors. All that a classifier uses are laid side by side, in their order. */
typedef enum {
    POOL_FIRST,
    POOL_LAST,
    POOL_MAX,
    POOL_MEAN,
    POOL_ATTENTION, /* the mean, weighted by a softmax over the tokens' products with `query`; always alone */
} Pooling;

enum { MOST_POOLINGS = 4 };

/* Whose network a classifier uses that does not share another classifier's. */
enum { NETWORK_OWN = -2, NETWORK_OF_ENTITIES = -1 };

typedef enum { ACTIVATION_NONE, ACTIVATION_SOFTMAX, ACTIVATION_LOGISTIC } Activation;

typedef struct {
    size_t classes;

    int has_ngrams;
    NgramLayer ngrams;
    Activation ngram_activation;

    int has_vectors;  /* then all of this block is there */
    int network_from; /* NETWORK_OWN, NETWORK_OF_ENTITIES, or the number of an earlier classifier */
    Network own_network;
    const Network *network; /* one of these: set when the model is whole */
    size_t offset;          /* where a token's embedding for it begins; see spans/span_model.h */
    Pooling poolings[MOST_POOLINGS];
    size_t pooling_count;
    float *query; /* [padded(width)], of POOL_ATTENTION */
    int has_keys; /* then `query` is multiplied with gelu(keys(vector)) instead of the vector */
    MaxoutLayer keys;
    int has_residual; /* pooled += normalize(residual(pooled)) */
    MaxoutLayer residual;

    int has_output;
    MaxoutLayer output; /* from [n-gram scores, pooled] to classes */
    Activation activation;
} Classifier;

enum { KEY_ROWS = 32 }; /* tokens whose keys for POOL_ATTENTION are computed together */

/* Scratch memory for one text at a time. */
typedef struct {
    double *scores; /* [classes], or as many as the n-gram layer has */
    NgramWindow window;
    double *sums;               /* [padded(width)]: of vectors, weighted or not */
    double weight;              /* of POOL_ATTENTION: the sum of the weights */
    uint32_t length;            /* tokens so far */
    float *first, *last, *most; /* [padded(width)] each */
    float *keys;                /* [KEY_ROWS][padded(width)] */
    float *pooled;              /* [the widest layer], padded */
    float *result;              /* likewise */
    float *inputs;              /* of the output layer, padded */
} ClassifierScratch;

/* Turn scores into probabilities: scores, result: [count]; they may not overlap. */
void activate(Activation activation, const double *scores, float *result, size_t count);

/* Values of a text's pooled vectors. */
static inline size_t pooled_values(const Classifier *classifier)
{
    return classifier->has_vectors ? classifier->network->width * classifier->pooling_count : 0;
}

CHECKED Status classifier_scratch_init(ClassifierScratch *scratch, const Classifier *classifier);
void classifier_scratch_free(ClassifierScratch *scratch);
void classifier_free(Classifier *classifier);

/* Begin a text. */
void classifier_start(const Classifier *classifier, ClassifierScratch *scratch);
/* Add the row of the next token for its n-grams, in order. */
void classifier_add_ngrams(const Classifier *classifier, ClassifierScratch *scratch, const float *row);
/* Add the vectors of the next tokens, in order: [count][padded(width)]. */
void classifier_add_vectors(const Classifier *classifier, ClassifierScratch *scratch, const float *vectors,
                            size_t count);
/* Write the scores of the text, which must have tokens: [classes]. */
void classifier_finish(const Classifier *classifier, ClassifierScratch *scratch, float *scores);

#endif
