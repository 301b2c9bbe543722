/* Texts cut into runs at white space, as spaCy's tokenizer cuts them (`spacy/tokenizer.pyx`, `_tokenize_affixes`).

A run is a stretch of white space or of anything else. A single space after a word belongs to the word's token: it is
part of no run, and the word's run has the mode MODE_SPACE_FOLLOWS. */
#ifndef SPANWISE_RUNS_H
#define SPANWISE_RUNS_H

#include <stddef.h>
#include <stdint.h>

#include "spans/lexicon.h"

/* How a run is tokenized; 0: neither. */
enum {
    MODE_SPACE_FOLLOWS = 1,
    MODE_WHOLE_TEXT = 2, /* it is a whole text: exceptions may reach over white space */
    MODE_LEXEME = 4,     /* it is a token, not a run: in the lexicon of descriptions */
};

typedef struct {
    Record *record; /* NULL: the lexicon does not hold it */
    Key key;
    uint32_t text, start; /* the run begins at code point `start` of a text */
    uint32_t question;    /* where `record` is NULL: which of the batch's questions has its tokens */
} Run;

typedef struct {
    Run *items; /* [count] */
    size_t count, capacity;
} Runs;

/* Append the runs of a text, utf8: [size] bytes of valid UTF-8. */
CHECKED Status runs_of(Runs *runs, uint32_t text, const char *utf8, size_t size);

#endif
