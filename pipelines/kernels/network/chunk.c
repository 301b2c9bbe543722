/* Fill a chunk with tokens and run a network's convolutions over it; see chunk.h. */
#include "network/chunk.h"

#include <stdlib.h>
#include <string.h>

Status chunk_init(Chunk *chunk, const Network *const *networks, size_t count)
{
    memset(chunk, 0, sizeof(*chunk));
    size_t stride = ROW_ALIGN, reach = 0;
    for (size_t i = 0; i < count; i++) {
        if (network_reach(networks[i]) > reach) reach = network_reach(networks[i]);
        if (padded(networks[i]->width) > stride) stride = padded(networks[i]->width);
    }
    chunk->max_rows = CHUNK_ROWS + 8 * reach;
    const size_t rows = (chunk->max_rows + 2) * stride;
    chunk->memory = calloc(2 * rows + stride + pairs_scratch(stride), sizeof(float));
    chunk->in = malloc(chunk->max_rows * sizeof(*chunk->in));
    chunk->out = malloc(2 * chunk->max_rows * sizeof(*chunk->out));
    chunk->parts = malloc(chunk->max_rows * sizeof(*chunk->parts));
    if (chunk->memory && chunk->in && chunk->out && chunk->parts) {
        chunk->before = chunk->memory + stride;
        chunk->after = chunk->before + rows;
        chunk->nowhere = chunk->memory + 2 * rows;
        chunk->scratch = chunk->nowhere + stride;
        return OK;
    }
    chunk_free(chunk);
    return NO_MEMORY;
}

void chunk_free(Chunk *chunk)
{
    free(chunk->memory);
    free(chunk->in);
    free(chunk->out);
    free(chunk->parts);
    memset(chunk, 0, sizeof(*chunk));
}

void chunk_clear(Chunk *chunk)
{
    chunk->part_count = 0;
    chunk->rows = 0;
}

/* Rows of zeros or of a halo lie before the first part; those after a part are shared with the next part. */
uint32_t chunk_add(Chunk *chunk, const Network *network, uint32_t text, uint32_t first, uint32_t length)
{
    const size_t reach = network_reach(network);
    if (chunk->part_count) {
        const Part *last = &chunk->parts[chunk->part_count - 1];
        if (first != 0 || last->last != last->length) return first; /* a halo of real tokens cannot be shared */
    } else {
        chunk->rows = reach;
    }
    if (first == length) return length;
    if (chunk->part_count == chunk->max_rows || chunk->rows + reach >= chunk->max_rows) return first;
    const size_t room = chunk->max_rows - chunk->rows - reach;
    uint32_t last = length;
    if (length - first > room) {
        if (chunk->part_count) return first; /* a chunk of its own needs fewer halos */
        last = first + (uint32_t)room;
    }
    chunk->parts[chunk->part_count++] = (Part){text, first, last, length, chunk->rows};
    chunk->rows += last - first + reach;
    return last;
}

/* Write the embedding of every token of the chunk, halos included, and zeros between texts. */
static void fill(Chunk *chunk, const Network *network, EmbeddingOf embedding, const void *context)
{
    const size_t stride = padded(network->width), reach = network_reach(network);
    size_t row = 0;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        const size_t end = part->row + (part->last - part->first) + reach;
        for (; row < end; row++) {
            float *to = chunk->before + row * stride;
            const int64_t token = (int64_t)row - (int64_t)part->row + part->first;
            if (token >= 0 && token < part->length)
                memcpy(to, embedding(context, part->text, (uint32_t)token), stride * sizeof(float));
            else
                memset(to, 0, stride * sizeof(float));
        }
    }
}

/* Normalize a row that a layer has computed, and add what the row was before. */
static void complete_row(const Convolution *convolution, size_t width, const float *before, float *row)
{
    const MaxoutLayer *layer = &convolution->layer;
    if (layer->gain)
        layer->matrix.instructions->normalize(row, width, layer->gain, layer->shift, before, row);
    else
        for (size_t v = 0; v < padded(width); v++) row[v] += before[v];
}

/* Return the first row of a part that a layer computes, where the rows after it look `seen` rows further. */
static size_t first_row(const Part *part, size_t seen, size_t done)
{
    const size_t row = part->row - seen;
    return row < done ? done : row;
}

static size_t end_row(const Part *part, size_t seen) { return part->row + (part->last - part->first) + seen; }

/* Apply a layer of any window to all rows that the layers after it look at, within `seen` rows of a part. */
static void run_rows(Chunk *chunk, const Network *network, const Convolution *convolution, size_t seen)
{
    const size_t stride = padded(network->width);
    size_t count = 0, done = 0;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        size_t row = first_row(part, seen, done);
        for (done = end_row(part, seen); row < done; row++, count++) {
            chunk->in[count] = chunk->before + (row - network->window) * stride;
            chunk->out[count] = chunk->after + row * stride;
        }
    }
    matrix_apply(&convolution->layer.matrix, chunk->in, chunk->out, count);
    for (size_t i = 0; i < count; i++)
        complete_row(convolution, network->width, chunk->in[i] + network->window * stride, chunk->out[i]);
}

/* Apply a layer that is computed in pairs. A token with an even number and the next one are a pair, wherever in a chunk
   they are, so that a text's vectors do not depend on other texts, nor on where it is cut. Of a pair at the edge of a
   part, one row may not be wanted. */
static void run_pairs(Chunk *chunk, const Network *network, const Convolution *convolution, size_t seen)
{
    const size_t stride = padded(network->width);
    size_t count = 0, done = 0;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        const size_t first = first_row(part, seen, done);
        const size_t odd = (part->first + part->row + first) & 1; /* whether `first` is the row of an odd token */
        done = end_row(part, seen);
        for (size_t row = first - odd; row < done; row += 2, count++) {
            chunk->in[count] = chunk->before + row * stride - stride;
            chunk->out[2 * count] = row < first ? chunk->nowhere : chunk->after + row * stride;
            chunk->out[2 * count + 1] = row + 1 < done ? chunk->after + (row + 1) * stride : chunk->nowhere;
        }
    }
    pairs_apply(&convolution->pairs, chunk->in, chunk->out, count, chunk->scratch);
    for (size_t i = 0; i < 2 * count; i++)
        if (chunk->out[i] != chunk->nowhere)
            complete_row(convolution, network->width, chunk->in[i / 2] + (1 + i % 2) * stride, chunk->out[i]);
}

void chunk_run(Chunk *chunk, const Network *network, EmbeddingOf embedding, const void *context)
{
    fill(chunk, network, embedding, context);
    for (size_t layer = 0; layer < network->depth; layer++) {
        const Convolution *convolution = &network->convolutions[layer];
        const size_t seen = (network->depth - layer - 1) * network->window; /* how far the layers after this one look */
        if (convolution->pairs.packed)
            run_pairs(chunk, network, convolution, seen);
        else
            run_rows(chunk, network, convolution, seen);
        float *swap = chunk->before;
        chunk->before = chunk->after;
        chunk->after = swap;
    }
    chunk->vectors = chunk->before;
}
