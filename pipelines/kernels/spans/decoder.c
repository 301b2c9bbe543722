/* Decode one text at a time, greedily; see decoder.h. The sources are spaCy's `pipeline/_parser_internals/ner.pyx`
(which actions are valid, what they do) and `ml/parser_model.pyx` (the precomputed lower layer). */
#include "spans/decoder.h"

#include <math.h>
#include <stdlib.h>
#include <string.h>

#include "grow.h"
#include "spans/lexicon.h"

/* The floats of a state's hidden layer before its maximum: H in decoder.h. */
static size_t hidden_row(const Decoder *decoder) { return decoder->pieces * padded(decoder->hidden); }

Status decoder_scratch_init(DecoderScratch *scratch, const Decoder *decoder, size_t rows)
{
    memset(scratch, 0, sizeof(*scratch));
    const size_t wide = hidden_row(decoder), linear = decoder->linear.matrix.outputs;
    const size_t scores = decoder->has_upper ? decoder->upper.outputs : padded(decoder->hidden);
    scratch->linear = calloc(rows * linear, sizeof(float));
    scratch->lower = calloc(rows * wide, sizeof(float));
    scratch->hidden = calloc(rows * padded(decoder->hidden), sizeof(float));
    scratch->scores = calloc(rows * scores, sizeof(float));
    scratch->in = malloc(rows * sizeof(*scratch->in));
    scratch->out = malloc(rows * sizeof(*scratch->out));
    scratch->sum = calloc(wide, sizeof(float));
    scratch->place = calloc(wide, sizeof(float));
    scratch->decoding.state = calloc(wide, sizeof(float));
    scratch->decoding.previous = calloc(linear, sizeof(float));
    if (scratch->linear && scratch->lower && scratch->hidden && scratch->scores && scratch->in && scratch->out &&
        scratch->sum && scratch->place && scratch->decoding.state && scratch->decoding.previous)
        return OK;
    decoder_scratch_free(scratch);
    return NO_MEMORY;
}

void decoder_scratch_free(DecoderScratch *scratch)
{
    free(scratch->linear);
    free(scratch->lower);
    free(scratch->hidden);
    free(scratch->scores);
    free(scratch->in);
    free(scratch->out);
    free(scratch->sum);
    free(scratch->place);
    free(scratch->decoding.state);
    free(scratch->decoding.previous);
    memset(scratch, 0, sizeof(*scratch));
}

void decoding_start(Decoding *decoding)
{
    decoding->token = 0;
    decoding->open = NO_ENTITY;
}

/* Map rows that lie `stride` floats apart. from: [count][stride]; to: [count][matrix->outputs] */
static void apply_rows(const Matrix *matrix, DecoderScratch *scratch, const float *from, size_t stride, float *to,
                       size_t count)
{
    for (size_t i = 0; i < count; i++) {
        scratch->in[i] = from + i * stride;
        scratch->out[i] = to + i * matrix->outputs;
    }
    matrix_apply(matrix, scratch->in, scratch->out, count);
}

/* Take the largest piece of `unmaxed` [H] + `addend` [H]. hidden: [padded(hidden)] */
static void maxout(const Decoder *decoder, const float *unmaxed, const float *addend, float *hidden)
{
    const size_t width = padded(decoder->hidden);
    for (size_t i = 0; i < width; i++) hidden[i] = unmaxed[i] + addend[i];
    for (size_t p = 1; p < decoder->pieces; p++)
        for (size_t i = 0; i < width; i++) {
            const float value = unmaxed[p * width + i] + addend[p * width + i];
            if (value > hidden[i]) hidden[i] = value;
        }
}

/* Score one action of a state. hidden: [padded(hidden)] */
static float score(const Decoder *decoder, const float *hidden, int32_t action)
{
    if (!decoder->has_upper) return hidden[action];
    const size_t width = padded(decoder->hidden);
    const float *row = decoder->upper_rows + (size_t)action * width;
    float sums[ROW_ALIGN] = {0}, total = 0;
    for (size_t i = 0; i < width; i += ROW_ALIGN)
        for (size_t lane = 0; lane < ROW_ALIGN; lane++) sums[lane] += row[i + lane] * hidden[i + lane];
    for (size_t lane = 0; lane < ROW_ALIGN; lane++) total += sums[lane];
    return total + decoder->upper_bias[action];
}

