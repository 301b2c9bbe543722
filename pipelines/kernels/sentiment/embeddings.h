/* The rows of words: looked up in a vocabulary, or made of the rows of a word's n-grams.

The vocabulary's words are found by open addressing over a power of two of slots. A row is int8 codes times one scale.
*/
#ifndef SPANWISE_EMBEDDINGS_H
#define SPANWISE_EMBEDDINGS_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* N-grams have 3 to 5 code points, of the first 24 of a word. */
enum { MIN_NGRAM = 3, MAX_NGRAM = 5, NGRAM_KEY = 24 };

typedef struct {
    char *vocabulary;      /* all words in UTF-8, one after the other, not terminated */
    uint32_t *word_starts; /* [words + 1]: where each begins */
    uint32_t words, buckets;
    uint32_t *slots, slot_mask; /* [slot_mask + 1]: a word's number + 1, or 0 */
    const int8_t *codes;        /* [words + buckets][width]: words, then hashed n-grams; owned by the caller */
    float *scales;              /* [words + buckets] */
    size_t width;
} Embeddings;

/* Fill the slots; everything else has been read. */
CHECKED Status embeddings_prepare(Embeddings *embeddings);
void embeddings_free(Embeddings *embeddings);

/* Return the number of a word, or -1. A stretched word that is not known is looked up as what it may have been. */
int32_t embeddings_find(const Embeddings *embeddings, const char *key, size_t size, int is_stretched);

/* Add the row of a word to `to` [width]. */
void embeddings_add(const Embeddings *embeddings, uint32_t row, float *to);

/* Add the mean of the rows of a word's n-grams to `to` [width]. */
void embeddings_add_ngrams(const Embeddings *embeddings, const char *key, size_t size, float *to);

#endif
