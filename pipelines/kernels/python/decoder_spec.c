/* A decoder read; see decoder_spec.h. */
#include "python/decoder_spec.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/exceptions.h"
#include "python/layer_spec.h"

/* Allocate [count] zeros. */
static Status make_zeros(float **zeros, size_t count)
{
    *zeros = calloc(count, sizeof(float));
    return *zeros ? OK : NO_MEMORY;
}

/* Turn one feature of the lower layer from [hidden][pieces] to [pieces][padded(hidden)], pack its weights, and add up
   what is missing. w, b, missing: as in decoder_spec.h; turned: zeros, [pieces][padded(hidden)][inputs] */
static Status pack_feature(Decoder *decoder, size_t feature, const Instructions *instructions, const Floats *w,
                           const Floats *b, const Floats *missing, float *turned)
{
    const size_t hidden = decoder->hidden, pieces = decoder->pieces, inputs = w->shape[3];
    const size_t width = padded(hidden), wide = pieces * width;
    const Status status = make_zeros(&decoder->missing[feature], wide);
    if (status != OK) return status;
    for (size_t o = 0; o < hidden; o++)
        for (size_t p = 0; p < pieces; p++) {
            const size_t from = (feature * hidden + o) * pieces + p, to = p * width + o;
            memcpy(turned + to * inputs, w->data + from * inputs, inputs * sizeof(float));
            decoder->missing[feature][to] = missing->data[from];
            if (!feature) decoder->bias[to] = b->data[o * pieces + p];
            decoder->closed_bias[to] += feature ? missing->data[from] : b->data[o * pieces + p];
        }
    return matrix_pack(&decoder->lower[feature], instructions, turned, NULL, wide, 1, inputs, 1);
}

static Status pack_lower(Decoder *decoder, const Instructions *instructions, const Floats *w, const Floats *b,
                         const Floats *missing)
{
    decoder->features = w->shape[0];
    decoder->hidden = w->shape[1];
    decoder->pieces = w->shape[2];
    const size_t wide = decoder->pieces * padded(decoder->hidden);
    Status status = make_zeros(&decoder->bias, wide);
    if (status != OK) return status;
    status = make_zeros(&decoder->closed_bias, wide);
    if (status != OK) return status;
    float *turned;
    status = make_zeros(&turned, wide * w->shape[3]);
    for (size_t f = 0; f < decoder->features && status == OK; f++)
        status = pack_feature(decoder, f, instructions, w, b, missing, turned);
    free(turned);
    return status;
}

static Status read_lower(Decoder *decoder, PyObject *lower, PyObject *bias, PyObject *missing,
                         const Instructions *instructions)
{
    Floats w = {0}, b = {0}, m = {0};
    Status status = floats_borrow(&w, lower, 4, "the decoder's lower layer");
    if (status == OK && w.shape[0] != 3 && w.shape[0] != MAX_FEATURES)
        status = bad_value("the decoder's states must look at 3 or %d tokens, not %zu", MAX_FEATURES, w.shape[0]);
    if (status == OK && w.shape[3] != decoder->linear.values)
        status =
            bad_value("the decoder's lower layer must have %zu inputs, not %zu", decoder->linear.values, w.shape[3]);
    if (status == OK) status = floats_borrow(&b, bias, 2, "the decoder's bias");
    if (status == OK) status = floats_check(&b, "the decoder's bias", &w.shape[1]);
    if (status == OK) status = floats_borrow(&m, missing, 3, "what the decoder adds for missing tokens");
    if (status == OK) status = floats_check(&m, "what the decoder adds for missing tokens", w.shape);
    if (status == OK) status = pack_lower(decoder, instructions, &w, &b, &m);
    floats_release(&m);
    floats_release(&b);
    floats_release(&w);
    return status;
}

static Status read_upper(Decoder *decoder, PyObject *weights, PyObject *bias, const Instructions *instructions)
{
    if ((weights == Py_None) != (bias == Py_None))
        return bad_value("the decoder's upper layer must have both weights and a bias, or neither");
    decoder->actions = (int32_t)decoder->hidden;
    if (weights == Py_None) return OK;
    Floats w = {0};
    Status status = floats_borrow(&w, weights, 2, "the decoder's upper layer");
    if (status == OK) status = floats_check(&w, "the decoder's upper layer", (size_t[]){w.shape[0], decoder->hidden});
    if (status == OK)
        status = copy_vector(&decoder->upper_bias, bias, w.shape[0], "the bias of the decoder's upper layer");
    if (status == OK)
        status = copy_rows(&decoder->upper_rows, weights, w.shape[0], w.shape[1], "the decoder's upper layer");
    if (status == OK) {
        decoder->has_upper = 1;
        decoder->actions = (int32_t)w.shape[0];
        status = matrix_pack(&decoder->upper, instructions, w.data, decoder->upper_bias, w.shape[0], 1, w.shape[1], 1);
    }
    floats_release(&w);
    return status;
}

static Status check_action(const Decoder *decoder, int32_t action)
{
    const int32_t move = decoder->move[action], in = decoder->in_of[action], last = decoder->last_of[action];
    if (move < MOVE_NONE || move > MOVE_O) return bad_value("action %d has the move %d", action, move);
    if (in < -1 || in >= decoder->actions || last < -1 || last >= decoder->actions)
        return bad_value("action %d leads to an action that is not there", action);
    if (move == MOVE_B && (in < 0 || last < 0)) return bad_value("action %d begins an entity that cannot end", action);
    if (decoder->label[action] < 0 || decoder->label[action] >= decoder->actions)
        return bad_value("action %d has the label %d", action, decoder->label[action]);
    return OK;
}

static Status read_actions(Decoder *decoder, PyObject *moves, PyObject *in_of, PyObject *last_of, PyObject *labels)
{
    const size_t actions = (size_t)decoder->actions;
    Status status = copy_integers(&decoder->move, moves, actions, "the moves of actions");
    if (status != OK) return status;
    status = copy_integers(&decoder->in_of, in_of, actions, "the I actions");
    if (status != OK) return status;
    status = copy_integers(&decoder->last_of, last_of, actions, "the L actions");
    if (status != OK) return status;
    status = copy_integers(&decoder->label, labels, actions, "the labels of actions");
    if (status != OK) return status;
    decoder->starts = calloc(actions, sizeof(*decoder->starts));
    if (!decoder->starts) return NO_MEMORY;
    for (int32_t action = 0; action < decoder->actions; action++) {
        status = check_action(decoder, action);
        if (status != OK) return status;
        const int32_t move = decoder->move[action];
        if (move == MOVE_B || move == MOVE_U || move == MOVE_O) decoder->starts[decoder->start_count++] = action;
    }
    return OK;
}

Status read_decoder(Decoder *decoder, PyObject *spec, size_t width, const Instructions *instructions)
{
    PyObject *linear, *lower, *bias, *missing, *upper, *upper_bias, *moves, *in_of, *last_of, *labels;
    Status status = parse_tuple(spec, "the decoder", "OOOOOOOOOO", &linear, &lower, &bias, &missing, &upper,
                                &upper_bias, &moves, &in_of, &last_of, &labels);
    if (status != OK) return status;
    status = read_plain_layer(&decoder->linear.matrix, &decoder->linear.values, linear, instructions, width, 1,
                              "the decoder's linear layer");
    if (status != OK) return status;
    status = read_lower(decoder, lower, bias, missing, instructions);
    if (status != OK) return status;
    status = read_upper(decoder, upper, upper_bias, instructions);
    if (status != OK) return status;
    return read_actions(decoder, moves, in_of, last_of, labels);
}
