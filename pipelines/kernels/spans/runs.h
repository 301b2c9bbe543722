/* Texts cut into runs, as spaCy's tokenizer cuts them (`spacy/tokenizer.pyx`, `_tokenize_affixes`): a run is a stretch of white
space or of anything else; a single space after a word belongs to the word's token and is none of its own. */
#ifndef SPANWISE_RUNS_H
#define SPANWISE_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "spans/lexicon.h"

enum { MODE_SPACE_FOLLOWS = 1, MODE_WHOLE_TEXT = 2 };

typedef struct {
    Record *record; /* NULL: not known yet */
    uint64_t hash;
    size_t offset, size;  /* bytes of UTF-8 */
    uint32_t text, start; /* `start` in code points */
    uint32_t mode;
} Run;

typedef struct {
    Run *items;
    size_t count, capacity;
} Runs;

/* Append the runs of a text. Returns 0 or -1 (memory). */
int runs_of(Runs *runs, uint32_t text, const char *utf8, size_t size);

#endif
