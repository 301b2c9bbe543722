/* From the arcs of a parse to a text's trees: roots, decorated labels, edges of subtrees, sentences.

The sources are spaCy's `set_annotations` in `pipeline/_parser_internals/arc_eager.pyx`, `deprojectivize` in `nonproj.pyx`
beside it, and `set_children_from_heads` in `tokens/doc.pyx`. */
#ifndef SPANWISE_TREE_H
#define SPANWISE_TREE_H

#include <stddef.h>
#include <stdint.h>

#include "parser/parser_model.h"
#include "status.h"

/* The trees of a text of `length` tokens. All arrays belong to the caller. */
typedef struct {
    uint32_t length;
    const uint8_t *spaces; /* [length]: not 0 for white space, which is nobody's head in a decorated label */
    int32_t *heads;        /* [length]: a root is its own head; NO_TOKEN before `tree_finish`, where none was found */
    int32_t *labels;       /* [length] */
    int32_t *left_edges;   /* [length]: the first token of the subtree */
    int32_t *right_edges;  /* [length]: its last token */
    uint8_t *starts;       /* [length]: 1 where a sentence begins */
} Tree;

/* Scratch memory of `tree_finish`; begins as zeros. */
typedef struct {
    int32_t *first_child; /* [capacity], as are all: children of a token are a list, in the order of the text */
    int32_t *next_sibling;
    int32_t *queue;
    uint32_t capacity;
} TreeScratch;

/* Turn arcs (`heads`, `labels`) into trees. */
CHECKED Status tree_finish(Tree *tree, const ParserModel *model, TreeScratch *scratch);
void tree_scratch_free(TreeScratch *scratch);

#endif
