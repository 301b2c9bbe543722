/* Cut texts into words by the rules and tables of `pipelines/sentiment/tokens.py`; see sentiment_words.h. */
#include "sentiment/sentiment_words.h"

#include <stdlib.h>
#include <string.h>

static inline int class_of(const Characters *characters, uint32_t point)
{
    if (point < characters->size) return characters->classes[point] & CHARACTER_CLASS_BITS;
    return point < TAGS_START ? CHARACTER_WORD : CHARACTER_IGNORED;
}

static inline uint32_t lower_of(const Characters *characters, uint32_t point)
{
    return point < characters->size ? characters->lower[point] : point;
}

static inline int is_apostrophe(uint32_t point) { return point == '\'' || point == 0x2019; }

/* Encode a code point as UTF-8. Returns the number of bytes. */
static size_t encode(uint32_t point, char *to)
{
    if (point < 0x80) {
        to[0] = (char)point;
        return 1;
    }
    if (point < 0x800) {
        to[0] = (char)(0xc0 | point >> 6);
        to[1] = (char)(0x80 | (point & 0x3f));
        return 2;
    }
    if (point < 0x10000) {
        to[0] = (char)(0xe0 | point >> 12);
        to[1] = (char)(0x80 | (point >> 6 & 0x3f));
        to[2] = (char)(0x80 | (point & 0x3f));
        return 3;
    }
    to[0] = (char)(0xf0 | point >> 18);
    to[1] = (char)(0x80 | (point >> 12 & 0x3f));
    to[2] = (char)(0x80 | (point >> 6 & 0x3f));
    to[3] = (char)(0x80 | (point & 0x3f));
    return 4;
}

uint32_t utf8_decode(const char *utf8, size_t size, uint32_t *points)
{
    const unsigned char *at = (const unsigned char *)utf8, *end = at + size;
    uint32_t count = 0;
    while (at < end) {
        const uint32_t c = *at;
        if (c < 0x80) {
            points[count++] = c;
            at += 1;
        } else if (c < 0xe0) {
            points[count++] = (c & 0x1f) << 6 | (at[1] & 0x3f);
            at += 2;
        } else if (c < 0xf0) {
            points[count++] = (c & 0x0f) << 12 | (at[1] & 0x3fu) << 6 | (at[2] & 0x3f);
            at += 3;
        } else {
            points[count++] = (c & 0x07) << 18 | (at[1] & 0x3fu) << 12 | (at[2] & 0x3fu) << 6 | (at[3] & 0x3f);
            at += 4;
        }
    }
    return count;
}

/* Make the key of a word of code points [count]. */
static void set_key(SentimentWord *word, const uint32_t *points, uint32_t count)
{
    word->key_size = 0;
    for (uint32_t i = 0; i < count; i++) word->key_size += (uint32_t)encode(points[i], word->key + word->key_size);
}

/* Give a word a key that stands for all of its kind. */
static void name_key(SentimentWord *word, const char *key)
{
    word->key_size = (uint32_t)strlen(key);
    memcpy(word->key, key, word->key_size);
}

/* Return the length of the longest emoticon at the beginning of points [count], or 0. `anywhere`: of those that are
   found inside of runs; otherwise it must be all `count` code points. */
static uint32_t emoticon_at(const Characters *characters, const uint32_t *points, uint32_t count, int anywhere)
{
    if (points[0] >= 128) return 0;
    for (uint32_t e = characters->first[points[0]]; e < characters->first[points[0] + 1]; e++) {
        const Emoticon *emoticon = &characters->emoticons[e];
        if (anywhere ? !emoticon->anywhere || emoticon->length > count : emoticon->length != count) continue;
        if (!memcmp(emoticon->points, points, emoticon->length * sizeof(*points))) return emoticon->length;
    }
    return 0;
}

/* Return whether points [count] begin with an ASCII prefix, whatever their case. */
static int starts_with(const uint32_t *points, uint32_t count, const char *prefix)
{
    for (uint32_t i = 0; prefix[i]; i++) {
        if (i == count || points[i] >= 128) return 0;
        const uint32_t small = points[i] >= 'A' && points[i] <= 'Z' ? points[i] + 32 : points[i];
        if (small != (unsigned char)prefix[i]) return 0;
    }
    return 1;
}

