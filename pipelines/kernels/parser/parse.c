/* Texts parsed in lanes; see parse.h.

Each turn takes one action in every lane. The lanes' states are scored together, because a matrix product of several
rows reads the weights once. A state that allows one move alone needs no scores. */
#include "parser/parse.h"

#include "parser/parser_workspace.h"

enum { MOST_ROWS = MAX_PLACES + 1 };

/* ---- one lane ---- */

/* Begin the next text that has tokens. Returns 0 where there is none. */
static Status begin_text(Lane *lane, ParserText *texts, size_t count, size_t *next, int *has_begun)
{
    *has_begun = 0;
    while (*next < count && !texts[*next].tree.length) ++*next;
    if (*next == count) return OK;
    const ParserText *text = &texts[*next];
    const Status status = parse_state_begin(&lane->state, text->tree.length, text->starts);
    if (status != OK) return status;
    window_begin(&lane->window, text->vectors, text->tree.length);
    lane->text = (*next)++;
    *has_begun = 1;
    return OK;
}

/* Take actions until a state is final or has a choice between moves, which `lane->valid` then holds. */
static void take_forced(Lane *lane, const ParserModel *model)
{
    for (lane->valid = 0; !parse_state_is_final(&lane->state); lane->valid = 0) {
        lane->valid = parse_state_valid(&lane->state) & model->moves;
        switch (lane->valid) {
        case 0: parse_state_give_up(&lane->state); break;
        case 1u << SHIFT: parse_state_apply(&lane->state, SHIFT, NO_LABEL); break;
        case 1u << REDUCE: parse_state_apply(&lane->state, REDUCE, NO_LABEL); break;
        case 1u << BREAK: parse_state_apply(&lane->state, BREAK, NO_LABEL); break;
        default: return;
        }
    }
}

/* Compute the hidden layer of a lane's state. hidden: [padded(hidden)] */
static void compute_hidden(Lane *lane, const ParserModel *model, BlockScratch *block, float *hidden)
{
    const size_t wide = parser_hidden_row(model);
    const float *rows[MOST_ROWS];
    int32_t ids[MAX_PLACES];
    parse_state_places(&lane->state, ids, model->places);
    const int32_t last = ids[1] != NO_TOKEN ? ids[1] : ids[0]; /* the furthest: all others come before the buffer */
    if (last != NO_TOKEN) window_reach(&lane->window, model, block, (uint32_t)last);
    for (size_t place = 0; place < model->places; place++)
        rows[place] = ids[place] == NO_TOKEN ? model->missing + place * wide
                                             : window_row(&lane->window, model, block, (uint32_t)ids[place], place);
    rows[model->places] = model->bias;
    model->linear.instructions->add_rows(rows, model->places + 1, model->pieces, padded(model->hidden), hidden);
}

/* Return the best action among the valid moves: of equal ones the first, as in spaCy. */
static int32_t best_action(const ParserModel *model, const float *scores, uint32_t valid)
{
    int32_t best = -1;
    float most = 0;
    for (const ActionRun *run = model->runs; run < model->runs + model->run_count; run++) {
        if (!(valid >> run->move & 1)) continue;
        if (best < 0) {
            best = run->first;
            most = scores[best];
        }
        for (int32_t action = run->first; action < run->last; action++)
            if (scores[action] > most) {
                most = scores[action];
                best = action;
            }
    }
    return best;
}

/* ---- all lanes ---- */

/* Score the states of `active` [count] lanes, and take the best action of each. */
static void take_best(ParserWorkspace *work, const ParserModel *model, Lane *const *active, size_t count)
{
    const size_t width = padded(model->hidden);
    const float *in[LANES], *scores[LANES];
    float *out[LANES];
    for (size_t i = 0; i < count; i++) {
        float *hidden = work->hidden + i * width;
        compute_hidden(active[i], model, &work->block, hidden);
        in[i] = scores[i] = hidden;
    }
    if (model->has_upper) {
        for (size_t i = 0; i < count; i++) scores[i] = out[i] = work->scores + i * model->upper.outputs;
        matrix_apply(&model->upper, in, out, count);
    }
    for (size_t i = 0; i < count; i++) {
        const int32_t action = best_action(model, scores[i], active[i]->valid);
        parse_state_apply(&active[i]->state, (ParserMove)model->move[action], model->label[action]);
    }
}

/* Write the arcs of a final state, and finish the trees. */
static Status finish_text(ParserWorkspace *work, const ParserModel *model, const Lane *lane, Tree *tree)
{
    for (uint32_t i = 0; i < tree->length; i++) {
        tree->heads[i] = lane->state.tokens[i].head;
        tree->labels[i] = lane->state.tokens[i].label;
    }
    return tree_finish(tree, model, &work->tree);
}

/* Bring a lane to its next choice, through as many texts as that takes. Sets whether there is one. */
static Status advance(ParserWorkspace *work, const ParserModel *model, Lane *lane, ParserText *texts, size_t count,
                      size_t *next, int *is_active)
{
    for (;;) {
        if (*is_active) {
            take_forced(lane, model);
            if (!parse_state_is_final(&lane->state)) return OK;
            const Status status = finish_text(work, model, lane, &texts[lane->text].tree);
            if (status != OK) return status;
        }
        const Status status = begin_text(lane, texts, count, next, is_active);
        if (status != OK || !*is_active) return status;
    }
}

static Status parse_in(ParserWorkspace *work, const ParserModel *model, ParserText *texts, size_t count)
{
    int is_active[LANES] = {0};
    Lane *active[LANES];
    for (size_t next = 0;;) {
        size_t active_count = 0;
        for (size_t i = 0; i < LANES; i++) {
            if (!is_active[i] && next == count) continue;
            const Status status = advance(work, model, &work->lanes[i], texts, count, &next, &is_active[i]);
            if (status != OK) return status;
            if (is_active[i]) active[active_count++] = &work->lanes[i];
        }
        if (!active_count) return OK;
        take_best(work, model, active, active_count);
    }
}

Status parse_texts(ParserModel *model, ParserText *texts, size_t count)
{
    ParserWorkspace *work = NULL;
    Status status = parser_workspace_take(model, &work);
    if (status != OK) return status;
    status = parse_in(work, model, texts, count);
    parser_workspace_give_back(model, work);
    return status;
}
