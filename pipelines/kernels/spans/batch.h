/* From texts to entities, sentences, categories and labelled spans: what happens to a batch, without Python and without the GIL.

     batch_begin     take a workspace, and enter the lexicons
     batch_read      cut texts into runs and look each up; leaves questions for the runs that are not known
     batch_split     find the tokens of the questions by the tokenizer, or
     batch_take_split  take them from the caller, where the model has no tokenizer
     batch_list      list the lexemes of these tokens; leaves those that have no description
     batch_describe  take the caller's descriptions of these
     batch_learn     embed what is new
     batch_join      find texts with an exception that may reach over runs; leaves questions for these texts, seldom any,
                     which are split, listed, described and learnt likewise
     batch_compute   run the networks; leaves entities, sentences, categories, labelled spans, classes of tokens and
                     matches of rulers in the workspace
     batch_end       leave the lexicons, and give the workspace back

After a failure, the caller goes on with `batch_end`, which is called in any case. */
#ifndef SPANWISE_BATCH_H
#define SPANWISE_BATCH_H

#include "spans/span_model.h"
#include "spans/workspace.h"
#include "status.h"

/* What to compute for a text, or-ed. */
enum {
    WANT_ENTITIES = 1,
    WANT_SENTENCES = 2,
    WANT_CATEGORIES = 4,
    WANT_TOKENS = 8,
    WANT_VECTORS = 16,
    WANT_SPANS = 32, /* those of the span categorizers */
    WANT_MATCHES = 64,
    WITHIN_SENTENCES = 128, /* entities keep to the model's own sentences */
};

/* What restricts the entities of a text: no entity goes on into the token at code point `start`, and the tokens before
`end` belong to an entity that the caller has. A sentence that begins at `start` has an `end` that is no greater. */
typedef struct {
    uint32_t start, end;
} Bound;

typedef struct {
    const char *utf8; /* [size] bytes of valid UTF-8 */
    size_t size;
    int wanted;
    size_t whole;                  /* the question of the text as a whole + 1, where its runs are not enough; else 0 */
    size_t first_run;              /* where its runs begin in the workspace */
    size_t first_word, word_count; /* its words in the workspace */
    int has_too_many;              /* matches of rulers: none of them are kept */
    const char *bounds;            /* [bound_count] `Bound`s, ascending and of any alignment */
    size_t bound_count;
} Text;

/* The caller's tokens of the questions that have none yet, in order, where the model has no tokenizer. */
typedef struct {
    const int32_t *counts;   /* [questions]: tokens of each */
    const uint32_t *columns; /* [tokens][SPLIT_COLUMNS]: start and length in code points, norm, number and space, as in
                                Piece */
} SplitAnswer;
enum { SPLIT_COLUMNS = 5 };

/* The caller's descriptions of lexemes. */
typedef struct {
    const uint32_t *flags;      /* [count] */
    const uint64_t *attributes; /* [count][columns] */
    size_t count;
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
CHECKED Status batch_split(Batch *batch);
CHECKED Status batch_take_split(Batch *batch, const SplitAnswer *answer);
CHECKED Status batch_list(Batch *batch);
/* Take the descriptions of the asked lexemes from number `first` on. */
CHECKED Status batch_describe(Batch *batch, size_t first, const Description *description);
CHECKED Status batch_learn(Batch *batch);
CHECKED Status batch_join(Batch *batch);
CHECKED Status batch_compute(Batch *batch);
void batch_end(Batch *batch);

/* Ask for the tokens of a text as a whole, and name the question in the text. */
CHECKED Status batch_ask_whole(Batch *batch, uint32_t text);

/* Keep new runs in the lexicon, with their embeddings. Called by `batch_compute`. */
CHECKED Status batch_keep_runs(Batch *batch);

#endif
