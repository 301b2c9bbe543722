/* N-grams hashed and added up; see ngrams.h. */
#include "classification/ngrams.h"

#include <stdlib.h>
#include <string.h>

/* Hash keys [count] by MurmurHash64A with the seed 0 (Austin Appleby, public domain), as `NumpyOps.ngrams` does. */
static uint64_t hash_keys(const uint64_t *keys, int count)
{
    const uint64_t m = 0xc6a4a7935bd1e995u;
    uint64_t h = (uint64_t)count * sizeof(*keys) * m;
    for (int i = 0; i < count; i++) {
        uint64_t k = keys[i] * m;
        k ^= k >> 47;
        h ^= k * m;
        h *= m;
    }
    h ^= h >> 47;
    h *= m;
    return h ^ h >> 47;
}

static uint32_t mix(uint32_t h, uint32_t k)
{
    k *= 0xcc9e2d51u;
    k = k << 15 | k >> 17;
    h ^= k * 0x1b873593u;
    h = h << 13 | h >> 19;
    return h * 5 + 0xe6546b64u;
}

/* Hash one key by MurmurHash3_x86_32, as `SparseLinear` does. */
static uint32_t hash_key(uint64_t key, uint32_t seed)
{
    uint32_t h = mix(mix(seed, (uint32_t)key), (uint32_t)(key >> 32)) ^ 8u;
    h ^= h >> 16;
    h *= 0x85ebca6bu;
    h ^= h >> 13;
    h *= 0xc2b2ae35u;
    return h ^ h >> 16;
}

/* Find the two rows of weights of a key. */
static void find_rows(const NgramLayer *layer, uint64_t key, const float *rows[2])
{
    for (uint32_t seed = 0; seed < 2; seed++)
        rows[seed] = layer->weights + hash_key(key, seed) % layer->rows * layer->stride;
}

/* Add the n-gram that has waited longest. */
static void add_waiting(const NgramLayer *layer, NgramWindow *window, double *scores)
{
    const float *const *rows = window->waiting[window->added++ % WAITING_NGRAMS];
    for (size_t c = 0; c < layer->classes; c++) scores[c] += (double)rows[0][c] + (double)rows[1][c];
}

/* Have the weights of an n-gram fetched, and let it wait. */
static void ask_for(const NgramLayer *layer, NgramWindow *window, uint64_t key, double *scores)
{
    if (window->asked - window->added == WAITING_NGRAMS) add_waiting(layer, window, scores);
    const float **rows = window->waiting[window->asked++ % WAITING_NGRAMS];
    find_rows(layer, key, rows);
    __builtin_prefetch(rows[0]);
    __builtin_prefetch(rows[1]);
}

void ngrams_fill_row(const NgramLayer *layer, uint64_t key, float *row)
{
    const float *rows[2];
    memcpy(row, &key, sizeof(key));
    find_rows(layer, key, rows);
    for (size_t c = 0; c < ngrams_kept(layer); c++) row[KEY_FLOATS + c] = rows[0][c] + rows[1][c];
}

void ngrams_start(const NgramLayer *layer, NgramWindow *window, double *scores)
{
    window->count = 0;
    window->asked = window->added = 0;
    for (size_t c = 0; c < layer->classes; c++) scores[c] = layer->bias[c];
}

void ngrams_add(const NgramLayer *layer, NgramWindow *window, const float *row, double *scores)
{
    const size_t kept = ngrams_kept(layer);
    for (size_t c = 0; c < kept; c++) scores[c] += (double)row[KEY_FLOATS + c];
    if (kept && layer->longest == 1) return;
    uint64_t key;
    memcpy(&key, row, sizeof(key));
    if (!kept) ask_for(layer, window, key, scores);
    if (layer->longest == 1) return;
    uint64_t *oldest = window->keys + LONGEST_NGRAM - layer->longest;
    memmove(oldest, oldest + 1, ((size_t)layer->longest - 1) * sizeof(key));
    window->keys[LONGEST_NGRAM - 1] = key;
    if (window->count < layer->longest) window->count++;
    for (int n = 2; n <= window->count; n++)
        ask_for(layer, window, hash_keys(window->keys + LONGEST_NGRAM - n, n), scores);
}

void ngrams_finish(const NgramLayer *layer, NgramWindow *window, double *scores)
{
    while (window->added < window->asked) add_waiting(layer, window, scores);
}

void ngrams_free(NgramLayer *layer)
{
    free(layer->weights);
    free(layer->bias);
    memset(layer, 0, sizeof(*layer));
}
