/* From texts to entities, sentences and categories: what happens to a batch, without Python and without the GIL.

     batch_begin     take a workspace, and enter the lexicons
     batch_read      cut texts into runs and look each up; leaves questions for the runs that are not known
     batch_learn     with the caller's answers to the questions: make records of the runs, with embeddings
     batch_join      find texts with an exception that may reach over runs; leaves questions for these texts, seldom any
     batch_learn     likewise
     batch_compute   run the networks; leaves entities, sentences and categories in the workspace
     batch_end       leave the lexicons, and give the workspace back

After a failure, the caller goes on with `batch_end`, which is called in any case. */
#ifndef SPANWISE_BATCH_H
#define SPANWISE_BATCH_H

#include "spans/span_model.h"
#include "spans/workspace.h"
#include "status.h"

/* What to compute for a text, or-ed. */
enum { WANT_ENTITIES = 1, WANT_SENTENCES = 2, WANT_CATEGORIES = 4 };

typedef struct {
    const char *utf8; /* [size] bytes of valid UTF-8 */
    size_t size;
    int wanted;
    Record *whole;                 /* the tokens of the text as a whole, where its runs are not enough; else NULL */
    size_t first_word, word_count; /* its words in the workspace */
} Text;

/* The caller's answer to the questions that were not recalled, all in order. */
typedef struct {
    const int32_t *counts;      /* [question_count]: tokens of each */
    const Token *tokens;        /* [token_count] */
    const uint64_t *attributes; /* [token_count][columns] */
    const float *statics;       /* [token_count][static_values] */
    size_t question_count, token_count;
} Description;

typedef struct {
    SpanModel *model;
    Text *texts; /* [count] */
    size_t count;
    LexiconView view, descriptions; /* what it reads of the model's lexicons */
    Workspace *work;
} Batch;

CHECKED Status batch_begin(Batch *batch, SpanModel *model, Text *texts, size_t count);
CHECKED Status batch_read(Batch *batch);
CHECKED Status batch_learn(Batch *batch, const Description *answer);
CHECKED Status batch_join(Batch *batch);
CHECKED Status batch_compute(Batch *batch);
void batch_end(Batch *batch);

#endif
