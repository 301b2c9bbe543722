/* Arc-eager transitions; see parse_state.h. */
#include "parser/parse_state.h"

#include <stdlib.h>
#include <string.h>

/* ---- memory ---- */

static Status reserve(ParseState *state, uint32_t length)
{
    if (length <= state->capacity) return OK;
    parse_state_free(state);
    state->tokens = malloc(length * sizeof(*state->tokens));
    state->stack = malloc(length * sizeof(*state->stack));
    state->returned = malloc(length * sizeof(*state->returned));
    if (!state->tokens || !state->stack || !state->returned) {
        parse_state_free(state);
        return NO_MEMORY;
    }
    state->capacity = length;
    return OK;
}

void parse_state_free(ParseState *state)
{
    free(state->tokens);
    free(state->stack);
    free(state->returned);
    memset(state, 0, sizeof(*state));
}

Status parse_state_begin(ParseState *state, uint32_t length, const int8_t *starts)
{
    const Status status = reserve(state, length);
    if (status != OK) return status;
    state->length = length;
    state->depth = state->returned_count = state->next = 0;
    for (uint32_t i = 0; i < length; i++) {
        const int start = starts ? starts[i] : 0;
        const uint32_t flags = start > 0 ? PARSE_STARTS : start < 0 ? PARSE_CANNOT_START : 0;
        state->tokens[i] = (ParseToken){NO_TOKEN, NO_LABEL, NO_TOKEN, NO_TOKEN, NO_TOKEN, flags};
    }
    return OK;
}

/* ---- stack and buffer ---- */

static int32_t on_stack(const ParseState *state, uint32_t place)
{
    return place < state->depth ? (int32_t)state->stack[state->depth - 1 - place] : NO_TOKEN;
}

static int32_t in_buffer(const ParseState *state, uint32_t place)
{
    if (place < state->returned_count) return (int32_t)state->returned[state->returned_count - 1 - place];
    const uint32_t token = state->next + place - state->returned_count;
    return token < state->length ? (int32_t)token : NO_TOKEN;
}

static uint32_t buffer_length(const ParseState *state) { return state->length - state->next + state->returned_count; }

static uint32_t flags_of(const ParseState *state, int32_t token)
{
    return token == NO_TOKEN ? 0 : state->tokens[token].flags;
}

static void push(ParseState *state)
{
    state->stack[state->depth++] = state->returned_count ? state->returned[--state->returned_count] : state->next++;
}

/* ---- arcs ---- */

/* Take a token from its head, whose latest child to that side it is: arcs are only replaced for the top of the stack,
   and its head, below it on the stack, gets no further child meanwhile. */
static void remove_arc(ParseState *state, int32_t child)
{
    ParseToken *token = &state->tokens[child], *head = &state->tokens[token->head];
    int32_t *last = token->head > child ? &head->last_left : &head->last_right;
    if (*last == child) *last = token->earlier;
}

static void add_arc(ParseState *state, int32_t head, int32_t child, int32_t label)
{
    ParseToken *token = &state->tokens[child];
    if (token->head != NO_TOKEN) remove_arc(state, child);
    int32_t *last = head > child ? &state->tokens[head].last_left : &state->tokens[head].last_right;
    token->head = head;
    token->label = label;
    token->earlier = *last;
    *last = child;
}

/* ---- moves ---- */

uint32_t parse_state_valid(const ParseState *state)
{
    const uint32_t left = buffer_length(state);
    if (!left) return state->depth ? 1u << REDUCE : 0;
    const int32_t front = in_buffer(state, 0), second = in_buffer(state, 1);
    const uint32_t flags = flags_of(state, front);
    uint32_t valid = 0;
    if (!state->depth || (left >= 2 && !(flags & (PARSE_STARTS | PARSE_CAME_BACK)))) valid |= 1u << SHIFT;
    if (state->depth && !(state->depth == 1 && flags & PARSE_CANNOT_START)) valid |= 1u << REDUCE;
    if (state->depth && !(flags & PARSE_STARTS)) valid |= 1u << LEFT_ARC | 1u << RIGHT_ARC;
    if (left >= 2 && second == front + 1 && !(flags_of(state, second) & (PARSE_STARTS | PARSE_CANNOT_START)))
        valid |= 1u << BREAK;
    return valid;
}

static void reduce(ParseState *state)
{
    const uint32_t top = state->stack[--state->depth];
    if (!state->depth || state->tokens[top].head != NO_TOKEN) return;
    state->tokens[top].flags |= PARSE_CAME_BACK;
    state->returned[state->returned_count++] = top;
}

void parse_state_apply(ParseState *state, ParserMove move, int32_t label)
{
    const int32_t front = in_buffer(state, 0), top = on_stack(state, 0);
    switch (move) {
    case SHIFT: push(state); break;
    case REDUCE: reduce(state); break;
    case LEFT_ARC:
        add_arc(state, front, top, label);
        state->tokens[front].flags &= ~(uint32_t)PARSE_CAME_BACK;
        state->depth--;
        break;
    case RIGHT_ARC:
        add_arc(state, top, front, label);
        push(state);
        break;
    default: state->tokens[in_buffer(state, 1)].flags |= PARSE_STARTS; break;
    }
}

void parse_state_give_up(ParseState *state)
{
    state->depth = 0;
    state->next = state->length;
}

/* ---- what a state looks at ---- */

/* Return a child: the latest one (`number` 1) or the one before it (2). */
static int32_t left_child(const ParseState *state, int32_t head, int number)
{
    int32_t child = head == NO_TOKEN ? NO_TOKEN : state->tokens[head].last_left;
    return number == 1 || child == NO_TOKEN ? child : state->tokens[child].earlier;
}

static int32_t right_child(const ParseState *state, int32_t head, int number)
{
    int32_t child = head == NO_TOKEN ? NO_TOKEN : state->tokens[head].last_right;
    return number == 1 || child == NO_TOKEN ? child : state->tokens[child].earlier;
}

void parse_state_places(const ParseState *state, int32_t *ids, size_t places)
{
    const int32_t b0 = in_buffer(state, 0), s0 = on_stack(state, 0), s1 = on_stack(state, 1);
    ids[0] = b0;
    ids[1] = in_buffer(state, 1);
    ids[2] = s0;
    ids[3] = s1;
    ids[4] = on_stack(state, 2);
    if (places == 8) {
        ids[5] = left_child(state, b0, 1);
        ids[6] = left_child(state, s0, 1);
        ids[7] = right_child(state, s0, 1);
        return;
    }
    /* spaCy's `set_context_tokens` writes the second left child of S0 and overwrites it at once: so it is not here */
    ids[5] = left_child(state, s0, 1);
    ids[6] = right_child(state, s0, 1);
    ids[7] = left_child(state, b0, 1);
    ids[8] = right_child(state, s0, 2);
    ids[9] = left_child(state, s1, 1);
    ids[10] = left_child(state, s1, 2);
    ids[11] = right_child(state, s1, 1);
    ids[12] = right_child(state, s1, 2);
}