/* Add to a hidden layer what a state's place `feature` adds for a token [padded(linear.values)], or for none (NULL). */
static void add_feature(const Decoder *decoder, DecoderScratch *scratch, size_t feature, const float *token, float *to)
{
    const size_t wide = hidden_row(decoder);
    const float *from = decoder->missing[feature];
    if (token) {
        const float *in[1] = {token};
        float *out[1] = {scratch->place};
        matrix_apply(&decoder->lower[feature], in, out, 1);
        from = scratch->place;
    }
    for (size_t i = 0; i < wide; i++) to[i] += from[i];
}

/* Begin the state of an open entity with its first token. A state of 3 places looks at the current token, the entity's
   first one, and the token before the current one; a state of 6 at the current token and the entity's first five. What
   is known when the entity opens is kept in `state`. */
static void open_entity(const Decoder *decoder, DecoderScratch *scratch, const float *token)
{
    float *state = scratch->decoding.state;
    memcpy(state, decoder->bias, hidden_row(decoder) * sizeof(float));
    if (decoder->features == 3) {
        add_feature(decoder, scratch, 1, token, state);
    } else if (decoder->features == 6) {
        add_feature(decoder, scratch, 1, token, state);
        for (size_t place = 2; place < 6; place++) add_feature(decoder, scratch, place, NULL, state);
    }
}

/* Return the state [H] of an open entity at its token number `inside`, but for the current token. */
static const float *open_state(const Decoder *decoder, DecoderScratch *scratch, uint32_t inside, const float *previous)
{
    const size_t wide = hidden_row(decoder);
    float *state = scratch->decoding.state;
    if (decoder->features == 3) {
        memcpy(scratch->sum, state, wide * sizeof(float));
        add_feature(decoder, scratch, 2, previous, scratch->sum);
        return scratch->sum;
    }
    if (decoder->features == 6 && inside >= 2 && inside < 6) { /* the entity's token number `inside` takes its place */
        for (size_t i = 0; i < wide; i++) state[i] -= decoder->missing[inside][i];
        add_feature(decoder, scratch, inside, previous, state);
    }
    return state;
}

static Status add_span(TokenSpans *found, TokenSpan span)
{
    const Status status = grow(&found->items, found->count, &found->capacity, sizeof(*found->items));
    if (status != OK) return status;
    found->items[found->count++] = span;
    return OK;
}

static int is_allowed(Move move, int space, int last)
{
    return move == MOVE_O || (!space && (move == MOVE_U || !last));
}

/* Return the best action while no entity is open, or -1 where none is valid. If the action begins an entity, set the
   logarithm of its probability among the valid actions. */
static int32_t best_start(const Decoder *decoder, const float *scores, int space, int last, double *log_probability)
{
    int32_t best = -1;
    for (int32_t i = 0; i < decoder->start_count; i++) {
        const int32_t action = decoder->starts[i];
        if ((best < 0 || scores[action] > scores[best]) && is_allowed(decoder->move[action], space, last))
            best = action;
    }
    if (best < 0 || decoder->move[best] == MOVE_O) return best;
    double total = 0;
    for (int32_t i = 0; i < decoder->start_count; i++) {
        const int32_t action = decoder->starts[i];
        if (is_allowed(decoder->move[action], space, last)) total += exp((double)scores[action] - scores[best]);
    }
    *log_probability = -log(total);
    return best;
}

/* Compute the scores of `count` tokens as if no entity were open: [count][returned stride]. `scratch->linear` and
   `scratch->lower` then hold what an open entity needs. */
