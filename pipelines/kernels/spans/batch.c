/* The beginning and the end of a batch; see batch.h. */
#include "spans/batch.h"

Status batch_begin(Batch *batch, SpanModel *model, Text *texts, size_t count)
{
    *batch = (Batch){.model = model, .texts = texts, .count = count};
    const Status status = workspace_take(model, &batch->work);
    if (status != OK) return status;
    batch->view = lexicon_enter(&model->lexicon);
    batch->descriptions = lexicon_enter(&model->descriptions);
    return OK;
}

void batch_end(Batch *batch)
{
    if (!batch->work) return;
    lexicon_leave(batch->view);
    lexicon_leave(batch->descriptions);
    workspace_give_back(batch->model, batch->work);
    batch->work = NULL;
}
