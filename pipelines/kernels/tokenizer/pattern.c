/* Programs run and alternatives chosen; see pattern.h. The semantics are those of CPython's `Modules/_sre/sre_lib.h`. */
#include "tokenizer/pattern.h"

#include <stdlib.h>

#include "grow.h"

/* ---- programs ---- */

static Status push(Ways *ways, Way way)
{
    const Status status = grow(&ways->ways, ways->count, &ways->capacity, sizeof(*ways->ways));
    if (status != OK) return status;
    ways->ways[ways->count++] = way;
    return OK;
}

/* Go back to the last way above `bottom`. Returns 0 where none is left. */
static int go_back(Ways *ways, size_t bottom, int32_t *code, uint32_t *at)
{
    if (ways->count == bottom) return 0;
    Way *way = &ways->ways[ways->count - 1];
    *code = way->code;
    *at = way->at;
    if (way->repeats) {
        way->at--;
        way->repeats--;
    } else {
        ways->count--;
    }
    return 1;
}

static int is_at(View view, uint32_t at, int32_t place)
{
    if (place == AT_START) return at == view.start;
    return at == view.end || (place == AT_END && at + 1 == view.end && view.points[at] == '\n');
}

static uint32_t repeat(const CharacterClass *class, View view, uint32_t at, int32_t most)
{
    uint32_t last = view.end;
    if (most != PATTERN_UNBOUNDED && (uint32_t)most < view.end - at) last = at + (uint32_t)most;
    while (at < last && class_has(class, view.points[at])) at++;
    return at;
}

/* Run the program at `code` from position `at` on. Sets `*end` to where it has matched, or to NO_MATCH. It may not match
   up to position `forbidden`, which may be NO_MATCH. */
CHECKED static Status run(const Pattern *pattern, Ways *ways, View view, int32_t code, uint32_t at, uint32_t forbidden,
                          uint32_t *end)
{
    const size_t bottom = ways->count;
    Status status = OK;
    *end = NO_MATCH;
    for (;;) {
        const int32_t *op = pattern->code + code;
        int fits = 1;
        switch (*op) {
        case OP_MATCH:
            fits = at != forbidden;
            if (!fits) break;
            ways->count = bottom;
            *end = at;
            return OK;
        case OP_CHAR:
            fits = at < view.end && view.points[at] == (uint32_t)op[1];
            at++;
            code += 2;
            break;
        case OP_CLASS:
            fits = at < view.end && class_has(&pattern->classes[op[1]], view.points[at]);
            at++;
            code += 2;
            break;
        case OP_REPEAT: {
            const uint32_t first = at;
            at = repeat(&pattern->classes[op[1]], view, at, op[3]);
            fits = at - first >= (uint32_t)op[2];
            code += 4;
            if (fits && at - first > (uint32_t)op[2])
                status = push(ways, (Way){code, at - 1, at - 1 - first - (uint32_t)op[2]});
            break;
        }
        case OP_SPLIT:
            status = push(ways, (Way){op[1], at, 0});
            code += 2;
            break;
        case OP_JUMP: code = op[1]; break;
        case OP_LOOP:
            status = push(ways, (Way){code + 2, at, 0});
            code = op[1];
            break;
        case OP_AT:
            fits = is_at(view, at, op[1]);
            code += 2;
            break;
        case OP_AHEAD: {
            uint32_t found;
            status = run(pattern, ways, view, code + 3, at, NO_MATCH, &found);
            fits = (found != NO_MATCH) != op[1];
            code = op[2];
            break;
        }
        default: { /* OP_BEHIND */
            const uint32_t width = (uint32_t)op[2];
            uint32_t found = NO_MATCH;
            if (at - view.start >= width) status = run(pattern, ways, view, code + 4, at - width, NO_MATCH, &found);
            fits = (found != NO_MATCH) != op[1];
            code = op[3];
        }
        }
        if (status != OK) return status;
        if (!fits && !go_back(ways, bottom, &code, &at)) return OK;
    }
}

/* ---- alternatives ---- */

/* Return whether an alternative may begin with a code point; PATTERN_ASCII stands for all that are not ASCII. */
static int may_begin(const Pattern *pattern, const Alternative *alternative, uint32_t point)
{
    if (alternative->first == PATTERN_ANY) return 1;
    const CharacterClass *class = &pattern->classes[alternative->first];
    return point < PATTERN_ASCII ? class_has(class, point) : class->range_count > 0;
}

