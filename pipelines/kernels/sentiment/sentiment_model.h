/* Sentiment of sentences, of whole texts and towards targets: `pipelines/sentiment/reference_model.py` in C, without Python.

A word's row is looked up, or made of its n-grams' rows; the network's convolutions are those of network.h; what is pooled is
summed word by word in the order of the text, so that an answer does not depend, to the last bit, on the texts it is computed with.
Any number of threads may score with one model. */
#ifndef SPANWISE_SENTIMENT_H
#define SPANWISE_SENTIMENT_H

#include <pthread.h>
#include <stdint.h>

#include "network/network.h"
#include "sentiment/sentiment_words.h"

enum { SENTIMENT_CLASSES = 3, SENTENCE_OUTPUTS = 4, MAX_DISTANCE = 12, TARGET_WINDOW = 64 };

/* Convolutions, then a hidden layer over what attention heads, a maximum and, for targets, the target's own row tell. */
typedef struct {
    Network network;
    size_t heads, parts, outputs; /* `parts`: blocks of `width` values that the hidden layer reads */
    Matrix attention, hidden, output;
} SentimentNetwork;

struct SentimentWork;

typedef struct {
    Characters characters;
    char *vocabulary; /* all words, one after the other */
    uint32_t *word_starts;
    uint32_t words, buckets;
    uint32_t *slots, slot_mask; /* open addressing: a word's number + 1, or 0 */
    const int8_t *codes;        /* [words + buckets][width], the caller's */
    float *scales;
    size_t width;
    float *flags, *positions, *mask; /* rows of padded(width) */
    float empty[SENTIMENT_CLASSES], exponent, bias[SENTIMENT_CLASSES];
    SentimentNetwork sentence, target;
    pthread_mutex_t mutex;
    int has_mutex;
    struct SentimentWork *idle; /* scratch memory, a stack */
} SentimentModel;

/* A sentence, `points[start:end]`, or a target in one; in code points of the text. */
typedef struct {
    uint32_t start, end;
} SentimentSpan;

typedef struct {
    uint32_t start, end, sentence_start, sentence_end;
} SentimentTarget;

typedef struct {
    const char *utf8;
    size_t size;
    size_t count; /* of its sentences, or of its targets */
} SentimentText;

int sentiment_prepare(SentimentModel *model);
void sentiment_free(SentimentModel *model);

/* `spans`: of all texts, in order. `whole` gets a row of logits for each text; `each` (of SENTENCE_OUTPUTS) for each span, or one
   for a text that has none: `each` has room for a row per span and per text. Returns 0 or -1 (memory). */
int sentiment_score(SentimentModel *model, const SentimentText *texts, size_t count, const SentimentSpan *spans,
                    float *whole, float *each);

/* `logits` gets a row of SENTIMENT_CLASSES for each target. */
int sentiment_score_targets(SentimentModel *model, const SentimentText *texts, size_t count,
                            const SentimentTarget *targets, float *logits);

#endif
