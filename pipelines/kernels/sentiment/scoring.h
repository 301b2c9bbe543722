/* Sentiment of sentences, of whole texts, and towards targets. */
#ifndef SPANWISE_SCORING_H
#define SPANWISE_SCORING_H

#include "sentiment/sentiment_model.h"
#include "status.h"

/* A sentence: code points [start, end) of its text. */
typedef struct {
    uint32_t start, end;
} SentimentSpan;

/* A target, code points [start, end) of its text, and the sentence that it stands in. */
typedef struct {
    uint32_t start, end, sentence_start, sentence_end;
} SentimentTarget;

typedef struct {
    const char *utf8; /* [size] bytes of valid UTF-8 */
    size_t size;
    size_t count; /* of its sentences, or of its targets */
} SentimentText;

/* Score texts and their sentences. A text without sentences is scored as one. Rows of `each` follow one another, those
   of a text without sentences too.
     spans   those of all texts, in order
     whole   [count][SENTIMENT_CLASSES] logits
     each    [sentences and texts without any][SENTENCE_OUTPUTS] logits and weights */
CHECKED Status score_texts(SentimentWeights *model, const SentimentText *texts, size_t count,
                           const SentimentSpan *spans, float *whole, float *each);

/* Score what texts say about targets. From the target on that does not fit the TARGET_ROWS of its text, a target gets
   the scores of its sentence.
     targets  those of all texts, in order
     logits   [targets][SENTIMENT_CLASSES] */
CHECKED Status score_targets(SentimentWeights *model, const SentimentText *texts, size_t count,
                             const SentimentTarget *targets, float *logits);

#endif
