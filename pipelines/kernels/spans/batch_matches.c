/* The rulers over a batch: from words to matches; see ruler.h. */
#include "spans/batch_chunks.h"

static void set_code(float *codes, size_t column, uint32_t code) { memcpy(codes + column, &code, sizeof(code)); }

void fill_codes(const Batch *batch, size_t first, size_t count)
{
    const Rulers *rulers = &batch->model->rulers;
    for (size_t f = first; f < first + count && codes_size(rulers); f++) {
        const Form *form = &batch->work->forms[f];
        float *codes = batch->work->vectors + f * batch->model->row + rulers->offset;
        for (size_t c = 0; c < rulers->symbol_count; c++)
            set_code(codes, c, symbol_of(&rulers->symbols[c], attribute_of(batch, form, rulers->symbols[c].column)));
        for (size_t b = 0; b < rulers->bit_count; b++) {
            const uint64_t answers = attribute_of(batch, form, rulers->bits[b]);
            set_code(codes, rulers->symbol_count + 2 * b, (uint32_t)answers);
            set_code(codes, rulers->symbol_count + 2 * b + 1, (uint32_t)(answers >> 32));
        }
    }
}

static const float *codes_at(const void *batch, uint32_t text, uint32_t token)
{
    return word_of(batch, text, token)->vector + ((const Batch *)batch)->model->rulers.offset;
}

Status find_matches(Batch *batch)
{
    const Rulers *rulers = &batch->model->rulers;
    Status status = OK;
    for (uint32_t t = 0; t < batch->count && status == OK; t++) {
        Text *text = &batch->texts[t];
        if (!(text->wanted & WANT_MATCHES)) continue;
        for (uint32_t r = 0; r < rulers->ruler_count && status == OK && !text->has_too_many; r++) {
            int is_whole;
            status =
                ruler_run(rulers, r, &batch->work->matches, t, (uint32_t)text->word_count, codes_at, batch, &is_whole);
            text->has_too_many = !is_whole;
        }
    }
    return status;
}
