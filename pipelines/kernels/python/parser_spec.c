/* A parser's layers, actions and labels, read; see parser_spec.h. */
#include "python/parser_spec.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/exceptions.h"
#include "python/layer_spec.h"

enum { FEW_PLACES = 8 };

/* Read the layer from a token's vector, whose width is the second dimension of the weights. */
static Status read_linear(ParserModel *model, PyObject *spec, const Instructions *instructions)
{
    static const char *const name = "the parser's linear layer";
    PyObject *weights, *bias, *gain, *shift;
    Status status = parse_tuple(spec, name, "OOOO", &weights, &bias, &gain, &shift);
    if (status != OK) return status;
    Floats w = {0};
    status = floats_borrow(&w, weights, 3, name);
    if (status == OK) model->width = w.shape[2];
    floats_release(&w);
    if (status != OK) return status;
    return read_plain_layer(&model->linear, &model->inputs, spec, instructions, model->width, 1, name);
}

/* Turn one place of the lower layer from [hidden][pieces] to [pieces][padded(hidden)], and pack its weights.
   turned: zeros, [pieces][padded(hidden)][inputs] */
static Status pack_place(ParserModel *model, size_t place, const Instructions *instructions, const Floats *w,
                         const Floats *missing, float *turned)
{
    const size_t width = padded(model->hidden), wide = parser_hidden_row(model);
    for (size_t o = 0; o < model->hidden; o++)
        for (size_t p = 0; p < model->pieces; p++) {
            const size_t from = (place * model->hidden + o) * model->pieces + p, to = p * width + o;
            memcpy(turned + to * model->inputs, w->data + from * model->inputs, model->inputs * sizeof(float));
            model->missing[place * wide + to] = missing->data[from];
        }
    return matrix_pack(&model->lower[place], instructions, turned, NULL, wide, 1, model->inputs, 1);
}

static Status pack_lower(ParserModel *model, const Instructions *instructions, const Floats *w, const Floats *b,
                         const Floats *missing)
{
    model->places = w->shape[0];
    model->hidden = w->shape[1];
    model->pieces = w->shape[2];
    const size_t wide = parser_hidden_row(model);
    model->missing = calloc(model->places * wide, sizeof(float));
    model->bias = calloc(wide, sizeof(float));
    float *turned = calloc(wide * model->inputs, sizeof(float));
    Status status = model->missing && model->bias && turned ? OK : NO_MEMORY;
    for (size_t place = 0; place < model->places && status == OK; place++)
        status = pack_place(model, place, instructions, w, missing, turned);
    free(turned);
    if (status != OK) return status;
    for (size_t o = 0; o < model->hidden; o++)
        for (size_t p = 0; p < model->pieces; p++)
            model->bias[p * padded(model->hidden) + o] = b->data[o * model->pieces + p];
    return OK;
}

static Status read_lower(ParserModel *model, PyObject *lower, PyObject *bias, PyObject *missing,
                         const Instructions *instructions)
{
    Floats w = {0}, b = {0}, m = {0};
    Status status = floats_borrow(&w, lower, 4, "the parser's lower layer");
    if (status == OK && w.shape[0] != FEW_PLACES && w.shape[0] != MAX_PLACES)
        status =
            bad_value("the parser's states must look at %d or %d tokens, not %zu", FEW_PLACES, MAX_PLACES, w.shape[0]);
    if (status == OK && w.shape[3] != model->inputs)
        status = bad_value("the parser's lower layer must have %zu inputs, not %zu", model->inputs, w.shape[3]);
    if (status == OK) status = floats_borrow(&b, bias, 2, "the parser's bias");
    if (status == OK) status = floats_check(&b, "the parser's bias", &w.shape[1]);
    if (status == OK) status = floats_borrow(&m, missing, 3, "what the parser adds for missing tokens");
    if (status == OK) status = floats_check(&m, "what the parser adds for missing tokens", w.shape);
    if (status == OK) status = pack_lower(model, instructions, &w, &b, &m);
    floats_release(&m);
    floats_release(&b);
    floats_release(&w);
    return status;
}

