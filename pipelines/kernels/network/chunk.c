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
    chunk->before = calloc(chunk->max_rows * stride, sizeof(float));
    chunk->after = calloc(chunk->max_rows * stride, sizeof(float));
    chunk->in = malloc(chunk->max_rows * sizeof(*chunk->in));
    chunk->out = malloc(chunk->max_rows * sizeof(*chunk->out));
    chunk->parts = malloc(chunk->max_rows * sizeof(*chunk->parts));
    if (chunk->before && chunk->after && chunk->in && chunk->out && chunk->parts) return OK;
    chunk_free(chunk);
    return NO_MEMORY;
}

void chunk_free(Chunk *chunk)
{
    free(chunk->before);
    free(chunk->after);
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

void chunk_run(Chunk *chunk, const Network *network, EmbeddingOf embedding, const void *context)
{
    const size_t stride = padded(network->width);
    fill(chunk, network, embedding, context);
    for (size_t layer = 0; layer < network->depth; layer++) {
        const MaxoutLayer *convolution = &network->convolutions[layer];
        const size_t seen = (network->depth - layer - 1) * network->window; /* how far the layers after this one look */
        size_t count = 0, done = 0;
        for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
            size_t row = part->row - seen;
            if (row < done) row = done;
            for (done = part->row + (part->last - part->first) + seen; row < done; row++, count++) {
                chunk->in[count] = chunk->before + (row - network->window) * stride;
                chunk->out[count] = chunk->after + row * stride;
            }
        }
        matrix_apply(&convolution->matrix, chunk->in, chunk->out, count);
        for (size_t i = 0; i < count; i++) {
            const float *before = chunk->in[i] + network->window * stride;
            float *row = chunk->out[i];
            if (convolution->gain)
                convolution->matrix.instructions->normalize(row, network->width, convolution->gain, convolution->shift,
                                                            before, row);
            else
                for (size_t v = 0; v < stride; v++) row[v] += before[v];
        }
        float *swap = chunk->before;
        chunk->before = chunk->after;
        chunk->after = swap;
    }
    chunk->vectors = chunk->before;
}
