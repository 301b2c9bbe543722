/* Cut texts into words by the rules and tables of `pipelines/sentiment/tokens.py`; see sentiment_words.h. */
#include "sentiment/sentiment_words.h"

#include <stdlib.h>
#include <string.h>

static inline int class_of(const Characters *characters, uint32_t point)
{
    if (point < characters->size) return characters->classes[point] & CHARACTER_CLASS_BITS;
    return point < TAGS_START ? CHARACTER_WORD : CHARACTER_IGNORED;
}

/* Return what a code point is read as; 0 for one that is left out of words. */
static inline uint32_t folded(const Characters *characters, uint32_t point)
{
    if (point < characters->size) return characters->read_as[point];
    return point < TAGS_START ? point : 0;
}

static inline int has(const Characters *characters, uint32_t point, int bit)
{
    return point < characters->size && characters->classes[point] & bit;
}

static inline int is_star(uint32_t plain) { return plain == FULL_STAR || plain == EMPTY_STAR; }

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
    uint32_t count = word->end - word->start, upper = 0, lower = 0, kept = 0;
    int digits = 0, stretched = 0;
    if (count > MAX_KEY) count = MAX_KEY;
    const uint32_t *letters = points + word->start;
    uint32_t key[MAX_KEY];
    for (uint32_t i = 0; i < count; i++) {
        const uint32_t small = folded(characters, letters[i]);
        if (has(characters, letters[i], CHARACTER_UPPER))
            upper++;
        else if (has(characters, letters[i], CHARACTER_CASED))
            lower++;
        if (!small) continue;
        digits = small >= '0' && small <= '9' && (digits || !kept);
        if (!digits && kept > 1 && key[kept - 1] == small && key[kept - 2] == small)
            stretched = 1;
        else
            key[kept++] = small;
    }
    if (!kept) key[kept++] = letters[0];
    if (upper && has(characters, letters[0], CHARACTER_UPPER))
        word->flags |= upper > 1 && !lower ? WORD_IS_CAPITALS : WORD_IS_TITLE;
    if (digits) {
        if (kept <= 2)
            set_key(word, key, kept);
        else
            name_key(word, "000");
        return;
    }
    if (kept >= LONG_WORD && !(word->flags & (WORD_IS_CAPITALS | WORD_IS_TITLE)) &&
        has(characters, letters[0], CHARACTER_CASED))
        word->flags |= WORD_IS_SMALL;
    if (stretched) word->flags |= WORD_IS_STRETCHED;
    if (kept > 2 && key[kept - 2] == '\'' && key[kept - 1] == 's') kept -= 2;
    set_key(word, key, kept);
}

/* Read a symbol, or stars in a row, before the run's `end`: `_symbol` in tokens.py. */
static void read_symbol(const Characters *characters, const uint32_t *points, uint32_t end, SentimentWord *word)
{
    uint32_t key[MAX_STARS], kept = 0;
    key[kept++] = folded(characters, points[word->start]);
    if (is_star(key[0]))
        for (uint32_t at = word->end; at < end; at++) {
            const uint32_t plain = folded(characters, points[at]);
            if (is_star(plain)) {
                word->end = at + 1;
                if (kept < MAX_STARS) key[kept++] = plain;
            } else if (class_of(characters, points[at]) != CHARACTER_IGNORED) {
                break;
            }
        }
    set_key(word, key, kept);
}

static inline int is_letter(uint32_t point) { return (point | 32) >= 'a' && (point | 32) <= 'z'; }

/* Return the length of markup at the beginning of points [count], 0 where there is none: `_markup` in tokens.py. */
static uint32_t markup_at(const uint32_t *points, uint32_t count)
{
    uint32_t at = 1;
    if (points[0] == '%') {
        if (count < 3) return 0;
        const uint32_t last = points[2] | 32;
        return (points[1] == '2' && points[2] == '0') || (points[1] == '0' && (last == 'a' || last == 'd')) ? 3 : 0;
    }
    if (points[0] == 0x1b && count > 1 && points[1] == '[') {
        at = 2;
        while (at < count && ((points[at] >= '0' && points[at] <= '9') || points[at] == ';')) at++;
        return at < count ? at + 1 : count;
    }
    if (points[0] == '<') {
        if (at < count && points[at] == '/') at++;
        const uint32_t first = at;
        while (at < count && is_letter(points[at])) at++;
        if (at == first) return 0;
        if (at < count && points[at] == '/') at++;
        return at < count && points[at] == '>' ? at + 1 : 0;
    }
    return 0;
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
    const uint32_t mark = folded(characters, points[at]), key[2] = {mark, mark};
    set_key(word, key, repeated ? 2 : 1);
}

/* Return whether a word goes on at a place of its run: by a letter, by what is ignored, or by an apostrophe before a
   letter. */
static int goes_on(const Characters *characters, const uint32_t *points, uint32_t at, uint32_t end)
{
    const int kind = class_of(characters, points[at]);
    if (kind == CHARACTER_WORD || kind == CHARACTER_IGNORED) return 1;
    return folded(characters, points[at]) == '\'' && at + 1 < end &&
           class_of(characters, points[at + 1]) == CHARACTER_WORD;
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
        const uint32_t markup = kind == CHARACTER_PUNCTUATION ? markup_at(points + at, end - at) : 0;
        if (markup) {
            at += markup;
            flags = 0;
            continue;
        }
        if (waits) status = found(context, &word);
        word.start = at;
        word.end = at + 1;
        word.flags = 0;
        waits = 1;
        if (kind == CHARACTER_WORD) {
            word.flags = flags;
            while (word.end < end && goes_on(characters, points, word.end, end)) word.end++;
            read_word(characters, points, &word);
        } else if (kind == CHARACTER_SYMBOL) {
            read_symbol(characters, points, end, &word);
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
    free(characters->read_as);
    free(characters->emoticons);
    memset(characters, 0, sizeof(*characters));
}
