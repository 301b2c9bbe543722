/* Words found, and rows put together; see embeddings.h. `pipelines/sentiment/reference_model.py` is the reference. */
#include "sentiment/embeddings.h"

#include <stdlib.h>
#include <string.h>

#include "sentiment/sentiment_words.h"

/* Hash by 64-bit FNV-1a. */
static uint64_t hash_of(const char *key, size_t size)
{
    uint64_t hash = 0xcbf29ce484222325u;
    for (size_t i = 0; i < size; i++) hash = (hash ^ (unsigned char)key[i]) * 0x100000001b3u;
    return hash ^ hash >> 32;
}

Status embeddings_prepare(Embeddings *embeddings)
{
    size_t slots = 16;
    while (slots < 2 * (size_t)embeddings->words) slots *= 2;
    embeddings->slot_mask = (uint32_t)(slots - 1);
    embeddings->slots = calloc(slots, sizeof(*embeddings->slots));
    if (!embeddings->slots) return NO_MEMORY;
    for (uint32_t w = 0; w < embeddings->words; w++) {
        const uint32_t start = embeddings->word_starts[w], size = embeddings->word_starts[w + 1] - start;
        uint32_t slot = (uint32_t)hash_of(embeddings->vocabulary + start, size) & embeddings->slot_mask;
        while (embeddings->slots[slot]) slot = (slot + 1) & embeddings->slot_mask;
        embeddings->slots[slot] = w + 1;
    }
    return OK;
}

void embeddings_free(Embeddings *embeddings)
{
    free(embeddings->vocabulary);
    free(embeddings->word_starts);
    free(embeddings->slots);
    free(embeddings->scales);
}

static int32_t find(const Embeddings *embeddings, const char *key, size_t size)
{
    uint32_t slot = (uint32_t)hash_of(key, size) & embeddings->slot_mask;
    for (;; slot = (slot + 1) & embeddings->slot_mask) {
        const uint32_t number = embeddings->slots[slot];
        if (!number) return -1;
        const uint32_t start = embeddings->word_starts[number - 1];
        if (embeddings->word_starts[number] - start == size && !memcmp(embeddings->vocabulary + start, key, size))
            return (int32_t)number - 1;
    }
}

/* Return the number of what a stretched word may have been, or -1: `unstretched` in tokens.py. */
static int32_t find_unstretched(const Embeddings *embeddings, const char *key, size_t size)
{
    size_t first = 0, last = 0; /* where a letter follows the same letter */
    for (size_t i = 1; i < size; i++)
        if (key[i] == key[i - 1] && key[i] >= 'a' && key[i] <= 'z') {
            if (!first) first = i;
            last = i;
        }
    int32_t number = -1;
    for (int way = 0; first && way < 3 && number < 0; way++) { /* without the last of them, the first, all */
        char shorter[KEY_BYTES];
        size_t kept = 0;
        for (size_t i = 0; i < size; i++) {
            const int is_doubled = i && key[i] == key[i - 1] && key[i] >= 'a' && key[i] <= 'z';
            if (is_doubled && (way == 2 || i == (way ? first : last))) continue;
            shorter[kept++] = key[i];
        }
        number = find(embeddings, shorter, kept);
    }
    return number;
}

int32_t embeddings_find(const Embeddings *embeddings, const char *key, size_t size, int is_stretched)
{
    const int32_t number = find(embeddings, key, size);
    return number < 0 && is_stretched ? find_unstretched(embeddings, key, size) : number;
}

void embeddings_add(const Embeddings *embeddings, uint32_t row, float *to)
{
    const int8_t *codes = embeddings->codes + (size_t)row * embeddings->width;
    const float scale = embeddings->scales[row];
    for (size_t i = 0; i < embeddings->width; i++) to[i] += scale * (float)codes[i];
}

/* The n-grams are those of `<key>`, hashed to buckets by 32-bit FNV-1a: `ngram_buckets` in reference_model.py. */
void embeddings_add_ngrams(const Embeddings *embeddings, const char *key, size_t size, float *to)
{
    char marked[4 * NGRAM_KEY + 2] = "<";
    uint32_t starts[NGRAM_KEY + 3], points = 1; /* where each code point of `marked` begins */
    size_t bytes = 1, rows = 0;
    starts[0] = 0;
    for (size_t i = 0; i < size; i++) {
        if (((unsigned char)key[i] & 0xc0) != 0x80) {
            if (points == NGRAM_KEY + 1) break;
            starts[points++] = (uint32_t)bytes;
        }
        marked[bytes++] = key[i];
    }
    starts[points++] = (uint32_t)bytes;
    marked[bytes++] = '>';
    starts[points] = (uint32_t)bytes;
    for (uint32_t n = MIN_NGRAM; n <= MAX_NGRAM; n++)
        for (uint32_t first = 0; first + n <= points; first++, rows++) {
            uint32_t hash = 2166136261u;
            for (uint32_t b = starts[first]; b < starts[first + n]; b++)
                hash = (hash ^ (unsigned char)marked[b]) * 16777619u;
            embeddings_add(embeddings, embeddings->words + hash % embeddings->buckets, to);
        }
    for (size_t i = 0; i < embeddings->width; i++) to[i] /= (float)rows;
}
