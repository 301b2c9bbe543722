/* The sentiment model's weights: `pipelines/sentiment/reference_model.py` in C, without Python.

A model does not change once it is read, but for its stack of idle workspaces, which has a lock. So any number of
threads may score with one model. */
#ifndef SPANWISE_SENTIMENT_MODEL_H
#define SPANWISE_SENTIMENT_MODEL_H

#include <pthread.h>
#include <stdint.h>

#include "network/network.h"
#include "sentiment/embeddings.h"
#include "sentiment/sentiment_words.h"
#include "status.h"

enum {
    SENTIMENT_CLASSES = 3, /* negative, neutral, positive */
    SENTENCE_OUTPUTS = 4,  /* the classes' logits, and how much the sentence counts for its text */
    MAX_DISTANCE = 12,     /* from a target, in words, from which on all distances are alike */
    TARGET_WINDOW = 64,    /* words to either side of a target that are looked at */
    TARGETS = 300,         /* of a text that are looked at by themselves in any case */
    TARGET_ROWS = TARGETS * (2 * TARGET_WINDOW + 1), /* rows of all targets of a text: bounds what they can cost */
    ATTENTION_LIMIT = 30,                            /* of the absolute value of an attention's logit */
};

/* Convolutions, pooling, a hidden layer. The hidden layer reads the features of a sentence: `parts` blocks of `width`
   values. These are a weighted mean for each attention head, a maximum and, for targets, the target's own row. */
typedef struct {
    Network network;
    size_t heads, parts, outputs;
    Matrix attention; /* a word's vector to [heads] logits */
    Matrix hidden;    /* [parts][width] to the hidden layer */
    Matrix output;    /* the hidden layer to [outputs] */
} SentimentNetwork;

struct SentimentWorkspace;

typedef struct {
    Characters characters;
    Embeddings embeddings;
    float *flags;                   /* [SENTIMENT_FLAGS][padded(width)]: added for a word's flags */
    float *positions;               /* [2 x MAX_DISTANCE + 1][padded(width)]: added for the distance to a target */
    float *mask;                    /* [padded(width)]: stands for any target */
    float empty[SENTIMENT_CLASSES]; /* logits of a sentence without words */
    float exponent;                 /* of the number of sentences: a text of many is surer */
    float bias[SENTIMENT_CLASSES];  /* times the logarithm of that number */
    SentimentNetwork sentence, target;
    pthread_mutex_t idle_mutex;      /* of `idle` */
    struct SentimentWorkspace *idle; /* a stack of workspaces that no call uses */
    int has_mutex;
} SentimentWeights;

/* Make a model that is read ready for scoring. */
CHECKED Status sentiment_model_prepare(SentimentWeights *model);
/* Free everything of a model, of one that could not be prepared or read to its end too. */
void sentiment_model_free(SentimentWeights *model);

#endif
