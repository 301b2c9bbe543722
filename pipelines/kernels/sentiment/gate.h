/* Which of two models is for a text: what its first words weigh. `pipelines/sentiment/gate.py` is the reference. */
#ifndef SPANWISE_GATE_H
#define SPANWISE_GATE_H

#include "sentiment/scoring.h"
#include "sentiment/sentiment_model.h"
#include "status.h"

enum {
    GATE_POINTS = 400, /* code points of a text that are looked at */
    GATE_WORDS = 64,   /* words in them that are looked at */
};

/* How many weights a gate has: one for each word of the vocabulary, one for all others, and one for each number of
   words from 0 to GATE_WORDS. */
size_t gate_weights(const SentimentWeights *model);

/* Sum up the weights [gate_weights] of a text's words, and of their number. */
CHECKED Status gate_sum(const SentimentWeights *model, const SentimentText *text, const float *weights, double *sum);

#endif
