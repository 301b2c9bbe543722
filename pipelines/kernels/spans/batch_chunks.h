/* What the steps of `batch_compute` share: words, and networks that run over the texts of a batch. */
#ifndef SPANWISE_BATCH_CHUNKS_H
#define SPANWISE_BATCH_CHUNKS_H

#include "spans/batch.h"
#include "status.h"

/* Return a word of a text. */
const Word *word_of(const Batch *batch, uint32_t text, uint32_t token);

/* Run a network over all texts that want it, a chunk at a time: `finish` computes a full chunk. */
CHECKED Status run_chunks(Batch *batch, const Network *network, int wanted, Status (*finish)(Batch *));

/* Compute the scores of all classifiers for the texts that want categories; batch_categories.c. */
CHECKED Status find_categories(Batch *batch);
/* Label the spans of the texts that want spans, by all span categorizers; batch_spans.c. */
CHECKED Status find_spans(Batch *batch);
/* Choose the classes of all tokens of the texts that want tokens, and list their kinds; batch_tokens.c. */
CHECKED Status find_tokens(Batch *batch);
/* Find the matches of all rulers in the texts that want them; batch_matches.c. */
CHECKED Status find_matches(Batch *batch);
/* Write the codes of forms [first, first + count), which rulers look at, to their rows; batch_matches.c. */
void fill_codes(const Batch *batch, size_t first, size_t count);
/* Return an attribute of a form: that of its lexeme, but for what its exception and the space behind it change. */
uint64_t attribute_of(const Batch *batch, const Form *form, size_t column);

#endif
