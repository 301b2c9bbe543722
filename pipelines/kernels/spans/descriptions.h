/* A second lexicon: Python's descriptions of runs, without embeddings.

A description takes a fifth of the room of a record with embeddings, and to embed it again takes a fifth of the time
that describing it would take. So a run that the lexicon of embeddings has dropped seldom needs Python, and its GIL,
again. */
#ifndef SPANWISE_DESCRIPTIONS_H
#define SPANWISE_DESCRIPTIONS_H

#include "spans/batch.h"
#include "status.h"

/* Find the kept descriptions of the batch's questions. */
CHECKED Status descriptions_recall(Batch *batch);

/* Keep the answer to the questions that were not recalled. */
CHECKED Status descriptions_keep(const Batch *batch, const Description *answer);

/* Put answered and recalled descriptions together, in the order of the questions. Afterwards, and after a failure too,
   `all` is freed by `descriptions_free`. */
CHECKED Status descriptions_merge(const Batch *batch, const Description *answer, Description *all);
void descriptions_free(Description *all);

#endif
