/* Scratch memory of one batch: everything that is found out about its texts on the way from runs to spans.

A batch owns a workspace from `workspace_take` to `workspace_give_back`. In between it lies on the model's stack, with
its arrays, for the next batch of any thread. */
#ifndef SPANWISE_WORKSPACE_H
#define SPANWISE_WORKSPACE_H

#include "classification/classifier.h"
#include "network/chunk.h"
#include "spans/decoder.h"
#include "spans/runs.h"
#include "spans/span_model.h"
#include "status.h"

/* A token of a text: code points [start, end). */
typedef struct {
    const float *vector; /* [row of the model], in a record */
    uint32_t start, end, flags;
} Word;

/* A run, or a text as a whole, that the lexicon does not hold. */
typedef struct {
    uint32_t text;
    Key key;
    const Record *recalled; /* its description, where one is kept: then Python is not asked. NULL: Python is asked */
} Question;

/* An entity: code points [start, end) of a text. */
typedef struct {
    uint32_t text, start, end;
    int32_t label;
    float probability;
} EntitySpan;

/* A sentence: code points [start, end) of a text. */
typedef struct {
    uint32_t text, start, end;
} SentenceSpan;

typedef struct Workspace {
    struct Workspace *next;
    Chunk chunk;
    DecoderScratch decoder;
    float *class_scores;            /* [rows of the chunk][padded(2)], of the sentence network */
    ClassifierScratch *classifiers; /* [classifier_count], one for each of the model's */
    size_t classifier_count;
    size_t classifying;       /* which classifier the chunk is computed for */
    float *category_scores;   /* [texts of the batch][category_count], those of all classifiers in order */
    size_t category_capacity; /* texts that there is room for */
    Runs runs;                /* of all texts, in order */
    Word *words;              /* of all texts, in order */
    size_t word_count, word_capacity;
    Question *questions;
    size_t question_count, question_capacity;
    size_t *unknown; /* indexes of runs without a record */
    size_t unknown_count, unknown_capacity;
    Record **new_records; /* owned by the batch: first those of runs, then those of whole texts */
    size_t new_count, new_capacity, new_runs;
    Record **old_records; /* of the lexicon's old generation: found again, so worth keeping */
    size_t old_count, old_capacity;
    TokenSpans token_spans; /* entities in tokens, in order */
    EntitySpan *entities;   /* the same in code points */
    size_t entity_count, entity_capacity;
    SentenceSpan *sentences;
    size_t sentence_count, sentence_capacity;
} Workspace;

/* Take an idle workspace, or make one. */
CHECKED Status workspace_take(SpanModel *model, Workspace **work);
/* Forget the batch, and lay the workspace on the stack; free it where it has grown large. */
void workspace_give_back(SpanModel *model, Workspace *work);
void workspace_free(Workspace *work);

#endif
