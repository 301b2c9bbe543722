/* Runs split by affixes; see tokenizer.h. `TokenizerRules._split` and `_middle` in tokenizer_rules.py are the
reference, and have the same names. */
#include "tokenizer/tokenizer.h"

#include <stdlib.h>

#include "grow.h"

enum { FIRST_POINTS = 256 };

/* ---- lifetime ---- */

Status tokenizer_prepare(Tokenizer *tokenizer)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        if (!tokenizer->has_pattern[rule]) continue;
        tokenizer->patterns[rule].classes = tokenizer->classes;
        const Status status = pattern_prepare(&tokenizer->patterns[rule]);
        if (status != OK) return status;
    }
    const StringTable *exceptions = &tokenizer->exceptions;
    for (uint32_t e = 0; e < exceptions->count; e++) {
        const size_t size = exceptions->starts[e + 1] - exceptions->starts[e];
        if (size > tokenizer->longest_exception) tokenizer->longest_exception = size;
    }
    const Status status = string_table_prepare(&tokenizer->exceptions);
    return status == OK ? string_table_prepare(&tokenizer->words) : status;
}

void tokenizer_free(Tokenizer *tokenizer)
{
    for (int rule = 0; rule < RULE_COUNT; rule++) pattern_free(&tokenizer->patterns[rule]);
    free(tokenizer->classes);
    free(tokenizer->ranges);
    string_table_free(&tokenizer->exceptions);
    free(tokenizer->exception_starts);
    free(tokenizer->exception_tokens);
    string_table_free(&tokenizer->words);
    free(tokenizer->phrases);
    free(tokenizer->phrase_starts);
    free(tokenizer->phrases_of);
}

void tokenizer_scratch_free(TokenizerScratch *scratch)
{
    free(scratch->points);
    free(scratch->offsets);
    free(scratch->ways.ways);
    free(scratch->suffixes.items);
    free(scratch->joined.items);
    free(scratch->found);
}

Status pieces_add(Pieces *pieces, Piece piece)
{
    const Status status = grow(&pieces->items, pieces->count, &pieces->capacity, sizeof(*pieces->items));
    if (status != OK) return status;
    pieces->items[pieces->count++] = piece;
    return OK;
}

/* ---- the run ---- */

/* Decode a run to the scratch memory, and return its code points. */
static Status read_run(TokenizerScratch *scratch, const char *utf8, size_t size, uint32_t *length)
{
    if (size + 1 > scratch->capacity) {
        const size_t capacity = size + 1 > FIRST_POINTS ? 2 * size : FIRST_POINTS;
        free(scratch->points);
        free(scratch->offsets);
        scratch->capacity = 0;
        scratch->points = malloc(capacity * sizeof(*scratch->points));
        scratch->offsets = malloc(capacity * sizeof(*scratch->offsets));
        if (!scratch->points || !scratch->offsets) return NO_MEMORY;
        scratch->capacity = capacity;
    }
    uint32_t count = 0;
    for (size_t i = 0; i < size; count++) {
        const unsigned char *c = (const unsigned char *)utf8 + i;
        scratch->offsets[count] = (uint32_t)i;
        if (c[0] < 0x80) {
            scratch->points[count] = c[0];
            i += 1;
        } else if (c[0] < 0xe0) {
            scratch->points[count] = (c[0] & 0x1fu) << 6 | (c[1] & 0x3fu);
            i += 2;
        } else if (c[0] < 0xf0) {
            scratch->points[count] = (c[0] & 0x0fu) << 12 | (c[1] & 0x3fu) << 6 | (c[2] & 0x3fu);
            i += 3;
        } else {
            scratch->points[count] = (c[0] & 0x07u) << 18 | (c[1] & 0x3fu) << 12 | (c[2] & 0x3fu) << 6 | (c[3] & 0x3fu);
            i += 4;
        }
    }
    scratch->offsets[count] = (uint32_t)size;
    scratch->letters_end = 0;
    scratch->ways.count = scratch->suffixes.count = 0;
    *length = count;
    return OK;
}

/* What is split: a tokenizer, its scratch memory, the run, and where the tokens go. */
typedef struct {
    const Tokenizer *tokenizer;
    TokenizerScratch *scratch;
    const char *utf8;
    Pieces *pieces;
} Split;

static Piece piece_of(const Split *split, uint32_t start, uint32_t end, uint32_t norm)
{
    const uint32_t at = split->scratch->offsets[start], size = split->scratch->offsets[end] - at;
    const uint32_t word = string_table_find(&split->tokenizer->words, split->utf8 + at, size);
    return (Piece){start, end - start, at, size, norm, word == NOT_FOUND ? 0 : word + 1, 0, 0};
}

static Status add_token(Split *split, uint32_t start, uint32_t end)
{
    return pieces_add(split->pieces, piece_of(split, start, end, 0));
}

/* Return the number of the exception that code points [start, end) are, or NOT_FOUND. */
static uint32_t exception_of(const Split *split, uint32_t start, uint32_t end)
{
    const uint32_t at = split->scratch->offsets[start], size = split->scratch->offsets[end] - at;
    if (!size || size > split->tokenizer->longest_exception) return NOT_FOUND;
    return string_table_find(&split->tokenizer->exceptions, split->utf8 + at, size);
}

static int is_letter(uint32_t point) { return (point | 0x20) >= 'a' && (point | 0x20) <= 'z'; }

/* Return whether code points [start, end) can hold no affix, as most words cannot. `start` never goes back within a
   run, so that no letter is counted twice. */
