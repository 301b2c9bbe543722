/* A text as the sentiment model reads it: `pipelines/sentiment/tokens.py` in C, rule by rule.

What a character is (a letter, a sign, white space) and its lower case come from Python's own tables, so that the two agree
whatever version of Unicode that Python has. */
#ifndef SPANWISE_SENTIMENT_WORDS_H
#define SPANWISE_SENTIMENT_WORDS_H

#include <stddef.h>
#include <stdint.h>

enum { FLAG_CAPITALS = 1, FLAG_TITLE = 2, FLAG_STRETCHED = 4, FLAG_HASHTAG = 8, SENTIMENT_FLAGS = 4 };
enum { MAX_EMOTICON = 8, MAX_KEY = 40, KEY_BYTES = 4 * MAX_KEY };

typedef struct {
    uint32_t points[MAX_EMOTICON];
    uint32_t length;
    int anywhere; /* all of it is punctuation: found inside of runs, too */
} Emoticon;

typedef struct {
    uint8_t *classes; /* of code points below `size`: see `class_of` in tokens.py */
    uint32_t *lower;
    uint32_t size;
    Emoticon *emoticons; /* by their first character, which is ASCII, the longest first */
    uint32_t first[129]; /* where those of a character begin */
} Characters;

/* `key` is UTF-8; positions are code points. */
typedef struct {
    uint32_t start, end, flags, key_size;
    char key[KEY_BYTES];
} SentimentWord;

/* The words of `points[start:end]`, in order: `found(context, word)` for each. Where that returns something other than 0, it
   ends there and returns the same. */
int sentiment_words(const Characters *characters, const uint32_t *points, uint32_t start, uint32_t end,
                    int (*found)(void *, const SentimentWord *), void *context);

/* Code points of valid UTF-8; `points` has room for `size` of them. Returns how many there are. */
uint32_t utf8_decode(const char *utf8, size_t size, uint32_t *points);

void characters_free(Characters *characters);

#endif
