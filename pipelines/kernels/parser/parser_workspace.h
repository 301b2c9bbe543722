/* Scratch memory of one call: the lanes in which texts are parsed side by side.

A call owns a workspace from `parser_workspace_take` to `parser_workspace_give_back`. In between it lies on the model's
stack for the next call of any thread. */
#ifndef SPANWISE_PARSER_WORKSPACE_H
#define SPANWISE_PARSER_WORKSPACE_H

#include "parser/parse_state.h"
#include "parser/parser_model.h"
#include "parser/tree.h"
#include "parser/window.h"
#include "status.h"

enum { LANES = 8 };

/* A text that is being parsed. */
typedef struct {
    ParseState state;
    Window window;
    size_t text;
    uint32_t valid; /* the moves that its state allows */
} Lane;

typedef struct ParserWorkspace {
    struct ParserWorkspace *next;
    Lane lanes[LANES];
    BlockScratch block;
    TreeScratch tree;
    float *hidden; /* [LANES][padded(hidden)] */
    float *scores; /* [LANES][padded(actions)]; NULL without an upper layer */
} ParserWorkspace;

/* Take an idle workspace, or make one. */
CHECKED Status parser_workspace_take(ParserModel *model, ParserWorkspace **work);
/* Lay the workspace on the stack; free what has grown large. */
void parser_workspace_give_back(ParserModel *model, ParserWorkspace *work);
void parser_workspace_free(ParserWorkspace *work);

#endif
