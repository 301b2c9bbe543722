/* A text cut into words as the sentiment model reads it: `pipelines/sentiment/tokens.py` in C, rule by rule.

The class of a character (a letter, a sign, white space) and what it is read as come from Python's own tables, so that
the two agree whatever version of Unicode that Python has. */
#ifndef SPANWISE_SENTIMENT_WORDS_H
#define SPANWISE_SENTIMENT_WORDS_H

#include <stddef.h>
#include <stdint.h>

#include "status.h"

/* Flags of a word: all of its letters are capitals (two or more); the first is; something was repeated; `#` came
   before. The first SENTIMENT_FLAGS have a row in the model, the others have none: a long word begins small; the word
   was a title in a sentence of titles. */
enum {
    WORD_IS_CAPITALS = 1,
    WORD_IS_TITLE = 2,
    WORD_IS_STRETCHED = 4,
    WORD_IS_HASHTAG = 8,
    SENTIMENT_FLAGS = 4,
    WORD_IS_SMALL = 16,
    WORD_WAS_TITLE = 32,
};

/* Classes of code points, as in characters.py. The last three are bits of an entry of the table: which hold the class,
   which says that the character has two cases, and which that it is a capital. */
enum {
    CHARACTER_SPACE,
    CHARACTER_WORD,
    CHARACTER_SYMBOL,
    CHARACTER_PUNCTUATION,
    CHARACTER_IGNORED,
    CHARACTER_CLASS_BITS = 7,
    CHARACTER_CASED = 8,
    CHARACTER_UPPER = 16,
};

enum {
    TAGS_START = 0xE0000, /* code points above the table are of words below this one, and ignored from it on */
    MAX_EMOTICON = 8,     /* code points */
    MAX_KEY = 40,         /* code points of a word that are looked at */
    KEY_BYTES = 4 * MAX_KEY,
    MAX_STARS = 10, /* of a rating that are looked at */
    FULL_STAR = 0x2605,
    EMPTY_STAR = 0x2606,
    LONG_WORD = 4, /* letters */
    TITLE_CASE =
        4, /* words with a capital in a sentence in title case, at least; and so many for each long one without */
};

typedef struct {
    uint32_t points[MAX_EMOTICON];
    uint32_t length;
    int anywhere; /* all of it is punctuation: it is found inside of runs, too */
} Emoticon;

typedef struct {
    uint8_t *classes;    /* [size]: the class and the bits of letters, by code point */
    uint32_t *read_as;   /* [size]: what a code point is read as, 0 for nothing, by code point */
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
