/* Embed tokens by hashing and mixing; see network.h. The sources are Thinc's `HashEmbed` (hashing, four rows of a key),
`Maxout` and `LayerNorm`, and spaCy's `ml/models/tok2vec.py`. */
#include "network/network.h"

#include <stdlib.h>
#include <string.h>

#include "network/murmur.h"

/* Hash one 64-bit key by MurmurHash3_x64_128 (Austin Appleby, public domain) to four 32-bit values, as
   thinc.backends.numpy_ops does. */
static void murmur(uint64_t key, uint32_t seed, uint32_t out[4])
{
    uint64_t h1 = key, h2 = seed ^ 8u;
    h1 *= 0x87c37b91114253d5u;
    h1 = (h1 << 31) | (h1 >> 33);
    h1 *= 0x4cf5ad432745937fu;
    h1 ^= seed;
    h1 ^= 8;
    murmur_end(h1, h2, out);
}

/* Add the four rows [values] that an attribute is hashed to. */
static void add_hashed(const HashTable *table, uint64_t attribute, float *to)
{
    uint32_t keys[4];
    murmur(attribute, table->seed, keys);
    for (int k = 0; k < 4; k++) {
        const float *row = table->table + (size_t)(keys[k] % table->rows) * table->values;
        for (size_t i = 0; i < table->values; i++) to[i] += row[i];
    }
}

/* Tokens whose inputs are in memory at a time: a text can bring a hundred thousand tokens at once. */
enum { EMBED_ROWS = 256 };

/* Write the projected static vectors of `count` tokens behind the values of the tables.
     projected  [EMBED_ROWS][outputs of the projection], for the result
     inputs     [count][inputs of the layer that mixes] */
static void add_statics(const Network *network, const float *statics, size_t count, float *projected, float *inputs)
{
    const Matrix *projection = &network->projection;
    const float *rows[EMBED_ROWS];
    float *results[EMBED_ROWS];
    size_t values = 0; /* of the tables */
    for (size_t t = 0; t < network->table_count; t++) values += network->tables[t].values;
    for (size_t r = 0; r < count; r++) {
        rows[r] = statics + r * projection->inputs;
        results[r] = projected + r * projection->outputs;
    }
    matrix_apply(projection, rows, results, count);
    for (size_t r = 0; r < count; r++)
        memcpy(inputs + r * network->mix.matrix.inputs + values, results[r], network->static_values * sizeof(float));
}

Status network_embed(const Network *network, const uint64_t *attributes, size_t columns, const float *statics,
                     size_t count, float *const *results)
{
    const Matrix *mix = &network->mix.matrix;
    const float *rows[EMBED_ROWS];
    const size_t most = count < EMBED_ROWS ? count : EMBED_ROWS;
    float *inputs = malloc((most * (mix->inputs + network->projection.outputs) + 1) * sizeof(float));
    if (!inputs) return NO_MEMORY;
    float *projected = inputs + most * mix->inputs;
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
        }
        if (network->static_values)
            add_statics(network, statics + done * network->projection.inputs, block, projected, inputs);
        matrix_apply(mix, rows, results + done, block);
        if (network->mix.gain)
            for (float *const *row = results + done; row < results + done + block; row++)
                mix->instructions->normalize(*row, network->mix.values, network->mix.gain, network->mix.shift, NULL,
                                             *row);
    }
    free(inputs);
    return OK;
}

void layer_free(MaxoutLayer *layer)
{
    matrix_free(&layer->matrix);
    free(layer->gain);
    free(layer->shift);
}

static void convolution_free(Convolution *convolution)
{
    layer_free(&convolution->layer);
    pairs_free(&convolution->pairs);
}

void network_free(Network *network)
{
    for (size_t i = 0; network->tables && i < network->table_count; i++) free(network->tables[i].table);
    free(network->tables);
    matrix_free(&network->projection);
    layer_free(&network->mix);
    for (size_t i = 0; network->convolutions && i < network->depth; i++) convolution_free(&network->convolutions[i]);
    free(network->convolutions);
    memset(network, 0, sizeof(*network));
}
