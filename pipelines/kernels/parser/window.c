/* Products of tokens, in blocks; see window.h. */
#include "parser/window.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_BYTES = 1 << 20, FEWEST_BLOCKS = 2 };

static size_t row_size(const ParserModel *model) { return model->places * parser_hidden_row(model); }

Status block_scratch_init(BlockScratch *scratch, const ParserModel *model)
{
    scratch->vectors = calloc(BLOCK_TOKENS * model->linear.inputs, sizeof(float));
    scratch->linear = calloc(BLOCK_TOKENS * model->linear.outputs, sizeof(float));
    scratch->in = malloc(BLOCK_TOKENS * sizeof(*scratch->in));
    scratch->out = malloc(BLOCK_TOKENS * sizeof(*scratch->out));
    return scratch->vectors && scratch->linear && scratch->in && scratch->out ? OK : NO_MEMORY;
}

void block_scratch_free(BlockScratch *scratch)
{
    free(scratch->vectors);
    free(scratch->linear);
    free(scratch->in);
    free(scratch->out);
}

Status window_init(Window *window, const ParserModel *model)
{
    const size_t block = BLOCK_TOKENS * row_size(model) * sizeof(float);
    const size_t blocks = WINDOW_BYTES / block < FEWEST_BLOCKS ? FEWEST_BLOCKS : WINDOW_BYTES / block;
    window->tokens = (uint32_t)(blocks * BLOCK_TOKENS);
    window->products = malloc(blocks * block);
    window->far = malloc(row_size(model) * sizeof(float));
    return window->products && window->far ? OK : NO_MEMORY;
}

void window_free(Window *window)
{
    free(window->products);
    free(window->far);
}

void window_begin(Window *window, const float *vectors, uint32_t length)
{
    window->vectors = vectors;
    window->length = length;
    window->computed = 0;
    for (size_t place = 0; place < MAX_PLACES; place++) window->far_token[place] = NO_TOKEN;
}

/* Apply the linear layer to tokens [first, first + count). Leaves `scratch->linear`. */
static void apply_linear(const Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t first,
                         uint32_t count)
{
    for (uint32_t i = 0; i < count; i++) {
        float *vector = scratch->vectors + i * model->linear.inputs;
        memcpy(vector, window->vectors + (size_t)(first + i) * model->width, model->width * sizeof(float));
        scratch->in[i] = vector;
        scratch->out[i] = scratch->linear + i * model->linear.outputs;
    }
    matrix_apply(&model->linear, scratch->in, scratch->out, count);
    for (uint32_t i = 0; i < count; i++) scratch->in[i] = scratch->out[i];
}

static void compute_block(Window *window, const ParserModel *model, BlockScratch *scratch)
{
    const uint32_t first = window->computed, left = window->length - first;
    const uint32_t count = left < BLOCK_TOKENS ? left : BLOCK_TOKENS;
    const size_t wide = parser_hidden_row(model), row = row_size(model);
    float *products = window->products + first % window->tokens * row;
    apply_linear(window, model, scratch, first, count);
    for (size_t place = 0; place < model->places; place++) {
        for (uint32_t i = 0; i < count; i++) scratch->out[i] = products + i * row + place * wide;
        matrix_apply(&model->lower[place], scratch->in, scratch->out, count);
    }
    window->computed = first + count;
}

void window_reach(Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t token)
{
    while (window->computed <= token) compute_block(window, model, scratch);
}

const float *window_row(Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t token, size_t place)
{
    const size_t wide = parser_hidden_row(model);
    /* the last block may be a part of one, and still takes the rows of a whole one */
    const uint32_t last = (window->computed + BLOCK_TOKENS - 1) / BLOCK_TOKENS * BLOCK_TOKENS;
    if (last <= token + window->tokens)
        return window->products + token % window->tokens * row_size(model) + place * wide;
    float *far = window->far + place * wide;
    if (window->far_token[place] != (int32_t)token) {
        apply_linear(window, model, scratch, token, 1);
        scratch->out[0] = far;
        matrix_apply(&model->lower[place], scratch->in, scratch->out, 1);
        window->far_token[place] = (int32_t)token;
    }
    return far;
}
