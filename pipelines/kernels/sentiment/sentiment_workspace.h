/* Scratch memory of one call that scores texts: the words that are read, and what waits to be scored.

A call owns a workspace from `sentiment_workspace_take` to `sentiment_workspace_give_back`. In between it lies on the
model's stack, with its arrays, for the next call of any thread. */
#ifndef SPANWISE_SENTIMENT_WORKSPACE_H
#define SPANWISE_SENTIMENT_WORKSPACE_H

#include "network/chunk.h"
#include "sentiment/sentiment_model.h"
#include "status.h"

enum { HEAD_ROWS = 64 }; /* sentences whose hidden layer is computed together */

/* A word of a text: code points [start, end). */
typedef struct {
    uint32_t start, end, flags;
    int32_t number; /* in the vocabulary; or, below 0, ~index of its row in `made_rows` */
} KnownWord;

/* A sentence, or a target with the words around it, that waits to be scored: `length` rows for the network.

     sentence:  words first ...                          ... first + length - 1
     target:    words first ... , one row for the words [target_first, target_last), words target_last ...
                `place` of them                          length - place - 1 of them */
typedef struct {
    size_t first, length, place, target_first, target_last;
    float *logits; /* [outputs of the network], the caller's */
} Pending;

typedef struct SentimentWorkspace {
    struct SentimentWorkspace *next;
    SentimentWeights *model;
    Chunk chunk;
    uint32_t *points; /* the code points of the text that is read */
    size_t point_capacity;
    KnownWord *words;
    size_t word_count, word_capacity;
    float *made_rows; /* [made_count][padded(width)]: of words that are not in the vocabulary */
    size_t made_count, made_capacity;
    Pending *pending;
    size_t pending_count, pending_capacity;
    float *row;               /* [padded(width)] of one word */
    float *attention;         /* [rows of the chunk][padded(heads)] */
    float *features;          /* [HEAD_ROWS][parts][padded(width)] */
    float *sums;              /* [heads], of the sentence that is being pooled */
    float *hidden;            /* [HEAD_ROWS][outputs of the hidden layer] */
    float *outputs;           /* [HEAD_ROWS][padded(outputs)] */
    const float **in;         /* [the larger of HEAD_ROWS and the rows of the chunk] pointers */
    float **out;              /* likewise */
    size_t feature_count;     /* sentences that are pooled */
    float *logits[HEAD_ROWS]; /* where their outputs go */
} SentimentWorkspace;

CHECKED Status sentiment_workspace_take(SentimentWeights *model, SentimentWorkspace **work);
/* Forget the texts, and lay the workspace on the stack; free it where it has grown large. */
void sentiment_workspace_give_back(SentimentWorkspace *work);
void sentiment_workspace_free(SentimentWorkspace *work);

#endif
