/* Parse texts: vectors of tokens in, trees out. Without Python, and so without the GIL. */
#ifndef SPANWISE_PARSE_H
#define SPANWISE_PARSE_H

#include "parser/parser_model.h"
#include "parser/tree.h"
#include "status.h"

/* A text: what is known of its tokens, and where its trees go. */
typedef struct {
    const float *vectors; /* [tree.length][width], dense */
    const int8_t *starts; /* [tree.length]: 1 begins a sentence, -1 begins none, 0 unknown; NULL: all unknown */
    Tree tree;
} ParserText;

/* Parse texts [count], several side by side. The answer for a text does not depend on the texts beside it. */
CHECKED Status parse_texts(ParserModel *model, ParserText *texts, size_t count);

#endif