static int is_whole(const Split *split, uint32_t start, uint32_t end)
{
    TokenizerScratch *scratch = split->scratch;
    if (!split->tokenizer->letters_are_whole || start == end) return 0;
    if (start >= scratch->letters_end) scratch->letters_end = start;
    while (scratch->letters_end < end && is_letter(scratch->points[scratch->letters_end])) scratch->letters_end++;
    return scratch->letters_end >= end;
}

static Status matches(const Split *split, Rule rule, View view, int *found)
{
    Match match;
    *found = 0;
    if (!split->tokenizer->has_pattern[rule]) return OK;
    const Status status =
        pattern_match(&split->tokenizer->patterns[rule], &split->scratch->ways, view, view.start, &match);
    *found = match.end != NO_MATCH;
    return status;
}

/* ---- affixes ---- */

static Status prefix_length(const Split *split, View view, uint32_t *length)
{
    Match match;
    *length = 0;
    if (!split->tokenizer->has_pattern[RULE_PREFIX]) return OK;
    const Status status =
        pattern_match(&split->tokenizer->patterns[RULE_PREFIX], &split->scratch->ways, view, view.start, &match);
    if (match.end != NO_MATCH) *length = match.end - match.start;
    return status;
}

static Status suffix_length(const Split *split, View view, uint32_t *length)
{
    Match match;
    *length = 0;
    if (!split->tokenizer->has_pattern[RULE_SUFFIX]) return OK;
    const Status status =
        pattern_search_end(&split->tokenizer->patterns[RULE_SUFFIX], &split->scratch->ways, view, &match);
    if (match.end != NO_MATCH) *length = match.end - match.start;
    return status;
}

/* Cut what is left between the affixes at infixes. */
static Status split_infixes(Split *split, View view)
{
    uint32_t start = view.start, from = view.start;
    int is_after_empty = 0;
    while (split->tokenizer->has_pattern[RULE_INFIX]) {
        Match match;
        Status status = pattern_search(&split->tokenizer->patterns[RULE_INFIX], &split->scratch->ways, view, from,
                                       is_after_empty, &match);
        if (status != OK) return status;
        if (match.end == NO_MATCH) break;
        from = match.end;
        is_after_empty = match.start == match.end;
        if (match.start == view.start) continue;
        if (match.start != start) status = add_token(split, start, match.start);
        if (status == OK && !is_after_empty) status = add_token(split, match.start, match.end);
        if (status != OK) return status;
        start = match.end;
    }
    return start < view.end ? add_token(split, start, view.end) : OK;
}

/* Add the tokens of what is left between the affixes. */
static Status middle(Split *split, View view)
{
    if (view.start == view.end) return OK;
    const Tokenizer *tokenizer = split->tokenizer;
    const uint32_t exception = exception_of(split, view.start, view.end);
    if (exception != NOT_FOUND) {
        uint32_t start = view.start;
        for (uint32_t t = tokenizer->exception_starts[exception]; t < tokenizer->exception_starts[exception + 1]; t++) {
            const ExceptionToken token = tokenizer->exception_tokens[t];
            const Status status = pieces_add(split->pieces, piece_of(split, start, start + token.length, token.norm));
            if (status != OK) return status;
            start += token.length;
        }
        return OK;
    }
    int is_token = 0;
    Status status = matches(split, RULE_TOKEN, view, &is_token);
    if (status == OK && !is_token) status = matches(split, RULE_URL, view, &is_token);
    if (status != OK) return status;
    if (is_token || is_whole(split, view.start, view.end)) return add_token(split, view.start, view.end);
    return split_infixes(split, view);
}

/* Take one affix off either end, if there are any. Sets `*done` where an exception is left. */
static Status take_affixes(Split *split, View *view, int *done)
{
    const uint32_t size = view->end - view->start;
    uint32_t prefix, suffix;
    Status status = prefix_length(split, *view, &prefix);
    if (status != OK) return status;
    const uint32_t start = view->start + prefix;
    if (prefix && exception_of(split, start, view->end) != NOT_FOUND) {
        status = add_token(split, view->start, start);
        view->start = start;
        *done = 1;
        return status;
    }
    status = suffix_length(split, (View){view->points, start, view->end}, &suffix);
    if (status != OK) return status;
    const uint32_t end = view->end - suffix;
    if (suffix && exception_of(split, view->start, end) != NOT_FOUND) {
        status = pieces_add(&split->scratch->suffixes, piece_of(split, end, view->end, 0));
        view->end = end;
        *done = 1;
        return status;
    }
    if (prefix + suffix > size) suffix = 0;
    if (prefix) status = add_token(split, view->start, start);
    if (status == OK && suffix)
        status = pieces_add(&split->scratch->suffixes, piece_of(split, view->end - suffix, view->end, 0));
    view->start = start;
    view->end -= suffix;
    return status;
}

Status tokenizer_split(const Tokenizer *tokenizer, TokenizerScratch *scratch, const char *utf8, size_t size,
                       Pieces *pieces)
{
    Split split = {tokenizer, scratch, utf8, pieces};
    uint32_t length, before = NO_MATCH;
    Status status = read_run(scratch, utf8, size, &length);
    View view = {scratch->points, 0, length};
    for (int done = 0; status == OK && !done && view.start < view.end && view.end - view.start != before;) {
        status = matches(&split, RULE_TOKEN, view, &done);
        if (status != OK || done || exception_of(&split, view.start, view.end) != NOT_FOUND ||
            is_whole(&split, view.start, view.end))
            break;
        before = view.end - view.start;
        status = take_affixes(&split, &view, &done);
    }
    if (status == OK) status = middle(&split, view);
    for (size_t s = scratch->suffixes.count; s > 0 && status == OK; s--)
        status = pieces_add(pieces, scratch->suffixes.items[s - 1]);
    return status;
}
