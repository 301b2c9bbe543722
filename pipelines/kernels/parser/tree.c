/* Trees of a text; see tree.h. */
#include "parser/tree.h"

#include <stdlib.h>
#include <string.h>

enum { MOST_PASSES = 12 }; /* of spaCy, over edges, before it gives up on trees that cross */

/* ---- edges and sentences ---- */

/* Widen the edges of a token's head to the token's own. */
static void widen(Tree *tree, uint32_t token)
{
    const int32_t head = tree->heads[token];
    if (tree->left_edges[token] < tree->left_edges[head]) tree->left_edges[head] = tree->left_edges[token];
    if (tree->right_edges[token] > tree->right_edges[head]) tree->right_edges[head] = tree->right_edges[token];
}

/* Mark the left edges of roots as the starts of sentences. */
static void mark_starts(Tree *tree)
{
    memset(tree->starts, 0, tree->length);
    for (uint32_t i = 0; i < tree->length; i++)
        if (tree->heads[i] == (int32_t)i) tree->starts[tree->left_edges[i]] = 1;
}

/* Tell whether all heads lie within the sentences of their tokens. As in spaCy, the last token is not looked at. */
static int heads_are_within(const Tree *tree)
{
    int32_t start = 0;
    for (uint32_t i = 0; i < tree->length; i++) {
        if (!((i && tree->starts[i]) || i + 1 == tree->length)) continue;
        const int32_t end = (int32_t)i;
        for (int32_t j = start; j < end; j++)
            if (tree->heads[j] < start || tree->heads[j] > end) return 0;
        start = end;
    }
    return 1;
}

/* Set edges and sentences from the heads. Trees that cross need more than one pass. */
static void set_edges(Tree *tree)
{
    for (uint32_t i = 0; i < tree->length; i++) tree->left_edges[i] = tree->right_edges[i] = (int32_t)i;
    for (int pass = 0; pass < MOST_PASSES; pass++) {
        for (uint32_t i = 0; i < tree->length; i++) widen(tree, i);
        for (uint32_t i = tree->length; i-- > 0;) widen(tree, i);
        mark_starts(tree);
        if (heads_are_within(tree)) return;
    }
}

/* ---- decorated labels ---- */

static Status reserve(TreeScratch *scratch, uint32_t length)
{
    if (length <= scratch->capacity) return OK;
    tree_scratch_free(scratch);
    scratch->first_child = malloc(length * sizeof(*scratch->first_child));
    scratch->next_sibling = malloc(length * sizeof(*scratch->next_sibling));
    scratch->queue = malloc(length * sizeof(*scratch->queue));
    if (!scratch->first_child || !scratch->next_sibling || !scratch->queue) {
        tree_scratch_free(scratch);
        return NO_MEMORY;
    }
    scratch->capacity = length;
    return OK;
}

void tree_scratch_free(TreeScratch *scratch)
{
    free(scratch->first_child);
    free(scratch->next_sibling);
    free(scratch->queue);
    memset(scratch, 0, sizeof(*scratch));
}

static void list_children(const Tree *tree, TreeScratch *scratch)
{
    for (uint32_t i = 0; i < tree->length; i++) scratch->first_child[i] = NO_TOKEN;
    for (int32_t i = (int32_t)tree->length; i-- > 0;) {
        const int32_t head = tree->heads[i];
        if (head == i) continue;
        scratch->next_sibling[i] = scratch->first_child[head];
        scratch->first_child[head] = i;
    }
}

/* Move a token to another head, and keep the lists of children in order. */
static void move_child(Tree *tree, TreeScratch *scratch, int32_t child, int32_t head)
{
    int32_t *at = &scratch->first_child[tree->heads[child]];
    while (*at != child) at = &scratch->next_sibling[*at];
    *at = scratch->next_sibling[child];
    at = &scratch->first_child[head];
    while (*at != NO_TOKEN && *at < child) at = &scratch->next_sibling[*at];
    scratch->next_sibling[child] = *at;
    *at = child;
    tree->heads[child] = head;
}

/* Search for the head of a token with a decorated label, breadth first from the head it has: the first token below that
   has the label `wanted`, else the head it has. The token itself and what is below it are left out, and so is white
   space. A child outside of its head's edges, which are those before any token was moved, is not seen, as in spaCy. */
static int32_t find_head(const Tree *tree, const TreeScratch *scratch, int32_t token, int32_t wanted)
{
    uint32_t count = 0;
    scratch->queue[count++] = tree->heads[token];
    for (uint32_t at = 0; at < count; at++) {
        const int32_t head = scratch->queue[at];
        for (int32_t child = scratch->first_child[head]; child != NO_TOKEN; child = scratch->next_sibling[child]) {
            if (child < tree->left_edges[head] || child > tree->right_edges[head]) continue;
            if (tree->spaces[child] || child == token) continue;
            if (tree->labels[child] == wanted) return child;
            scratch->queue[count++] = child;
        }
    }
    return tree->heads[token];
}

static int has_decorated(const Tree *tree, const ParserModel *model)
{
    for (uint32_t i = 0; i < tree->length; i++)
        if (model->decorations[tree->labels[i]].plain != NO_LABEL) return 1;
    return 0;
}

/* Move tokens with decorated labels to their heads, one after the other, and make the labels plain. */
static void move_decorated(Tree *tree, const ParserModel *model, TreeScratch *scratch)
{
    list_children(tree, scratch);
    for (int32_t i = 0; i < (int32_t)tree->length; i++) {
        const Decoration decoration = model->decorations[tree->labels[i]];
        if (decoration.plain == NO_LABEL) continue;
        const int32_t head = find_head(tree, scratch, i, decoration.head);
        if (head != tree->heads[i]) move_child(tree, scratch, i, head);
        tree->labels[i] = decoration.plain;
    }
}

Status tree_finish(Tree *tree, const ParserModel *model, TreeScratch *scratch)
{
    for (uint32_t i = 0; i < tree->length; i++) {
        if (tree->heads[i] != NO_TOKEN) continue;
        tree->heads[i] = (int32_t)i;
        tree->labels[i] = model->root;
    }
    set_edges(tree);
    if (!has_decorated(tree, model)) return OK;
    const Status status = reserve(scratch, tree->length);
    if (status != OK) return status;
    move_decorated(tree, model, scratch);
    set_edges(tree);
    return OK;
}
