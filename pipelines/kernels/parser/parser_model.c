/* A parser's weights made ready and freed; see parser_model.h. */
#include "parser/parser_model.h"

#include <stdlib.h>
#include <string.h>

#include "parser/parser_workspace.h"

/* List neighbouring actions with the same move, and which moves there are. */
static Status list_runs(ParserModel *model)
{
    model->runs = calloc((size_t)model->actions, sizeof(*model->runs));
    if (!model->runs) return NO_MEMORY;
    for (int32_t action = 0; action < model->actions; action++) {
        const int32_t move = model->move[action];
        if (!action || move != model->move[action - 1])
            model->runs[model->run_count++] = (ActionRun){move, action, action};
        model->runs[model->run_count - 1].last = action + 1;
        model->moves |= 1u << move;
    }
    return OK;
}

Status parser_model_prepare(ParserModel *model)
{
    const Status status = list_runs(model);
    if (status != OK) return status;
    if (pthread_mutex_init(&model->idle_mutex, NULL)) return NO_MEMORY;
    model->has_mutex = 1;
    return OK;
}

void parser_model_free(ParserModel *model)
{
    while (model->idle) {
        ParserWorkspace *idle = model->idle;
        model->idle = idle->next;
        parser_workspace_free(idle);
    }
    matrix_free(&model->linear);
    for (size_t place = 0; place < MAX_PLACES; place++) matrix_free(&model->lower[place]);
    free(model->missing);
    free(model->bias);
    matrix_free(&model->upper);
    free(model->move);
    free(model->label);
    free(model->runs);
    free(model->decorations);
    if (model->has_mutex) pthread_mutex_destroy(&model->idle_mutex);
    memset(model, 0, sizeof(*model));
}
