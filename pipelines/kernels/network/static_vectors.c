/* Find the static vectors of words; see static_vectors.h. The sources are `find`, `_get_ngrams`, `_get_ngram_hashes` and
`get_batch` in spaCy's `vectors.pyx`. */
#include "network/static_vectors.h"

#include <stdlib.h>
#include <string.h>

#include "network/murmur.h"
#include "sorted_keys.h"

/* ---- keyed tables ---- */

/* Return the row of a key, or NULL. */
static const float *row_of_key(const StaticVectors *statics, uint64_t key)
{
    const size_t place = place_of_key(statics->keys, statics->key_count, key);
    return place < statics->key_count ? statics->data + statics->key_rows[place] * statics->values : NULL;
}

/* ---- floret ---- */

static uint64_t rotated(uint64_t value, int bits) { return value << bits | value >> (64 - bits); }

/* Hash bytes by MurmurHash3_x64_128 (Austin Appleby, public domain) to four 32-bit values. */
static void murmur_bytes(const char *bytes, size_t size, uint32_t seed, uint32_t out[MOST_HASHES])
{
    const uint64_t c1 = 0x87c37b91114253d5u, c2 = 0x4cf5ad432745937fu;
    uint64_t h1 = seed, h2 = seed;
    for (size_t left = size;; left -= 16, bytes += 16) {
        uint64_t k[2] = {0, 0}; /* little-endian; the last block is filled up with zeros */
        memcpy(k, bytes, left < 16 ? left : 16);
        if (left < 16) {
            h2 ^= rotated(k[1] * c2, 33) * c1;
            h1 ^= rotated(k[0] * c1, 31) * c2;
            break;
        }
        h1 ^= rotated(k[0] * c1, 31) * c2;
        h1 = (rotated(h1, 27) + h2) * 5 + 0x52dce729u;
        h2 ^= rotated(k[1] * c2, 33) * c1;
        h2 = (rotated(h2, 31) + h1) * 5 + 0x38495ab5u;
    }
    h1 ^= size;
    h2 ^= size;
    murmur_end(h1, h2, out);
}

/* Add the rows of an n-gram. */
static void add_ngram(const StaticVectors *statics, const char *utf8, size_t size, float *to)
{
    uint32_t hashes[MOST_HASHES];
    murmur_bytes(utf8, size, statics->floret.seed, hashes);
    for (uint32_t h = 0; h < statics->floret.hashes; h++) {
        const float *row = statics->data + hashes[h] % statics->rows * statics->values;
        for (size_t v = 0; v < statics->values; v++) to[v] += row[v];
    }
}

/* Return where `count` code points from `at` on end, or NULL where there are not so many before `end`. */
static const char *after(const char *at, const char *end, uint32_t count)
{
    for (; count; count--) {
        if (at == end) return NULL;
        at++;
        while (at < end && ((unsigned char)*at & 0xc0) == 0x80) at++;
    }
    return at;
}

/* Add the rows of all n-grams of a word with its ends, the whole of it first. Returns how many n-grams there are. */
static size_t add_ngrams(const StaticVectors *statics, const char *whole, size_t size, float *to)
{
    const char *const end = whole + size;
    size_t count = 1;
    add_ngram(statics, whole, size, to);
    for (uint32_t length = statics->floret.shortest; length <= statics->floret.longest; length++) {
        const char *first = whole, *last = after(whole, end, length);
        for (; last; last = after(last, end, 1), first = after(first, end, 1), count++)
            add_ngram(statics, first, (size_t)(last - first), to);
    }
    return count;
}

static Status floret_vector(const StaticVectors *statics, const char *utf8, size_t size, float *to)
{
    const Floret *floret = &statics->floret;
    const size_t total = floret->begin_size + size + floret->end_size;
    if (!size) return OK;
    char *whole = malloc(total);
    if (!whole) return NO_MEMORY;
    memcpy(whole, floret->begin, floret->begin_size);
    memcpy(whole + floret->begin_size, utf8, size);
    memcpy(whole + floret->begin_size + size, floret->end, floret->end_size);
    const float count = (float)(add_ngrams(statics, whole, total, to) * floret->hashes);
    for (size_t v = 0; v < statics->values; v++) to[v] /= count;
    free(whole);
    return OK;
}

Status static_vector(const StaticVectors *statics, uint64_t key, const char *utf8, size_t size, float *to)
{
    if (statics->floret.hashes) return floret_vector(statics, utf8, size, to);
    const float *row = row_of_key(statics, key);
    if (row) memcpy(to, row, statics->values * sizeof(float));
    return OK;
}
