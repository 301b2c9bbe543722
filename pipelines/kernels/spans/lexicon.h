/* What is known of the runs of characters met: a bounded table, read without locks by any number of threads.

A run is a stretch of a text without white space, or of white space alone; a tokenizer splits each by itself. A record holds a
run's tokens and their embeddings. Records lie in two generations: a new one goes into the young generation; when that is full,
the old one is dropped, the young one becomes old, and an empty one begins. A record of the old generation that is met again is
copied into the young one: what is frequent stays, what was met once goes, and memory never grows (the idea of a segmented
clock; cf. Johnson and Shasha 1994, "2Q").

A reader is counted by the generations that it reads, so that nothing it found disappears under it. A new generation begins when a
reader comes, the young one is full, and nobody reads the old one any more: its memory is used again. Until then those who come see the
young one alone, so that it does not take long. There are never more than two generations, however many threads read. */
#ifndef SPANWISE_LEXICON_H
#define SPANWISE_LEXICON_H

#include <pthread.h>
#include <stdatomic.h>
#include <stddef.h>
#include <stdint.h>

enum { FLAG_SPACE = 1, FLAG_PUNCT = 2, FLAG_ENDS_SENTENCE = 4, WORD_SHIFT = 16 };

/* A token within its run, in code points. The upper half of `flags` numbers the words of multi-token exceptions; 0: none. */
typedef struct {
    uint32_t start, length, flags;
} Token;

typedef struct {
    uint64_t hash;
    uint32_t key_size; /* bytes of UTF-8 */
    uint32_t tokens;
    uint32_t mode; /* 1: a single space follows the run */
    uint32_t row;  /* floats per token */
    /* then: tokens x Token, tokens x row floats, the key */
} Record;

static inline Token *record_tokens(const Record *record) { return (Token *)(record + 1); }
static inline float *record_vectors(const Record *record) { return (float *)(record_tokens(record) + record->tokens); }
static inline char *record_key(const Record *record)
{
    return (char *)(record_vectors(record) + (size_t)record->tokens * record->row);
}
static inline size_t record_size(size_t tokens, size_t row, size_t key_size)
{
    const size_t size = sizeof(Record) + tokens * (sizeof(Token) + row * sizeof(float)) + key_size;
    return (size + 7) / 8 * 8;
}

typedef struct Generation {
    atomic_int readers;
    size_t used, count;
    int full;
    char *memory;
    _Atomic(Record *) *index;
} Generation;

typedef struct {
    pthread_mutex_t mutex;
    size_t bytes, slots; /* of one generation */
    Generation *young, *old;
    atomic_ullong turnovers;
} Lexicon;

/* What one reader sees; the young one twice while the old one is about to go. */
typedef struct {
    Generation *young, *old;
} LexiconView;

/* `bytes` of one generation; the index is half full at most when records have `smallest` bytes on average. */
int lexicon_init(Lexicon *lexicon, size_t bytes, size_t smallest);
void lexicon_free(Lexicon *lexicon);
LexiconView lexicon_view(Lexicon *lexicon);
void lexicon_leave(LexiconView view);

uint64_t lexicon_hash(const char *key, size_t size, uint32_t mode);
/* NULL: not there. `*is_old` tells that it should be kept by `lexicon_keep`. */
Record *lexicon_find(const Lexicon *lexicon, LexiconView view, uint64_t hash, const char *key, size_t size,
                     uint32_t mode, int *is_old);
int record_is(const Record *record, uint64_t hash, const char *key, size_t size, uint32_t mode);
/* Copy records into the young generation, where they are not there yet, as long as there is room. */
void lexicon_keep(Lexicon *lexicon, Record *const *records, size_t count);

#endif
