/* The weights of a text's first words summed up; see gate.h. */
#include "sentiment/gate.h"

#include "sentiment/sentiment_words.h"

enum { POINT_BYTES = 4 }; /* of a code point in UTF-8, at most */

typedef struct {
    const Embeddings *embeddings;
    const float *weights;
    double sum;
    size_t words;
} Weighing;

size_t gate_weights(const SentimentWeights *model) { return model->embeddings.words + 1 + GATE_WORDS + 1; }

/* Add the weight of a word, for `sentiment_words`. */
static Status weigh(void *context, const SentimentWord *word)
{
    Weighing *weighing = context;
    if (weighing->words == GATE_WORDS) return OK;
    const int32_t number =
        embeddings_find(weighing->embeddings, word->key, word->key_size, word->flags & WORD_IS_STRETCHED);
    weighing->sum += (double)weighing->weights[number < 0 ? weighing->embeddings->words : (uint32_t)number];
    weighing->words++;
    return OK;
}

Status gate_sum(const SentimentWeights *model, const SentimentText *text, const float *weights, double *sum)
{
    uint32_t points[POINT_BYTES * GATE_POINTS];
    size_t size = 0;
    for (uint32_t count = 0; size < text->size; size++)
        if (((unsigned char)text->utf8[size] & 0xc0) != 0x80 && count++ == GATE_POINTS) break;
    const uint32_t length = utf8_decode(text->utf8, size, points);
    Weighing weighing = {&model->embeddings, weights, 0, 0};
    const Status status = sentiment_words(&model->characters, points, 0, length, weigh, &weighing);
    *sum = weighing.sum + (double)weights[model->embeddings.words + 1 + weighing.words];
    return status;
}
