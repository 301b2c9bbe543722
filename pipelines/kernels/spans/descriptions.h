/* What Python has described of runs is kept, without embeddings: a description takes a fifth of the room, and to embed it again a
fifth of the time that describing it would take. So a run that the lexicon has dropped seldom needs the GIL again. */
#ifndef SPANWISE_DESCRIBED_H
#define SPANWISE_DESCRIBED_H

#include "spans/batch.h"

/* Floats that a description's record holds per token: its attributes, then its projected static vector. */
size_t described_row(const Engine *engine);

/* Find the descriptions of the batch's requests. Returns 0 or -1 (memory). */
int described_recall(Batch *batch);

/* Keep what was told now. Returns 0 or -1 (memory). */
int described_keep(const Batch *batch, const Description *told);

/* What was told and what was recalled, in the order of the requests; freed by `described_free`. Returns 0 or -1 (memory). */
int described_merge(const Batch *batch, const Description *told, Description *all);
void described_free(Description *all);

#endif
