/* Matches as bytes; see match_results.h. */
#include "python/match_results.h"

#include <string.h>

enum { COLUMNS = 6 };

PyObject *matches_of(const Batch *batch, size_t text, size_t *match)
{
    const Workspace *work = batch->work;
    const size_t first = *match;
    while (*match < work->matches.count && work->matches.matches[*match].text == text) ++*match;
    if (batch->texts[text].has_too_many) Py_RETURN_NONE;
    PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)((*match - first) * COLUMNS * sizeof(uint32_t)));
    char *to = bytes ? PyBytes_AsString(bytes) : NULL;
    if (!to) return bytes;
    const Word *words = work->words + batch->texts[text].first_word;
    for (size_t m = first; m < *match; m++, to += COLUMNS * sizeof(uint32_t)) {
        const RulerMatch *one = &work->matches.matches[m];
        const uint32_t row[COLUMNS] = {
            one->ruler, one->match, one->first, one->last, words[one->first].start, words[one->last - 1].end};
        memcpy(to, row, sizeof(row));
    }
    return bytes;
}
