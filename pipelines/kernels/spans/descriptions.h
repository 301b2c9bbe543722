/* A second lexicon: Python's descriptions of lexemes, without embeddings.

A description takes a fifth of the room of a record with embeddings, and to embed it again takes a fifth of the time
that describing it would take. So a token that has come before seldom needs Python, and its GIL, again. */
#ifndef SPANWISE_DESCRIPTIONS_H
#define SPANWISE_DESCRIPTIONS_H

#include "spans/batch.h"
#include "status.h"

/* Fill in a lexeme of the batch from its kept description. Returns 0 where there is none. */
int description_recall(Batch *batch, size_t lexeme);

/* Keep the descriptions of `count` asked lexemes from number `first` of them on. */
CHECKED Status descriptions_keep(const Batch *batch, size_t first, size_t count);

#endif
