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

enum { BLOCK_FORMS = 256 }; /* forms that are embedded together */

/* A token of a text: code points [start, end). */
typedef struct {
    const float *vector; /* [row of the model], in a record or the workspace's */
    uint32_t start, end, flags;
} Word;

/* A run, or a text as a whole, whose tokens the lexicon does not hold: pieces [first, last) are its tokens. */
typedef struct {
    uint32_t text;
    Key key;
    size_t first, last;
} Question;

/* A token's text, once for all equal tokens of the batch. Attributes are those of the text alone. */
typedef struct {
    Key key;
    uint32_t flags; /* TOKEN_IS_... and TOKEN_ENDS_SENTENCE */
    uint32_t form;  /* the number of its first form + 1; 0: it has none yet */
} Lexeme;

/* A lexeme as it is embedded: with an exception's norm, or with a space behind it. */
typedef struct {
    uint32_t lexeme, norm; /* the norm's number, or 0 */
    int space;
    uint32_t next; /* of the same lexeme, + 1; 0: none */
} Form;

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

/* A span that a span categorizer labels: code points [start, end) of a text. */
typedef struct {
    uint32_t text, start, end;
    int32_t label; /* its number among the labels of all categorizers */
    float score;
} LabelledSpan;

typedef struct Workspace {
    struct Workspace *next;
    Chunk chunk;
    DecoderScratch decoder;
    float *class_scores;            /* [rows of the chunk][padded(2)], of the sentence network */
    ClassifierScratch *classifiers; /* [classifier_count], one for each of the model's */
    size_t classifier_count;
    size_t classifying;        /* which classifier the chunk is computed for */
    float *category_scores;    /* [texts of the batch][category_count], those of all classifiers in order */
    size_t category_capacity;  /* texts that there is room for */
    SpanScratch *categorizers; /* [categorizer_count], one for each of the model's */
    size_t categorizer_count;
    size_t categorizing;          /* which categorizer the chunk is computed for */
    LabelledSpan *labelled_spans; /* of all texts, in order; those of a text categorizer by categorizer */
    size_t labelled_count, labelled_capacity;
    Runs runs;   /* of all texts, in order */
    Word *words; /* of all texts, in order */
    size_t word_count, word_capacity;
    size_t *unknown; /* indexes of runs without a record */
    size_t unknown_count, unknown_capacity;
    Question *questions; /* of runs, then of whole texts */
    size_t question_count, question_capacity;
    size_t answered, run_questions; /* those whose tokens are known; those of runs */
    Pieces pieces;                  /* the tokens of all questions */
    TokenizerScratch tokenizer;
    Lexeme *lexemes;
    size_t lexeme_count, lexeme_capacity;
    uint32_t *lexeme_slots; /* [lexeme_slot_count, a power of 2]: a lexeme's number + 1, found by hash; 0: free */
    size_t lexeme_slot_count, lexeme_slot_capacity;
    uint64_t *attributes; /* [lexemes][columns] */
    size_t attribute_capacity;
    uint32_t *asked; /* numbers of the lexemes that Python must describe */
    size_t asked_count, asked_capacity;
    Form *forms;
    size_t form_count, form_capacity, embedded; /* the first `embedded` forms have a vector */
    float *statics; /* [BLOCK_FORMS][padded(static values)]: of the forms that are being embedded; NULL: none */
    float *vectors; /* [forms][row of the model] */
    size_t vector_capacity;
    Record **old_records; /* of the lexicon's old generation: found again, so worth keeping */
    size_t old_count, old_capacity;
    TokenSpans token_spans; /* entities in tokens, in order */
    EntitySpan *entities;   /* the same in code points */
    size_t entity_count, entity_capacity;
    SentenceSpan *sentences;
    size_t sentence_count, sentence_capacity;
    TokenScratch tokens;
    MatchScratch matches;
} Workspace;

/* Take an idle workspace, or make one. */
CHECKED Status workspace_take(SpanModel *model, Workspace **work);
/* Forget the batch, and lay the workspace on the stack; free it where it has grown large. */
void workspace_give_back(SpanModel *model, Workspace *work);
void workspace_free(Workspace *work);

#endif