static const float *score_closed(const Decoder *decoder, DecoderScratch *scratch, const float *vectors, size_t stride,
                                 size_t count, size_t *score_stride)
{
    const size_t wide = hidden_row(decoder), width = padded(decoder->hidden), linear = decoder->linear.matrix.outputs;
    apply_rows(&decoder->linear.matrix, scratch, vectors, stride, scratch->linear, count);
    apply_rows(&decoder->lower[0], scratch, scratch->linear, linear, scratch->lower, count);
    for (size_t i = 0; i < count; i++)
        maxout(decoder, scratch->lower + i * wide, decoder->closed_bias, scratch->hidden + i * width);
    *score_stride = width;
    if (!decoder->has_upper) return scratch->hidden;
    apply_rows(&decoder->upper, scratch, scratch->hidden, width, scratch->scores, count);
    *score_stride = decoder->upper.outputs;
    return scratch->scores;
}

Status decoder_run(const Decoder *decoder, DecoderScratch *scratch, const float *vectors, size_t stride, uint32_t text,
                   uint32_t count, uint32_t length, TokenFlags flags_of, const void *context, TokenSpans *found)
{
    const size_t wide = hidden_row(decoder), width = padded(decoder->hidden), linear = decoder->linear.matrix.outputs;
    size_t score_stride;
    const float *scores = score_closed(decoder, scratch, vectors, stride, count, &score_stride);
    Decoding *at = &scratch->decoding;
    Status status = OK;
    for (uint32_t i = 0; i < count; i++, at->token++) {
        const float *token = scratch->linear + i * linear;
        const uint32_t flags = flags_of(context, text, at->token);
        if (flags & TOKEN_IS_TAKEN) continue;
        const int last = at->token + 1 == length || (flags_of(context, text, at->token + 1) & TOKEN_ENDS_ENTITIES) != 0;
        if (at->open == NO_ENTITY) {
            double log_probability = 0;
            const int32_t action =
                best_start(decoder, scores + i * score_stride, (flags & TOKEN_IS_SPACE) != 0, last, &log_probability);
            if (action < 0) continue;
            if (decoder->move[action] == MOVE_U)
                status = add_span(found, (TokenSpan){text, at->token, at->token + 1, decoder->label[action],
                                                     (float)exp(log_probability)});
            if (status != OK) return status;
            if (decoder->move[action] == MOVE_B) {
                at->open = action;
                at->start = at->token;
                at->log_probability = log_probability;
                open_entity(decoder, scratch, token);
            }
            continue;
        }
        const int32_t in = decoder->in_of[at->open], close = decoder->last_of[at->open];
        const float *previous = i ? token - linear : at->previous;
        float *hidden = scratch->hidden + i * width; /* the closed scores of this token are not needed any more */
        const float *state = open_state(decoder, scratch, at->token - at->start, previous);
        if (!last) {
            maxout(decoder, scratch->lower + i * wide, state, hidden);
            const float more = score(decoder, hidden, in), done = score(decoder, hidden, close);
            const int goes_on = more > done || (more == done && in < close);
            at->log_probability -= log1p(exp(goes_on ? (double)done - more : (double)more - done));
            if (goes_on) continue;
        }
        status = add_span(
            found, (TokenSpan){text, at->start, at->token + 1, decoder->label[close], (float)exp(at->log_probability)});
        if (status != OK) return status;
        at->open = NO_ENTITY;
    }
    if (count) memcpy(at->previous, scratch->linear + (count - 1) * linear, linear * sizeof(float));
    return OK;
}

void decoder_free(Decoder *decoder)
{
    layer_free(&decoder->linear);
    for (size_t i = 0; i < MAX_FEATURES; i++) {
        matrix_free(&decoder->lower[i]);
        free(decoder->missing[i]);
    }
    free(decoder->bias);
    free(decoder->closed_bias);
    matrix_free(&decoder->upper);
    free(decoder->upper_rows);
    free(decoder->upper_bias);
    free(decoder->starts);
    free(decoder->move);
    free(decoder->in_of);
    free(decoder->last_of);
    free(decoder->label);
    memset(decoder, 0, sizeof(*decoder));
}
