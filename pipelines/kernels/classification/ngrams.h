/* A linear layer over the n-grams of a text's tokens (spacy/ml/extract_ngrams.py, thinc/layers/sparselinear.pyx).

Every token has a key: the hash of one of its attributes. An n-gram's key is the key of its token, or the hash of the
keys of its tokens. Two hashes of that key choose two rows of weights, whose sum is what the n-gram adds to the scores
of all classes. Thinc counts equal n-grams first; here each occurrence is added by itself, which gives the same sum. */
#ifndef SPANWISE_NGRAMS_H
#define SPANWISE_NGRAMS_H

#include <stddef.h>
#include <stdint.h>

enum { LONGEST_NGRAM = 32 }; /* in tokens */

/* `row(i)` of the weights is `weights + i * stride`, [classes]. In the layer's second version, `stride` is the number of
   classes, and the rows are those of Thinc's [classes][rows], turned. In its first version it is 1, and rows overlap
   (thinc issue 752): a model that was trained so needs the same again. */
typedef struct {
    float *weights; /* [(rows - 1) * stride + classes] */
    float *bias;    /* [classes] */
    size_t stride, classes;
    uint32_t rows;
    int longest;       /* n-grams have 1 to `longest` tokens */
    size_t column;     /* which attribute of a token is its key */
    size_t key_offset; /* where the key lies among the floats of a token; see spans/span_model.h */
} NgramLayer;

/* The last keys of a text, the newest at the end: what the next n-grams are made of. */
typedef struct {
    uint64_t keys[LONGEST_NGRAM];
    int count; /* of keys that are there, at most LONGEST_NGRAM */
} NgramWindow;

/* Begin a text. scores: [classes], set to the bias. */
void ngrams_start(const NgramLayer *layer, NgramWindow *window, double *scores);

/* Add the n-grams that end with the next token. */
void ngrams_add(const NgramLayer *layer, NgramWindow *window, uint64_t key, double *scores);

void ngrams_free(NgramLayer *layer);

#endif
