/* The weights of spaCy's greedy dependency parser (`spacy.TransitionBasedParser` with `state_type = "parser"`).

A parse is a sequence of actions. A state looks at 8 or 13 tokens (its places), each of which adds to a hidden layer; the
hidden layer, mostly through a further layer, scores all actions; the best valid one is taken. What a token adds at a
place does not depend on the state, so it is computed once for each token and place (window.h).

The source is spaCy's own: `ml/models/parser.py` (layers), `ml/parser_model.pyx` (how a state is scored),
`pipeline/_parser_internals/arc_eager.pyx` (actions) and `nonproj.pyx` (decorated labels). */
#ifndef SPANWISE_PARSER_MODEL_H
#define SPANWISE_PARSER_MODEL_H

#include <pthread.h>
#include <stdint.h>

#include "matrix/matrix.h"
#include "status.h"

enum { MAX_PLACES = 13, NO_LABEL = -1, NO_TOKEN = -1 };

/* What an action does. */
typedef enum { SHIFT, REDUCE, LEFT_ARC, RIGHT_ARC, BREAK, MOVES } ParserMove;

/* The label of an arc that was lifted to make a tree projective ("X||Y"): `plain` is X, and the arc belongs to a token
   that has the label `head`, Y. Both NO_LABEL where a label is not decorated. */
typedef struct {
    int32_t plain, head;
} Decoration;

/* Neighbouring actions [first, last) with the same move. */
typedef struct {
    int32_t move, first, last;
} ActionRun;

struct ParserWorkspace;

/* The hidden layer of a state is [pieces][padded(hidden)] floats before its maximum: H below. */
typedef struct {
    size_t width;  /* values of a token's vector */
    Matrix linear; /* a token's vector to `inputs` values */
    size_t inputs;
    Matrix lower[MAX_PLACES];      /* [inputs] to H, one map for each place; without bias */
    float *missing;                /* [places][H]: stands for a place that is empty */
    float *bias;                   /* [H] */
    size_t places, pieces, hidden; /* `places`: 8 or 13; `hidden`: without padding */
    int has_upper;                 /* 0: the hidden layer holds the scores, and `hidden` equals `actions` */
    Matrix upper;                  /* [hidden] to the scores of all actions */
    int32_t actions;               /* how many */
    int32_t *move, *label;         /* [actions]: a `ParserMove`; an index of `decorations`, of arcs alone */
    ActionRun *runs;               /* [run_count], in order: all actions */
    size_t run_count;
    uint32_t moves;               /* the moves that there are: bits of `1 << move` */
    Decoration *decorations;      /* [labels] */
    int32_t labels, root;         /* how many; the label of a token without a head */
    pthread_mutex_t idle_mutex;   /* of `idle` */
    struct ParserWorkspace *idle; /* a stack of workspaces that no call uses */
    int has_mutex;
} ParserModel;

static inline size_t parser_hidden_row(const ParserModel *model) { return model->pieces * padded(model->hidden); }

/* Make a model whose weights and actions are read ready for parsing. */
CHECKED Status parser_model_prepare(ParserModel *model);
/* Free everything of a model, of one that could not be prepared or read to its end too. */
void parser_model_free(ParserModel *model);

#endif
