/* Cut texts into runs at white space; see runs.h. */
#include "spans/runs.h"

#include "grow.h"

/* Return the number of bytes of the character at `at`, and set `*space` to whether Python's `str.isspace` holds for it
   (Unicode 16.0: White_Space and the bidirectional types B, S and WS). `at` is valid UTF-8: it is of a Python string.
   */
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

static Status add_run(Runs *runs, Run run)
{
    const Status status = grow(&runs->items, runs->count, &runs->capacity, sizeof(*runs->items));
    if (status != OK) return status;
    runs->items[runs->count++] = run;
    return OK;
}

Status runs_of(Runs *runs, uint32_t text, const char *utf8, size_t size)
{
    const unsigned char *bytes = (const unsigned char *)utf8;
    size_t start = 0;                 /* where the current run begins, in bytes */
    uint32_t first = 0, position = 0; /* the same, and where the loop stands, in code points */
    int in_space = 0, space;
    Status status = OK;
    if (size) character(bytes, &in_space);
    for (size_t at = 0; at < size; position++) {
        const size_t width = character(bytes + at, &space);
        if (space != in_space) {
            const uint32_t mode = bytes[at] == ' ' ? MODE_SPACE_FOLLOWS : 0;
            if (start < at) status = add_run(runs, (Run){NULL, key_of(utf8 + start, at - start, mode), text, first, 0});
            if (status != OK) return status;
            start = mode ? at + 1 : at;
            first = mode ? position + 1 : position;
            in_space = space;
        }
        at += width;
    }
    if (start < size) status = add_run(runs, (Run){NULL, key_of(utf8 + start, size - start, 0), text, first, 0});
    return status;
}
