/* From texts to entities and sentences: what happens to a batch, without Python.

`batch_read` looks up the runs of all texts. What the lexicon does not hold is described by the caller (Python: the tokenizer's
rules and the attributes of words) and handed to `batch_learn`. `batch_compute` does the rest. Nothing here holds the GIL, and any
number of threads may work on batches of their own with one engine. */
#ifndef SPANWISE_BATCH_H
#define SPANWISE_BATCH_H

#include "network/network.h"
#include "spans/decoder.h"
#include "spans/lexicon.h"
#include "spans/runs.h"

typedef enum { SENTENCES_NONE, SENTENCES_NETWORK, SENTENCES_RULES } SentenceKind;

enum { WANT_ENTITIES = 1, WANT_SENTENCES = 2 };

struct Workspace;

typedef struct {
    size_t columns, static_values; /* of a described token */
    int has_entities;
    SentenceKind sentence_kind;
    Network entity_network, sentence_network;
    Decoder decoder;
    Matrix sentence_classes;
    size_t row; /* floats that a record holds per token: the entity network's, then the sentence network's */
    size_t pair_count;
    uint32_t *pairs; /* ascending: left << 16 | right, for words that follow one another in a multi-token exception */
    Lexicon lexicon, descriptions; /* described.h */
    pthread_mutex_t mutex;
    struct Workspace *idle; /* scratch memory, a stack */
} Engine;

typedef struct {
    const float *vector;
    uint32_t start, end, flags;
} Word;

typedef struct {
    const char *utf8;
    size_t size;
    int wanted;
    Record *whole; /* tokens of the text as a whole, where its runs are not enough */
    size_t first_word, words;
} Text;

/* Something for the caller to describe: bytes [offset, offset + size) of a text. */
typedef struct {
    uint32_t text;
    size_t offset, size;
    uint32_t mode;
    const Record *recalled; /* its description, where one is kept: then the caller is not asked */
} Request;

/* The caller's answer to those that were not recalled: arrays of one entry per request, then per token, all in order. */
typedef struct {
    const int32_t *counts;
    const Token *tokens;
    const uint64_t *attributes; /* tokens x columns */
    const float *statics;       /* tokens x static_values */
    size_t requests, token_count;
} Description;

typedef struct {
    uint32_t text, start, end; /* code points */
} Sentence;

typedef struct Workspace {
    struct Workspace *next;
    Chunk chunk;
    DecoderScratch decoder;
    float *classes;
    Runs runs;
    Word *words;
    size_t word_count, word_capacity;
    Request *requests;
    size_t request_count, request_capacity;
    size_t *missing; /* runs without a record, in the order of the requests */
    size_t missing_count, missing_capacity;
    Record **made; /* records of this batch's own */
    size_t made_count, made_capacity, runs_made;
    Record **met; /* of the old generation, to be kept */
    size_t met_count, met_capacity;
    Entities entities;
    Sentence *sentences;
    size_t sentence_count, sentence_capacity;
} Workspace;

typedef struct {
    Engine *engine;
    Text *texts;
    size_t count;
    LexiconView view, described;
    Workspace *work;
} Batch;

/* `lexicon_bytes`: of a generation of runs with embeddings; one of descriptions has half as many. */
int engine_prepare(Engine *engine, size_t lexicon_bytes);
void engine_free(Engine *engine);

/* All of these return 0, or -1 when there is no memory; `batch_end` is called in any case. */
int batch_begin(Batch *batch, Engine *engine, Text *texts, size_t count);
int batch_read(Batch *batch);                                  /* leaves requests */
int batch_learn(Batch *batch, const Description *description); /* answers them */
int batch_join(Batch *batch);                                  /* leaves requests: whole texts, seldom any */
int batch_compute(Batch *batch);                               /* leaves entities and sentences, in code points */
void batch_end(Batch *batch);

#endif