/* Read the key and the flags of a word: `_word` in tokens.py. */
static void read_word(const Characters *characters, const uint32_t *points, SentimentWord *word)
{
    uint32_t count = word->end - word->start, upper = 0, lower = 0, digits = 0, kept = 0;
    if (count > MAX_KEY) count = MAX_KEY;
    const uint32_t *letters = points + word->start;
    uint32_t key[MAX_KEY];
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t letter = letters[i], small = lower_of(characters, letter);
        if (small != letter)
            upper++;
        else if (letter < characters->size && characters->classes[letter] & CHARACTER_CASED)
            lower++;
        digits += letter >= '0' && letter <= '9';
        const uint32_t plain = is_apostrophe(letter) ? '\'' : small;
        if (kept > 1 && key[kept - 1] == plain && key[kept - 2] == plain) continue;
        key[kept++] = plain;
    }
    if (upper && lower_of(characters, letters[0]) != letters[0])
        word->flags |= upper > 1 && !lower ? WORD_IS_CAPITALS : WORD_IS_TITLE;
    if (digits == count) {
        if (count <= 2)
            set_key(word, letters, count);
        else
            name_key(word, "000");
        return;
    }
    if (kept < count) word->flags |= WORD_IS_STRETCHED;
    if (kept > 2 && key[kept - 2] == '\'' && key[kept - 1] == 's') kept -= 2;
    set_key(word, key, kept);
}

/* Read an emoticon, a mark, or a mark that is repeated, before the run's `end`: `_punctuation` in tokens.py. */
static void read_punctuation(const Characters *characters, const uint32_t *points, uint32_t end, SentimentWord *word)
{
    const uint32_t at = word->start, emoticon = emoticon_at(characters, points + at, end - at, 1);
    if (emoticon) {
        word->end = at + emoticon;
        set_key(word, points + at, emoticon);
        return;
    }
    while (word->end < end && points[word->end] == points[at]) word->end++;
    const int repeated = word->end - at > 1;
    if (repeated) word->flags = WORD_IS_STRETCHED;
    set_key(word, points + at, repeated ? 2 : 1);
}

/* Cut a run into words: `_tokens_of_run` in tokens.py. A word is handed over when the next one begins, since ignored
   characters make it longer. */
static Status read_run(const Characters *characters, const uint32_t *points, uint32_t start, uint32_t end,
                       FoundWord found, void *context)
{
    SentimentWord word;
    word.start = start;
    word.end = end;
    word.flags = 0;
    const uint32_t whole = end - start <= MAX_EMOTICON ? emoticon_at(characters, points + start, end - start, 0) : 0;
    if (whole) {
        set_key(&word, points + start, whole);
        return found(context, &word);
    }
    if (starts_with(points + start, end - start, "http://") || starts_with(points + start, end - start, "https://") ||
        starts_with(points + start, end - start, "www.")) {
        name_key(&word, "http");
        return found(context, &word);
    }
    int waits = 0; /* `word` was found and may still become longer */
    Status status = OK;
    uint32_t flags = 0;
    for (uint32_t at = start; at < end && status == OK;) {
        const int kind = class_of(characters, points[at]);
        const int following = at + 1 < end ? class_of(characters, points[at + 1]) : CHARACTER_SPACE;
        if (kind == CHARACTER_IGNORED) {
            if (waits) word.end = at + 1;
            at++;
            flags = 0;
            continue;
        }
        if (kind == CHARACTER_PUNCTUATION && points[at] == '#' && following == CHARACTER_WORD) {
            flags = WORD_IS_HASHTAG;
            at++;
            continue;
        }
        if (waits) status = found(context, &word);
        word.start = at;
        word.end = at + 1;
        word.flags = 0;
        waits = 1;
        if (kind == CHARACTER_WORD) {
            word.flags = flags;
            while (word.end < end && (class_of(characters, points[word.end]) == CHARACTER_WORD ||
                                      (is_apostrophe(points[word.end]) && word.end + 1 < end &&
                                       class_of(characters, points[word.end + 1]) == CHARACTER_WORD)))
                word.end++;
            read_word(characters, points, &word);
        } else if (kind == CHARACTER_SYMBOL) {
            set_key(&word, points + at, 1);
        } else if (points[at] == '@' && (following == CHARACTER_WORD || (at + 1 < end && points[at + 1] == '_'))) {
            while (word.end < end &&
                   (class_of(characters, points[word.end]) == CHARACTER_WORD || points[word.end] == '_'))
                word.end++;
            name_key(&word, "@user");
        } else {
            read_punctuation(characters, points, end, &word);
        }
        at = word.end;
        flags = 0;
    }
    return waits && status == OK ? found(context, &word) : status;
}

Status sentiment_words(const Characters *characters, const uint32_t *points, uint32_t start, uint32_t end,
                       FoundWord found, void *context)
{
    for (uint32_t at = start; at < end;) {
        if (class_of(characters, points[at]) == CHARACTER_SPACE) {
            at++;
            continue;
        }
        uint32_t last = at + 1;
        while (last < end && class_of(characters, points[last]) != CHARACTER_SPACE) last++;
        const Status status = read_run(characters, points, at, last, found, context);
        if (status != OK) return status;
        at = last;
    }
    return OK;
}

void characters_free(Characters *characters)
{
    free(characters->classes);
    free(characters->lower);
    free(characters->emoticons);
    memset(characters, 0, sizeof(*characters));
}
