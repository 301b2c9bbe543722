/* A bounded table of the runs of characters that texts have brought, read without locks by any number of threads.

A run is a stretch of a text without white space, or of white space alone; a tokenizer splits each by itself. A record
holds a run's tokens and the floats that belong to each (embeddings, or what Python said of a token).

Records lie in two generations. A new record goes into the young generation. When that is full, the old generation is
dropped, the young one becomes old, and an empty one begins. A record of the old generation that is found again is
copied into the young one. So frequent runs stay, runs that came once go, and memory never grows (the idea of a
segmented clock; cf. Johnson and Shasha 1994, "2Q").

A reader counts itself in at both generations that it reads (`lexicon_enter`), so that no record disappears under it. A
new generation begins when a reader enters, the young one is full, and nobody reads the old one any more, whose memory
is then used again. Until then, those who enter see the young generation alone, which lets the old one's readers run
out. There are never more than two generations, however many threads read. */
#ifndef SPANWISE_LEXICON_H
#define SPANWISE_LEXICON_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* The flags of a token. The upper half numbers the words of multi-token exceptions; it is 0 for any other token.

     bit 31         16 15           4    3        2       1       0
     +----------------+--------------+--------+------+-------+-------+
     | exception word | 0            | starts | ends | punct | space |
     +----------------+--------------+--------+------+-------+-------+ */
enum {
    TOKEN_IS_SPACE = 1,
    TOKEN_IS_PUNCT = 2,
    TOKEN_ENDS_SENTENCE = 4,
    /* Set while a batch is computed, never in a record: */
    TOKEN_STARTS_SENTENCE = 8,
    TOKEN_ENDS_ENTITIES = 16, /* no entity goes on into this token */
    TOKEN_IS_TAKEN = 32,      /* belongs to an entity that the caller has given */
    EXCEPTION_WORD_SHIFT = 16,
};

/* A token within its run: code points [start, start + length). */
typedef struct {
    uint32_t start, length, flags;
} Token;

/* The characters of a run, which records are found by. */
typedef struct {
    const char *utf8; /* [size], not terminated */
    size_t size;
    uint64_t hash; /* of the bytes, the size and the mode, by `key_of` */
    uint32_t mode; /* how the run is tokenized: MODE_... in runs.h */
} Key;

/* A record is one block of memory, a multiple of 8 bytes long:

     byte 0   8          12            16     20    24          24 + 12 T      24 + 12 T + 4 T R
     +--------+----------+-------------+------+-----+-----------+--------------+----------+---------+
     | hash   | key_size | token_count | mode | row | tokens    | vectors      | key      | padding |
     |        | = K      | = T         |      | = R | [T] Token | [T][R] float | [K] char |         |
     +--------+----------+-------------+------+-----+-----------+--------------+----------+---------+

   In the lexicon of embeddings a row has what each network and classifier keeps of the token (span_model.h). In the
   lexicon of descriptions, a key is a token, and a row the bytes of its attributes, then its projected static vector
   (descriptions.c). */
typedef struct {
    uint64_t hash;
    uint32_t key_size; /* bytes of UTF-8 */
    uint32_t token_count;
    uint32_t mode;
    uint32_t row; /* floats of a token */
} Record;

static inline Token *record_tokens(const Record *record) { return (Token *)(record + 1); } /* [token_count] */
static inline float *record_vectors(const Record *record)                                  /* [token_count][row] */
{
    return (float *)(record_tokens(record) + record->token_count);
}
static inline char *record_key(const Record *record) /* [key_size] */
{
    return (char *)(record_vectors(record) + (size_t)record->token_count * record->row);
}
static inline size_t record_size(size_t token_count, size_t row, size_t key_size)
{
    const size_t size = sizeof(Record) + token_count * (sizeof(Token) + row * sizeof(float)) + key_size;
    return (size + 7) / 8 * 8;
}

/* Make a record on the heap, its tokens and vectors not filled in yet. */
CHECKED Status record_new(Record **record, const Key *key, size_t token_count, size_t row);
int record_has_key(const Record *record, const Key *key);

/* A table of records: `index` is an array of slots, found by hash; records lie in `memory`, one behind the other. */
typedef struct Generation {
    atomic_int readers;
    size_t used, count; /* bytes of `memory`, records */
    int full;
    char *memory;             /* [bytes of the lexicon] */
    _Atomic(Record *) *index; /* [slots of the lexicon], NULL: free */
} Generation;

typedef struct {
    pthread_mutex_t mutex; /* held by whoever writes, enters, or begins a generation */
    size_t bytes, slots;   /* of one generation; `slots` is a power of two */
    Generation *young, *old;
    atomic_ullong turnovers; /* how many generations have begun */
} Lexicon;

/* The generations that one reader sees; both are the young one while the old one is about to go. */
typedef struct {
    Generation *young, *old;
} LexiconView;

/* `bytes`: of one generation. There are twice as many slots as records when these have `mean_record` bytes on average.
   */
CHECKED Status lexicon_init(Lexicon *lexicon, size_t bytes, size_t mean_record);
void lexicon_free(Lexicon *lexicon);
LexiconView lexicon_enter(Lexicon *lexicon);
void lexicon_leave(LexiconView view);

/* What both generations hold together. */
typedef struct {
    size_t records, used, limit; /* the last two in bytes */
} LexiconSizes;

LexiconSizes lexicon_sizes(Lexicon *lexicon);

Key key_of(const char *utf8, size_t size, uint32_t mode);
/* Return the record of a key, or NULL. Where `*is_old` is set to 1, it lies in the old generation and is worth keeping.
   */
Record *lexicon_find(const Lexicon *lexicon, LexiconView view, const Key *key, int *is_old);
/* Return whether a record of that size is kept at all: a large one would drive out many others. */
int lexicon_takes(const Lexicon *lexicon, size_t record_size);
/* Copy records [count] into the young generation, as long as there is room, where they do not lie there yet. */
void lexicon_keep(Lexicon *lexicon, Record *const *records, size_t count);

#endif