Status pattern_prepare(Pattern *pattern)
{
    uint32_t count = 0;
    for (int is_filling = 0; is_filling < 2; is_filling++) {
        count = 0;
        for (uint32_t point = 0; point <= PATTERN_ASCII; point++) {
            pattern->starts[point] = count;
            for (uint32_t a = 0; a < pattern->alternative_count; a++) {
                if (!may_begin(pattern, &pattern->alternatives[a], point)) continue;
                if (is_filling) pattern->by_first[count] = a;
                count++;
            }
        }
        pattern->starts[PATTERN_ASCII + 1] = count;
        if (is_filling) break;
        pattern->by_first = malloc((count + 1) * sizeof(*pattern->by_first));
        if (!pattern->by_first) return NO_MEMORY;
    }
    for (uint32_t a = 0; a < pattern->alternative_count; a++) {
        const int32_t most = pattern->alternatives[a].most;
        if (most == PATTERN_UNBOUNDED)
            pattern->has_unbounded = 1;
        else if ((uint32_t)most > pattern->widest)
            pattern->widest = (uint32_t)most;
    }
    return OK;
}

void pattern_free(Pattern *pattern)
{
    free(pattern->code);
    free(pattern->alternatives);
    free(pattern->by_first);
}

/* Try the alternatives at a position, of which all code points up to `end_of_match` must be consumed, up to a line feed
   at the end; NO_MATCH: any number. None may match up to `forbidden`. */
static Status try_at(const Pattern *pattern, Ways *ways, View view, uint32_t at, uint32_t end_of_match,
                     uint32_t forbidden, Match *match)
{
    const uint32_t point = at < view.end ? view.points[at] : 0;
    const uint32_t list = point < PATTERN_ASCII ? point : PATTERN_ASCII;
    match->end = NO_MATCH;
    for (uint32_t i = pattern->starts[list]; i < pattern->starts[list + 1]; i++) {
        const Alternative *alternative = &pattern->alternatives[pattern->by_first[i]];
        if (end_of_match != NO_MATCH) {
            const uint32_t width = end_of_match - at;
            if (width < (uint32_t)alternative->least) continue;
            if (alternative->most != PATTERN_UNBOUNDED && width > (uint32_t)alternative->most + 1) continue;
        }
        if (list == PATTERN_ASCII && alternative->first != PATTERN_ANY &&
            !class_has(&pattern->classes[alternative->first], point))
            continue;
        const Status status = run(pattern, ways, view, alternative->code, at, forbidden, &match->end);
        match->start = at;
        if (status != OK || match->end != NO_MATCH) return status;
    }
    return OK;
}

Status pattern_match(const Pattern *pattern, Ways *ways, View view, uint32_t at, Match *match)
{
    return try_at(pattern, ways, view, at, NO_MATCH, NO_MATCH, match);
}

Status pattern_search(const Pattern *pattern, Ways *ways, View view, uint32_t from, int is_after_empty, Match *match)
{
    match->end = NO_MATCH;
    for (uint32_t at = from; at <= view.end; at++) {
        const uint32_t forbidden = is_after_empty && at == from ? at : NO_MATCH;
        const Status status = try_at(pattern, ways, view, at, NO_MATCH, forbidden, match);
        if (status != OK || match->end != NO_MATCH) return status;
    }
    return OK;
}

/* Return the first position from which an alternative without a bound may match up to the end of the text. */
static uint32_t start_of_run(const Pattern *pattern, const Alternative *alternative, View view)
{
    const CharacterClass *class = &pattern->classes[alternative->first];
    uint32_t at = view.end;
    if (at > view.start && view.points[at - 1] == '\n') at--; /* an end may stand before it */
    while (at > view.start && class_has(class, view.points[at - 1])) at--;
    return at;
}

Status pattern_search_end(const Pattern *pattern, Ways *ways, View view, Match *match)
{
    const uint32_t size = view.end - view.start, widest = pattern->widest + 1;
    uint32_t at = size > widest ? view.end - widest : view.start;
    for (uint32_t a = 0; pattern->has_unbounded && a < pattern->alternative_count; a++)
        if (pattern->alternatives[a].most == PATTERN_UNBOUNDED) {
            const uint32_t start = start_of_run(pattern, &pattern->alternatives[a], view);
            if (start < at) at = start;
        }
    match->end = NO_MATCH;
    for (; at < view.end; at++) {
        const Status status = try_at(pattern, ways, view, at, view.end, NO_MATCH, match);
        if (status != OK || match->end != NO_MATCH) return status;
    }
    return OK;
}
