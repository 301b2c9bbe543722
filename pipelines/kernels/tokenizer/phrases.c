/* Exceptions that affixes have torn apart, such as `:)`, joined again; see tokenizer.h. `_find_phrases`,
`_without_overlaps` and `_join_phrases` in tokenizer_rules.py are the reference. */
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "tokenizer/tokenizer.h"

static int is_phrase(const Tokenizer *tokenizer, uint32_t phrase, const Piece *pieces, size_t count)
{
    const uint32_t *words = tokenizer->phrases + tokenizer->phrase_starts[phrase];
    const uint32_t length = tokenizer->phrase_starts[phrase + 1] - tokenizer->phrase_starts[phrase];
    if (length > count) return 0;
    for (uint32_t w = 0; w < length; w++)
        if (words[w] != pieces[w].number) return 0;
    return 1;
}

static Status find_phrases(const Tokenizer *tokenizer, TokenizerScratch *scratch, const Piece *pieces, size_t count)
{
    scratch->found_count = 0;
    for (size_t p = 0; p < count; p++) {
        const uint32_t number = pieces[p].number;
        if (!number) continue;
        for (uint32_t phrase = tokenizer->phrases_of[number]; phrase < tokenizer->phrases_of[number + 1]; phrase++) {
            if (!is_phrase(tokenizer, phrase, pieces + p, count - p)) continue;
            const Status status =
                grow(&scratch->found, scratch->found_count, &scratch->found_capacity, sizeof(*scratch->found));
            if (status != OK) return status;
            const uint32_t length = tokenizer->phrase_starts[phrase + 1] - tokenizer->phrase_starts[phrase];
            scratch->found[scratch->found_count++] = (PhraseSpan){(uint32_t)p, (uint32_t)p + length};
        }
    }
    return OK;
}

/* The longest first, and of equally long ones the first. */
static int by_length(const void *a, const void *b)
{
    const PhraseSpan *left = a, *right = b;
    const uint32_t left_length = left->last - left->first, right_length = right->last - right->first;
    if (left_length != right_length) return left_length > right_length ? -1 : 1;
    return left->first < right->first ? -1 : left->first > right->first;
}

static int by_place(const void *a, const void *b)
{
    const PhraseSpan *left = a, *right = b;
    return left->first < right->first ? -1 : left->first > right->first;
}

/* Keep the spans that do not overlap with a longer or earlier one, in order. As in spaCy, one that is left out blocks
   others too. */
static Status drop_overlaps(TokenizerScratch *scratch, size_t count)
{
    char *seen = calloc(count + 1, 1);
    if (!seen) return NO_MEMORY;
    size_t kept = 0;
    qsort(scratch->found, scratch->found_count, sizeof(*scratch->found), by_length);
    for (size_t f = 0; f < scratch->found_count; f++) {
        const PhraseSpan span = scratch->found[f];
        const int is_free = !seen[span.first] && !seen[span.last - 1];
        memset(seen + span.first, 1, span.last - span.first);
        if (is_free) scratch->found[kept++] = span;
    }
    scratch->found_count = kept;
    qsort(scratch->found, kept, sizeof(*scratch->found), by_place);
    free(seen);
    return OK;
}

/* Add the tokens of the exception that pieces [count] make, if they make one; else the pieces themselves. */
static Status add_joined(const Tokenizer *tokenizer, const char *utf8, const Piece *pieces, size_t count,
                         Pieces *joined)
{
    const Piece *last = &pieces[count - 1];
    const uint32_t size = last->at + last->size - pieces->at;
    const uint32_t exception = string_table_find(&tokenizer->exceptions, utf8 + pieces->at, size);
    Status status = OK;
    if (exception == NOT_FOUND) {
        for (size_t p = 0; p < count && status == OK; p++) status = pieces_add(joined, pieces[p]);
        return status;
    }
    const uint32_t end = tokenizer->exception_starts[exception + 1];
    uint32_t start = pieces->start, at = pieces->at;
    for (uint32_t t = tokenizer->exception_starts[exception]; t < end && status == OK; t++) {
        const ExceptionToken token = tokenizer->exception_tokens[t];
        uint32_t bytes = 0;
        for (uint32_t points = 0; points < token.length; points++) {
            bytes++;
            while (at + bytes < pieces->at + size && (utf8[at + bytes] & 0xc0) == 0x80) bytes++;
        }
        status = pieces_add(joined, (Piece){start, token.length, at, bytes, token.norm, 0, 0, 0});
        start += token.length;
        at += bytes;
    }
    if (status == OK) joined->items[joined->count - 1].space = last->space;
    return status;
}

Status tokenizer_join(const Tokenizer *tokenizer, TokenizerScratch *scratch, const char *utf8, size_t first,
                      Pieces *pieces)
{
    const size_t count = pieces->count - first;
    const Piece *items = pieces->items + first;
    if (count < 2) return OK;
    Status status = find_phrases(tokenizer, scratch, items, count);
    if (status != OK || !scratch->found_count) return status;
    status = drop_overlaps(scratch, count);
    if (status != OK) return status;
    Pieces *joined = &scratch->joined;
    size_t done = 0;
    joined->count = 0;
    for (size_t f = 0; f <= scratch->found_count && status == OK; f++) {
        const size_t end = f < scratch->found_count ? scratch->found[f].first : count;
        for (; done < end && status == OK; done++) status = pieces_add(joined, items[done]);
        if (status != OK || f == scratch->found_count) continue;
        status = add_joined(tokenizer, utf8, items + done, scratch->found[f].last - done, joined);
        done = scratch->found[f].last;
    }
    pieces->count = first;
    for (size_t p = 0; p < joined->count && status == OK; p++) status = pieces_add(pieces, joined->items[p]);
    return status;
}
