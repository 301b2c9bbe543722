/* A linear layer over the n-grams of a text's tokens (spacy/ml/extract_ngrams.py, thinc/layers/sparselinear.pyx).

Every token has a key: the hash of one of its attributes. An n-gram's key is the key of its token, or the hash of the
keys of its tokens. Two hashes of that key choose two rows of weights, whose sum is what the n-gram adds to the scores
of all classes. Thinc counts equal n-grams first; here each occurrence is added by itself, which gives the same sum. */
#ifndef SPANWISE_NGRAMS_H
#define SPANWISE_NGRAMS_H

#include <stddef.h>
#include <stdint.h>

enum {
    LONGEST_NGRAM = 32,     /* in tokens */
    MOST_KEPT_CLASSES = 16, /* of a layer whose sums for single tokens are kept with the token */
    WAITING_NGRAMS = 16,    /* a power of two */
    KEY_FLOATS = sizeof(uint64_t) / sizeof(float),
};

/* `row(i)` of the weights is `weights + i * stride`, [classes]. In the layer's second version, `stride` is the number of
   classes, and the rows are those of Thinc's [classes][rows], turned. In its first version it is 1, and rows overlap
   (thinc issue 752): a model that was trained so needs the same again. */
typedef struct {
    float *weights; /* [(rows - 1) * stride + classes] */
    float *bias;    /* [classes] */
    size_t stride, classes;
    uint32_t rows;
    int longest;   /* n-grams have 1 to `longest` tokens */
    size_t column; /* which attribute of a token is its key */
    size_t offset; /* where the row of a token begins among its floats; see spans/span_model.h */
} NgramLayer;

/* What is kept of a token, in floats: its key, at no particular alignment, and what the token by itself adds to the
   scores, which spares two look-ups in a large table.

     0          2                2 + kept
     +----------+----------------+
     | key      | sums           |
     | uint64_t | [kept] float   |          kept: `ngrams_kept`
     +----------+----------------+ */
static inline size_t ngrams_kept(const NgramLayer *layer)
{
    return layer->classes <= MOST_KEPT_CLASSES ? layer->classes : 0;
}
static inline size_t ngrams_row(const NgramLayer *layer) { return KEY_FLOATS + ngrams_kept(layer); }

/* Write the row of a token with that key: [ngrams_row] */
void ngrams_fill_row(const NgramLayer *layer, uint64_t key, float *row);

/* What is known of a text so far: its last keys, the newest at the end, of which the next n-grams are made; and a ring
   of n-grams whose weights are on their way into the cache, and are added a little later. */
typedef struct {
    uint64_t keys[LONGEST_NGRAM];
    int count;                               /* of keys that are there, at most LONGEST_NGRAM */
    const float *waiting[WAITING_NGRAMS][2]; /* rows of weights */
    size_t asked, added;                     /* n-grams that were put into the ring, and that were taken from it */
} NgramWindow;

/* Begin a text. scores: [classes], set to the bias. */
void ngrams_start(const NgramLayer *layer, NgramWindow *window, double *scores);

/* Add the n-grams that end with the next token, which has that row. */
void ngrams_add(const NgramLayer *layer, NgramWindow *window, const float *row, double *scores);

/* Add what still waits: the scores are whole then. */
void ngrams_finish(const NgramLayer *layer, NgramWindow *window, double *scores);

void ngrams_free(NgramLayer *layer);

#endif
