/* Texts cut into runs at white space, as spaCy's `Tokenizer` cuts them (`tokenizer.pyx`); see runs.h. */
#include "spans/runs.h"

#include <stdlib.h>

/* Bytes of the character at `at`, and whether Python's `str.isspace` holds for it (Unicode 16.0: White_Space and the bidirectional
   types B, S and WS). `at` is valid UTF-8: it comes from a Python string. */
static inline size_t character(const unsigned char *at, int *space)
{
    const unsigned char c = *at;
    if (c < 0x80) {
        *space = c == ' ' || (c >= 0x09 && c <= 0x0d) || (c >= 0x1c && c <= 0x1f);
        return 1;
    }
    if (c < 0xe0) {
        *space = c == 0xc2 && (at[1] == 0x85 || at[1] == 0xa0);
        return 2;
    }
    if (c < 0xf0) {
        *space = (c == 0xe1 && at[1] == 0x9a && at[2] == 0x80) || /* U+1680 */
                 (c == 0xe2 && at[1] == 0x80 &&
                  ((at[2] >= 0x80 && at[2] <= 0x8a) || at[2] == 0xa8 || at[2] == 0xa9 ||
                   at[2] == 0xaf)) ||                             /* U+2000-200A, ... */
                 (c == 0xe2 && at[1] == 0x81 && at[2] == 0x9f) || /* U+205F */
                 (c == 0xe3 && at[1] == 0x80 && at[2] == 0x80);   /* U+3000 */
        return 3;
    }
    *space = 0;
    return 4;
}

static int add(Runs *runs, Run run)
{
    if (runs->count == runs->capacity) {
        const size_t capacity = runs->capacity ? 2 * runs->capacity : 256;
        Run *items = realloc(runs->items, capacity * sizeof(*items));
        if (!items) return -1;
        runs->items = items;
        runs->capacity = capacity;
    }
    runs->items[runs->count++] = run;
    return 0;
}

int runs_of(Runs *runs, uint32_t text, const char *utf8, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)utf8;
    size_t start = 0; /* of the current run, in bytes; `first` in code points */
    uint32_t first = 0, position = 0;
    int inside_space = 0, space;
    if (size) character(bytes, &inside_space);
    for (size_t at = 0; at < size; position++) {
        const size_t width = character(bytes + at, &space);
        if (space != inside_space) {
            const uint32_t mode = bytes[at] == ' ' ? MODE_SPACE_FOLLOWS : 0;
            if (start < at && add(runs, (Run){NULL, 0, start, at - start, text, first, mode})) return -1;
            start = mode ? at + 1 : at;
            first = mode ? position + 1 : position;
            inside_space = space;
        }
        at += width;
    }
    return start < size ? add(runs, (Run){NULL, 0, start, size - start, text, first, 0}) : 0;
}
