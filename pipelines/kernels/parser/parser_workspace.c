/* Workspaces made, lent and freed; see parser_workspace.h. */
#include "parser/parser_workspace.h"

#include <stdlib.h>

enum { LARGEST_IDLE = 1 << 14 }; /* tokens of a lane that is kept for the next call */

void parser_workspace_free(ParserWorkspace *work)
{
    for (Lane *lane = work->lanes; lane < work->lanes + LANES; lane++) {
        parse_state_free(&lane->state);
        window_free(&lane->window);
    }
    block_scratch_free(&work->block);
    tree_scratch_free(&work->tree);
    free(work->hidden);
    free(work->scores);
    free(work);
}

/* Allocate what the model needs; freed by the caller where that fails. */
static Status workspace_init(ParserWorkspace *work, const ParserModel *model)
{
    for (Lane *lane = work->lanes; lane < work->lanes + LANES; lane++) {
        const Status status = window_init(&lane->window, model);
        if (status != OK) return status;
    }
    const Status status = block_scratch_init(&work->block, model);
    if (status != OK) return status;
    work->hidden = calloc(LANES * padded(model->hidden), sizeof(float));
    if (!work->hidden) return NO_MEMORY;
    if (!model->has_upper) return OK;
    work->scores = calloc(LANES * model->upper.outputs, sizeof(float));
    return work->scores ? OK : NO_MEMORY;
}

Status parser_workspace_take(ParserModel *model, ParserWorkspace **work)
{
    pthread_mutex_lock(&model->idle_mutex);
    ParserWorkspace *idle = model->idle;
    if (idle) model->idle = idle->next;
    pthread_mutex_unlock(&model->idle_mutex);
    *work = idle;
    if (idle) return OK;
    ParserWorkspace *fresh = calloc(1, sizeof(*fresh));
    if (!fresh) return NO_MEMORY;
    const Status status = workspace_init(fresh, model);
    if (status == OK)
        *work = fresh;
    else
        parser_workspace_free(fresh);
    return status;
}

void parser_workspace_give_back(ParserModel *model, ParserWorkspace *work)
{
    for (Lane *lane = work->lanes; lane < work->lanes + LANES; lane++)
        if (lane->state.capacity > LARGEST_IDLE) parse_state_free(&lane->state);
    if (work->tree.capacity > LARGEST_IDLE) tree_scratch_free(&work->tree);
    pthread_mutex_lock(&model->idle_mutex);
    work->next = model->idle;
    model->idle = work;
    pthread_mutex_unlock(&model->idle_mutex);
}
