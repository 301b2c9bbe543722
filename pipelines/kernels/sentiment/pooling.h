/* The sentiment networks over everything that waits in a workspace.

     words -> rows -> convolutions (network/chunk.h) -> pooled features of a sentence -> hidden layer -> logits

What is pooled is summed word by word in the order of the text, so an answer does not depend, to the last bit, on the
texts that are scored with it. */
#ifndef SPANWISE_POOLING_H
#define SPANWISE_POOLING_H

#include "sentiment/sentiment_workspace.h"

/* Score all pending sentences, or targets, and forget them and all words. */
void score_pending_sentences(SentimentWorkspace *work);
void score_pending_targets(SentimentWorkspace *work);

#endif
