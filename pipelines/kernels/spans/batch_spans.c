/* The span categorizers over a batch: from words to labelled spans, in code points; see batch_chunks.h. */
#include <stdlib.h>

#include "grow.h"
#include "spans/batch_chunks.h"

static const SpanCategorizer *current(const Batch *batch)
{
    return &batch->model->categorizers[batch->work->categorizing];
}

static SpanScratch *scratch_of(const Batch *batch) { return &batch->work->categorizers[batch->work->categorizing]; }

static const float *categorizer_vector(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->vector + current(batch)->offset;
}

/* Compute the vectors of a chunk, and hand them to the categorizer. */
static Status categorize_chunk(Batch *batch)
{
    Chunk *chunk = &batch->work->chunk;
    const SpanCategorizer *categorizer = current(batch);
    Status status = OK;
    chunk_run(chunk, categorizer->network, categorizer_vector, batch);
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count && status == OK; part++)
        status = categorizer_add(categorizer, scratch_of(batch), part->text, part->first,
                                 part_vectors(chunk, categorizer->network, part), part->last - part->first);
    return status;
}

static Status categorize(Batch *batch)
{
    categorizer_start(scratch_of(batch));
    const Status status = run_chunks(batch, current(batch)->network, WANT_SPANS, categorize_chunk);
    return status == OK ? categorizer_finish(current(batch), scratch_of(batch)) : status;
}

/* List the spans of a text that the current categorizer has found, from `next` on. `label`: the number of its first
   label. */
static Status list_spans(Batch *batch, uint32_t text, size_t *next, int32_t label)
{
    Workspace *work = batch->work;
    const SpanScratch *scratch = scratch_of(batch);
    for (; *next < scratch->found_count && scratch->found[*next].text == text; ++*next) {
        const Status status =
            grow(&work->labelled_spans, work->labelled_count, &work->labelled_capacity, sizeof(*work->labelled_spans));
        if (status != OK) return status;
        const CategorizedSpan *span = &scratch->found[*next];
        work->labelled_spans[work->labelled_count++] =
            (LabelledSpan){text, word_of(batch, text, span->first)->start, word_of(batch, text, span->last - 1)->end,
                           label + span->label, span->score};
    }
    return OK;
}

/* List the spans of all texts, those of a text categorizer by categorizer. */
static Status list_all(Batch *batch)
{
    Workspace *work = batch->work;
    const SpanModel *model = batch->model;
    size_t *next = calloc(model->categorizer_count, sizeof(*next));
    Status status = next ? OK : NO_MEMORY;
    for (size_t t = 0; t < batch->count && status == OK; t++) {
        int32_t label = 0;
        for (size_t c = 0; c < model->categorizer_count && status == OK; c++) {
            work->categorizing = c;
            status = list_spans(batch, (uint32_t)t, &next[c], label);
            label += (int32_t)model->categorizers[c].classes;
        }
    }
    free(next);
    return status;
}

Status find_spans(Batch *batch)
{
    int is_wanted = 0;
    for (size_t t = 0; t < batch->count; t++) is_wanted |= batch->texts[t].wanted & WANT_SPANS;
    if (!batch->model->categorizer_count || !is_wanted) return OK;
    Status status = OK;
    for (size_t c = 0; c < batch->model->categorizer_count && status == OK; c++) {
        batch->work->categorizing = c;
        status = categorize(batch);
    }
    return status == OK ? list_all(batch) : status;
}
