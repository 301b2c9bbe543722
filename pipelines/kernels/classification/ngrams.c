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

static void add_ngram(const NgramLayer *layer, uint64_t key, double *scores)
{
    const float *one = layer->weights + hash_key(key, 0) % layer->rows * layer->stride;
    const float *other = layer->weights + hash_key(key, 1) % layer->rows * layer->stride;
    for (size_t c = 0; c < layer->classes; c++) scores[c] += (double)one[c] + (double)other[c];
}

void ngrams_start(const NgramLayer *layer, NgramWindow *window, double *scores)
{
    window->count = 0;
    for (size_t c = 0; c < layer->classes; c++) scores[c] = layer->bias[c];
}

void ngrams_add(const NgramLayer *layer, NgramWindow *window, uint64_t key, double *scores)
{
    add_ngram(layer, key, scores);
    if (layer->longest == 1) return;
    memmove(window->keys, window->keys + 1, sizeof(window->keys) - sizeof(key));
    window->keys[LONGEST_NGRAM - 1] = key;
    if (window->count < LONGEST_NGRAM) window->count++;
    for (int n = 2; n <= layer->longest && n <= window->count; n++)
        add_ngram(layer, hash_keys(window->keys + LONGEST_NGRAM - n, n), scores);
}

void ngrams_free(NgramLayer *layer)
{
    free(layer->weights);
    free(layer->bias);
    memset(layer, 0, sizeof(*layer));
}
