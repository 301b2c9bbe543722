/* A text cut into words as the sentiment model reads it: `pipelines/sentiment/tokens.py` in C, rule by rule.

The class of a character (a letter, a sign, white space) and its lower case come from Python's own tables, so that the
two agree whatever version of Unicode that Python has. */
#ifndef SPANWISE_SENTIMENT_WORDS_H
#define SPANWISE_SENTIMENT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Flags of a word: all of its letters are capitals (two or more); the first is; something was repeated; `#` came
   before. */
enum { WORD_IS_CAPITALS = 1, WORD_IS_TITLE = 2, WORD_IS_STRETCHED = 4, WORD_IS_HASHTAG = 8, SENTIMENT_FLAGS = 4 };

/* Classes of code points, as in tokens.py. The last two are bits of an entry of the table: which hold the class, and
   which says that the character has two cases. */
enum {
    CHARACTER_SPACE,
    CHARACTER_WORD,
    CHARACTER_SYMBOL,
    CHARACTER_PUNCTUATION,
    CHARACTER_IGNORED,
    CHARACTER_CLASS_BITS = 7,
    CHARACTER_CASED = 8,
};

enum {
    TAGS_START = 0xE0000, /* code points above the table are of words below this one, and ignored from it on */
    MAX_EMOTICON = 8,     /* code points */
    MAX_KEY = 40,         /* code points of a word that are looked at */
    KEY_BYTES = 4 * MAX_KEY,
};

typedef struct {
    uint32_t points[MAX_EMOTICON];
    uint32_t length;
    int anywhere; /* all of it is punctuation: it is found inside of runs, too */
} Emoticon;

typedef struct {
    uint8_t *classes;    /* [size]: the class and whether there are two cases, by code point */
    uint32_t *lower;     /* [size]: the lower case, by code point */
    uint32_t size;       /* code points that have an entry */
    Emoticon *emoticons; /* by their first character, which is ASCII, the longest first */
    uint32_t first[129]; /* where the emoticons of a first character begin */
} Characters;

/* A word: code points [start, end) of the text, and the key that it is looked up by. */
typedef struct {
    uint32_t start, end, flags, key_size;
    char key[KEY_BYTES]; /* [key_size] bytes of UTF-8 */
} SentimentWord;

/* What `sentiment_words` calls for every word. Any status but OK ends it. */
typedef Status (*FoundWord)(void *context, const SentimentWord *word);

/* Cut code points [start, end) of a text into words, in order. Returns OK, or what `found` has returned. */
CHECKED Status sentiment_words(const Characters *characters, const uint32_t *points, uint32_t start, uint32_t end,
                               FoundWord found, void *context);

/* Decode [size] bytes of valid UTF-8; `points` has room for `size` code points. Returns their number. */
uint32_t utf8_decode(const char *utf8, size_t size, uint32_t *points);

void characters_free(Characters *characters);

#endif
