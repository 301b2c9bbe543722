/* Static vectors: a table that was made before the networks were trained, and that all of them read, each through a
projection of its own (spaCy's `vectors.pyx` and `ml/staticvectors.py`).

The table is not copied: it is the caller's, in most cases mapped from a file, so that all processes share its pages. A
word finds its row by a key, or the mean of many rows by its n-grams (floret):

    keyed:   word ──> attribute ──> keys, ascending ──> rows ──> one row of `data`; zeros where there is no key
    floret:  word ──> n-grams of its code points ──> MurmurHash3 ──> the mean of some rows of `data`             */
#ifndef SPANWISE_STATIC_VECTORS_H
#define SPANWISE_STATIC_VECTORS_H

#include <stddef.h>
#include <stdint.h>

#include "matrix/matrix.h"

enum { MOST_HASHES = 4 };

/* How floret cuts a word into n-grams and hashes them (Explosion's floret, after fastText). */
typedef struct {
    const char *begin, *end; /* [begin_size], [end_size]: UTF-8 that is put before and behind a word */
    size_t begin_size, end_size;
    uint32_t shortest, longest; /* code points of an n-gram */
    uint32_t hashes;            /* rows of an n-gram, 1 to MOST_HASHES; 0: the table is keyed */
    uint32_t seed;
} Floret;

typedef struct {
    const float *data;        /* [rows][values] */
    size_t rows, values;      /* values = 0: there are none */
    const uint64_t *keys;     /* [key_count], ascending */
    const uint32_t *key_rows; /* [key_count]: less than `rows` */
    size_t key_count;
    size_t column; /* which attribute of a token is the key */
    Floret floret;
} StaticVectors;

/* Write the vector of a word to a buffer of zeros [padded(values)]. `key` is of a keyed table, the characters [size] of
   UTF-8 are of floret. */
CHECKED Status static_vector(const StaticVectors *statics, uint64_t key, const char *utf8, size_t size, float *to);

#endif
