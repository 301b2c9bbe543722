/* Programs checked; see program_check.h. Every jump but that of a loop leads ahead, and a loop consumes something: so a
program ends. */
#include "python/program_check.h"

#include <stdlib.h>
#include <string.h>

#include "python/exceptions.h"

enum { MOST_CODE = 1 << 24, MOST_ASSERTIONS = 1 << 12 }; /* assertions may lie in one another, and take stack */

static const int SIZES[OP_COUNT] = {
    [OP_MATCH] = 1, [OP_CHAR] = 2, [OP_CLASS] = 2, [OP_REPEAT] = 4, [OP_SPLIT] = 2,
    [OP_JUMP] = 2,  [OP_LOOP] = 2, [OP_AT] = 2,    [OP_AHEAD] = 3,  [OP_BEHIND] = 4,
};

static int is_start(const Pattern *pattern, const char *starts, int32_t code)
{
    return code >= 0 && (size_t)code < pattern->code_size && starts[code];
}

/* Mark where instructions begin. Fails where the last one is no OP_MATCH. */
static Status mark_starts(const Pattern *pattern, char *starts)
{
    int32_t last = -1;
    for (size_t at = 0; at < pattern->code_size; at += (size_t)SIZES[last]) {
        last = pattern->code[at];
        if (last < 0 || last >= OP_COUNT || at + (size_t)SIZES[last] > pattern->code_size)
            return bad_value("a program has no instruction at %zu", at);
        starts[at] = 1;
    }
    return last == OP_MATCH ? OK : bad_value("a program must end in a match");
}

/* Where an instruction may go on, ahead: up to two places. Returns their number. */
static int next_of(const int32_t *op, int32_t at, int32_t next[2])
{
    const int32_t following = at + SIZES[*op];
    next[0] = following;
    switch (*op) {
    case OP_MATCH: return 0;
    case OP_SPLIT: next[1] = op[1]; return 2;
    case OP_JUMP: next[0] = op[1]; return 1;
    case OP_AHEAD: next[0] = op[2]; return 1;
    case OP_BEHIND: next[0] = op[3]; return 1;
    default: return 1;
    }
}

/* Fail where the loop at `end` can come back to where it begins without consuming anything. least: scratch,
   [code_size] */
static Status check_loop(const Pattern *pattern, int32_t end, int32_t *least)
{
    const int32_t begin = pattern->code[end + 1];
    for (int32_t at = begin; at <= end; at++) least[at] = INT32_MAX;
    least[begin] = 0;
    for (int32_t at = begin; at < end;) {
        const int32_t *op = pattern->code + at;
        const int consumes = *op == OP_CHAR || *op == OP_CLASS || (*op == OP_REPEAT && op[2] > 0);
        int32_t next[2];
        const int count = least[at] == INT32_MAX ? 0 : next_of(op, at, next);
        for (int n = 0; n < count; n++) {
            const int32_t width = consumes ? 1 : least[at];
            if (next[n] <= end && width < least[next[n]]) least[next[n]] = width;
        }
        at += SIZES[*op];
    }
    return least[end] > 0 ? OK : bad_value("a loop of a program consumes nothing");
}

static Status check_instruction(const Pattern *pattern, const char *starts, int32_t at, uint32_t class_count,
                                int32_t *least)
{
    const int32_t *op = pattern->code + at;
    int fits = 1;
    switch (*op) {
    case OP_CHAR: fits = op[1] >= 0 && op[1] <= 0x10ffff; break;
    case OP_CLASS: fits = op[1] >= 0 && (uint32_t)op[1] < class_count; break;
    case OP_REPEAT:
        fits =
            op[1] >= 0 && (uint32_t)op[1] < class_count && op[2] >= 0 && (op[3] == PATTERN_UNBOUNDED || op[3] >= op[2]);
        break;
    case OP_SPLIT:
    case OP_JUMP: fits = op[1] > at && is_start(pattern, starts, op[1]); break;
    case OP_LOOP:
        fits = op[1] < at && is_start(pattern, starts, op[1]);
        if (fits) return check_loop(pattern, at, least);
        break;
    case OP_AT: fits = op[1] >= 0 && op[1] < AT_COUNT; break;
    case OP_AHEAD: fits = (op[1] == 0 || op[1] == 1) && op[2] > at && is_start(pattern, starts, op[2]); break;
    case OP_BEHIND:
        fits = (op[1] == 0 || op[1] == 1) && op[2] >= 0 && op[3] > at && is_start(pattern, starts, op[3]);
        break;
    default: break;
    }
    return fits ? OK : bad_value("the instruction at %d of a program does not fit", (int)at);
}

static Status check_alternatives(const Pattern *pattern, const char *starts, uint32_t class_count, int is_suffix)
{
    for (uint32_t a = 0; a < pattern->alternative_count; a++) {
        const Alternative *alternative = &pattern->alternatives[a];
        const int has_first = alternative->first >= 0 && (uint32_t)alternative->first < class_count;
        const int is_unbounded = alternative->most == PATTERN_UNBOUNDED;
        if (!is_start(pattern, starts, alternative->code) || (!has_first && alternative->first != PATTERN_ANY) ||
            alternative->least < 0 || (!is_unbounded && alternative->most < alternative->least) ||
            (is_suffix && is_unbounded && !has_first))
            return bad_value("alternative %u of a pattern does not fit", a);
    }
    return OK;
}

Status check_program(const Pattern *pattern, uint32_t class_count, int is_suffix)
{
    if (pattern->code_size > MOST_CODE) return bad_value("a program must have at most %d numbers", MOST_CODE);
    char *starts = calloc(pattern->code_size + 1, 1);
    int32_t *least = malloc((pattern->code_size + 1) * sizeof(*least));
    Status status = starts && least ? mark_starts(pattern, starts) : NO_MEMORY;
    int assertions = 0;
    for (size_t at = 0; at < pattern->code_size && status == OK; at += (size_t)SIZES[pattern->code[at]]) {
        assertions += pattern->code[at] == OP_AHEAD || pattern->code[at] == OP_BEHIND;
        status = check_instruction(pattern, starts, (int32_t)at, class_count, least);
    }
    if (status == OK && assertions > MOST_ASSERTIONS)
        status = bad_value("a program must have at most %d assertions", MOST_ASSERTIONS);
    if (status == OK) status = check_alternatives(pattern, starts, class_count, is_suffix);
    free(starts);
    free(least);
    return status;
}
