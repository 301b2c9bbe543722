/* Embedding, mixing, convolutions and classes; see network.h. After Thinc's `HashEmbed` (hashing, four rows a key), `Maxout` and
`LayerNorm`, and spaCy's `ml/models/tok2vec.py`. */
#include "network/network.h"

#include <stdlib.h>
#include <string.h>

/* thinc.backends.numpy_ops: MurmurHash3_x64_128 of one 64-bit key (Austin Appleby, public domain), as four 32-bit values. */
static void murmur(uint64_t key, uint32_t seed, uint32_t out[4])
{
    uint64_t h1 = key, h2 = seed ^ 8u;
    h1 *= 0x87c37b91114253d5u;
    h1 = (h1 << 31) | (h1 >> 33);
    h1 *= 0x4cf5ad432745937fu;
    h1 ^= seed;
    h1 ^= 8;
    h1 += h2;
    h2 += h1;
    uint64_t *both[2] = {&h1, &h2};
    for (int i = 0; i < 2; i++) {
        uint64_t h = *both[i];
        h ^= h >> 33;
        h *= 0xff51afd7ed558ccdu;
        h ^= h >> 33;
        h *= 0xc4ceb9fe1a85ec53u;
        h ^= h >> 33;
        *both[i] = h;
    }
    h1 += h2;
    h2 += h1;
    out[0] = (uint32_t)h1;
    out[1] = (uint32_t)(h1 >> 32);
    out[2] = (uint32_t)h2;
    out[3] = (uint32_t)(h2 >> 32);
}

static void add_hashed(const HashTable *table, uint64_t attribute, float *to)
{
    uint32_t keys[4];
    murmur(attribute, table->seed, keys);
    for (int k = 0; k < 4; k++) {
        const float *row = table->table + (size_t)(keys[k] % table->rows) * table->values;
        for (size_t i = 0; i < table->values; i++) to[i] += row[i];
    }
}

/* Tokens whose inputs are held at a time: a text can bring a hundred thousand at once. */
enum { EMBED_ROWS = 256 };

int network_embed(const Network *network, const uint64_t *attributes, size_t columns, const float *statics,
                  size_t count, float *const *results)
{
    const Matrix *mix = &network->mix.matrix;
    const float *rows[EMBED_ROWS];
    float *inputs = malloc(EMBED_ROWS * mix->inputs * sizeof(float));
    if (!inputs) return -1;
    for (size_t done = 0; done < count; done += EMBED_ROWS) {
        const size_t block = count - done < EMBED_ROWS ? count - done : EMBED_ROWS;
        memset(inputs, 0, block * mix->inputs * sizeof(float));
        for (size_t r = 0; r < block; r++) {
            float *to = inputs + r * mix->inputs;
            rows[r] = to;
            for (size_t t = 0; t < network->table_count; t++) {
                add_hashed(&network->tables[t], attributes[(done + r) * columns + network->tables[t].column], to);
                to += network->tables[t].values;
            }
            if (network->static_values)
                memcpy(to, statics + (done + r) * network->static_values, network->static_values * sizeof(float));
        }
        matrix_apply(mix, rows, results + done, block);
        if (network->mix.gain)
            for (float *const *row = results + done; row < results + done + block; row++)
                mix->instructions->normalize(*row, network->mix.values, network->mix.gain, network->mix.shift, NULL,
                                             *row);
    }
    free(inputs);
    return 0;
}

int chunk_init(Chunk *chunk, const Network *const *networks, size_t count)
{
    memset(chunk, 0, sizeof(*chunk));
    size_t stride = ROW_ALIGN, reach = 0;
    for (size_t i = 0; i < count; i++) {
        const size_t own = networks[i]->depth * networks[i]->window;
        if (own > reach) reach = own;
        if (padded(networks[i]->width) > stride) stride = padded(networks[i]->width);
    }
    chunk->max_rows = CHUNK_ROWS + 8 * reach;
    chunk->max_parts = chunk->max_rows;
    chunk->a = calloc(chunk->max_rows * stride, sizeof(float));
    chunk->b = calloc(chunk->max_rows * stride, sizeof(float));
    chunk->in = malloc(chunk->max_rows * sizeof(*chunk->in));
    chunk->out = malloc(chunk->max_rows * sizeof(*chunk->out));
    chunk->parts = malloc(chunk->max_parts * sizeof(*chunk->parts));
    if (chunk->a && chunk->b && chunk->in && chunk->out && chunk->parts) return 0;
    chunk_free(chunk);
    return -1;
}

void chunk_free(Chunk *chunk)
{
    free(chunk->a);
    free(chunk->b);
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

/* Rows: `reach` before the first part, then each part and `reach` after it, which the next part shares. */
uint32_t chunk_add(Chunk *chunk, const Network *network, uint32_t text, uint32_t first, uint32_t length)
{
    const size_t reach = network->depth * network->window;
    if (chunk->part_count) {
        const Part *last = &chunk->parts[chunk->part_count - 1];
        if (first != 0 || last->last != last->length) return first; /* a halo of real tokens cannot be shared */
    } else {
        chunk->rows = reach;
    }
    if (first == length) return length;
    if (chunk->part_count == chunk->max_parts || chunk->rows + reach >= chunk->max_rows) return first;
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

static void fill(const Network *network, Chunk *chunk, const float *(*embedding)(const void *, uint32_t, uint32_t),
                 const void *context)
{
    const size_t stride = padded(network->width), reach = network->depth * network->window;
    size_t row = 0;
    for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
        const size_t end = part->row + (part->last - part->first) + reach;
        for (; row < end; row++) {
            float *to = chunk->a + row * stride;
            const int64_t token = (int64_t)row - (int64_t)part->row + part->first;
            if (token >= 0 && token < part->length)
                memcpy(to, embedding(context, part->text, (uint32_t)token), stride * sizeof(float));
            else
                memset(to, 0, stride * sizeof(float));
        }
    }
}

void network_run(const Network *network, Chunk *chunk, const float *(*embedding)(const void *, uint32_t, uint32_t),
                 const void *context)
{
    const size_t stride = padded(network->width);
    fill(network, chunk, embedding, context);
    for (size_t layer = 0; layer < network->depth; layer++) {
        const Layer *convolution = &network->convolutions[layer];
        const size_t seen = (network->depth - layer - 1) * network->window; /* how far the layers after this one look */
        size_t count = 0, done = 0;
        for (const Part *part = chunk->parts; part < chunk->parts + chunk->part_count; part++) {
            size_t row = part->row - seen;
            if (row < done) row = done;
            for (done = part->row + (part->last - part->first) + seen; row < done; row++, count++) {
                chunk->in[count] = chunk->a + (row - network->window) * stride;
                chunk->out[count] = chunk->b + row * stride;
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
        float *swap = chunk->a;
        chunk->a = chunk->b;
        chunk->b = swap;
    }
    chunk->vectors = chunk->a;
}

void layer_free(Layer *layer)
{
    matrix_free(&layer->matrix);
    free(layer->gain);
    free(layer->shift);
}

void network_free(Network *network)
{
    for (size_t i = 0; i < network->table_count; i++) free(network->tables[i].table);
    free(network->tables);
    layer_free(&network->mix);
    for (size_t i = 0; network->convolutions && i < network->depth; i++) layer_free(&network->convolutions[i]);
    free(network->convolutions);
    memset(network, 0, sizeof(*network));
}