static Status read_upper(ParserModel *model, PyObject *spec, const Instructions *instructions)
{
    size_t actions = model->hidden;
    Status status = OK;
    if (spec != Py_None) {
        status =
            read_plain_layer(&model->upper, &actions, spec, instructions, model->hidden, 1, "the parser's upper layer");
        model->has_upper = status == OK;
    }
    model->actions = (int32_t)actions;
    return status;
}

/* Read bytes of pairs, as many as there are. */
static Status read_decorations(ParserModel *model, PyObject *spec)
{
    const Py_ssize_t size = PyBytes_Check(spec) ? PyBytes_Size(spec) : 0;
    const size_t count = (size_t)size / sizeof(Decoration);
    if (count > INT32_MAX) return bad_value("the parser has too many labels");
    int32_t *pairs = NULL;
    const Status status = copy_integers(&pairs, spec, 2 * count, "the decorations of labels");
    if (status != OK) return status;
    model->labels = (int32_t)count;
    model->decorations = (Decoration *)pairs;
    for (int32_t label = 0; label < model->labels; label++) {
        const Decoration decoration = model->decorations[label];
        const int is_plain = decoration.plain == NO_LABEL && decoration.head == NO_LABEL;
        const int is_decorated = decoration.plain >= 0 && decoration.plain < model->labels && decoration.head >= 0 &&
                                 decoration.head < model->labels;
        if (!is_plain && !is_decorated) return bad_value("label %d is decorated with labels that are not there", label);
    }
    return OK;
}

/* Check that parsing comes to an end, which needs a SHIFT and a REDUCE, and that every arc has a label. */
static Status check_actions(const ParserModel *model)
{
    int has_shift = 0, has_reduce = 0;
    for (int32_t action = 0; action < model->actions; action++) {
        const int32_t move = model->move[action], label = model->label[action];
        if (move < 0 || move >= MOVES) return bad_value("action %d has the move %d", action, move);
        const int is_arc = move == LEFT_ARC || move == RIGHT_ARC;
        if (is_arc ? label < 0 || label >= model->labels : label != NO_LABEL)
            return bad_value("action %d has the label %d", action, label);
        has_shift |= move == SHIFT;
        has_reduce |= move == REDUCE;
    }
    return has_shift && has_reduce ? OK : bad_value("the parser's actions must have a shift and a reduction");
}

Status read_parser_model(ParserModel *model, const Instructions **instructions, PyObject *args, PyObject *kwargs)
{
    static char *names[] = {"linear", "lower",       "bias", "missing",      "upper", "moves",
                            "labels", "decorations", "root", "instructions", NULL};
    PyObject *linear, *lower, *bias, *missing, *upper, *moves, *labels, *decorations;
    Py_ssize_t root;
    const char *name = NULL;
    if (!PyArg_ParseTupleAndKeywords(args, kwargs, "OOOOOOOOn|z", names, &linear, &lower, &bias, &missing, &upper,
                                     &moves, &labels, &decorations, &root, &name))
        return PYTHON_ERROR;
    Status status = read_instructions(instructions, name);
    if (status != OK) return status;
    status = read_linear(model, linear, *instructions);
    if (status != OK) return status;
    status = read_lower(model, lower, bias, missing, *instructions);
    if (status != OK) return status;
    status = read_upper(model, upper, *instructions);
    if (status != OK) return status;
    status = copy_integers(&model->move, moves, (size_t)model->actions, "the moves of actions");
    if (status != OK) return status;
    status = copy_integers(&model->label, labels, (size_t)model->actions, "the labels of actions");
    if (status != OK) return status;
    status = read_decorations(model, decorations);
    if (status != OK) return status;
    if (root < 0 || root >= model->labels) return bad_value("the label of roots is %zd of %d", root, model->labels);
    model->root = (int32_t)root;
    status = check_actions(model);
    if (status != OK) return status;
    return parser_model_prepare(model);
}
