/* Products of tokens, in blocks; see window.h. */
#include "parser/window.h"

#include <stdlib.h>
#include <string.h>

enum { WINDOW_BYTES = 1 << 20, FEWEST_BLOCKS = 2, ROWS_BEFORE_BLOCK = 16 };

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
    for (size_t i = 0; i < FAR_BLOCKS; i++)
        if (!(window->far_blocks[i].products = malloc(block))) return NO_MEMORY;
    return window->products && window->far ? OK : NO_MEMORY;
}

void window_free(Window *window)
{
    for (size_t i = 0; i < FAR_BLOCKS; i++) free(window->far_blocks[i].products);
    free(window->products);
    free(window->far);
}

void window_begin(Window *window, const float *vectors, uint32_t length)
{
    window->vectors = vectors;
    window->length = length;
    window->computed = 0;
    for (size_t place = 0; place < MAX_PLACES; place++) window->far_token[place] = NO_TOKEN;
    for (size_t i = 0; i < FAR_BLOCKS; i++) window->far_blocks[i].last_use = 0;
    window->uses = 0;
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

/* Compute a block of tokens, from `first` on. products: [BLOCK_TOKENS][places][H]. Returns how many tokens it has. */
static uint32_t compute_block(const Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t first,
                              float *products)
{
    const uint32_t left = window->length - first, count = left < BLOCK_TOKENS ? left : BLOCK_TOKENS;
    const size_t wide = parser_hidden_row(model), row = row_size(model);
    apply_linear(window, model, scratch, first, count);
    for (size_t place = 0; place < model->places; place++) {
        for (uint32_t i = 0; i < count; i++) scratch->out[i] = products + i * row + place * wide;
        matrix_apply(&model->lower[place], scratch->in, scratch->out, count);
    }
    return count;
}

void window_reach(Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t token)
{
    while (window->computed <= token) {
        float *products = window->products + window->computed % window->tokens * row_size(model);
        window->computed += compute_block(window, model, scratch, window->computed, products);
    }
}

/* Return the far block of a token: the one that is kept, or in place of that which was used longest ago a new one. */
static FarBlock *far_block(Window *window, uint32_t token)
{
    const uint32_t first = token / BLOCK_TOKENS * BLOCK_TOKENS;
    FarBlock *found = window->far_blocks;
    for (FarBlock *block = found; block < window->far_blocks + FAR_BLOCKS; block++) {
        if (block->last_use && block->first == first) {
            found = block;
            break;
        }
        if (block->last_use < found->last_use) found = block;
    }
    if (!found->last_use || found->first != first) {
        found->first = first;
        found->asked = 0;
        found->is_computed = 0;
    }
    found->last_use = ++window->uses;
    return found;
}

/* Write what a token that has left the window adds at a place. far: [H] */
static void compute_far(Window *window, const ParserModel *model, BlockScratch *scratch, uint32_t token, size_t place,
                        float *far)
{
    const size_t wide = parser_hidden_row(model);
    FarBlock *block = far_block(window, token);
    if (!block->is_computed && block->asked++ < ROWS_BEFORE_BLOCK) {
        apply_linear(window, model, scratch, token, 1);
        scratch->out[0] = far;
        matrix_apply(&model->lower[place], scratch->in, scratch->out, 1);
        return;
    }
    if (!block->is_computed) compute_block(window, model, scratch, block->first, block->products);
    block->is_computed = 1;
    memcpy(far, block->products + (token - block->first) * row_size(model) + place * wide, wide * sizeof(float));
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
        compute_far(window, model, scratch, token, place, far);
        window->far_token[place] = (int32_t)token;
    }
    return far;
}
