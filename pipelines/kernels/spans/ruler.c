/* Phrases and patterns over the codes of tokens; see ruler.h. */
#include "spans/ruler.h"

#include <stdlib.h>

#include "grow.h"
#include "sorted_keys.h"

enum { FIRST_SLOTS = 256, FEW_STATES = 32 };

/* How one state of a pattern takes a token; the words are those of `get_action` in spacy/matcher/matcher.pyx. */
typedef enum {
    REJECT,
    MATCH,
    ADVANCE,
    RETRY,
    RETRY_ADVANCE,
    RETRY_EXTEND,
    MATCH_EXTEND,
    MATCH_REJECT, /* a match without this token */
    MATCH_DOUBLE, /* matches with and without this token */
} Action;

/* What a run over a text is about. */
typedef struct {
    const Rulers *rulers;
    const Ruler *ruler;
    MatchScratch *scratch;
    uint32_t text, number;
    size_t first_match; /* of the text, those of other rulers included */
    int is_whole;
} Search;

/* ---- symbols ---- */

uint32_t symbol_of(const SymbolColumn *column, uint64_t value)
{
    const size_t place = place_of_key(column->values, column->count, value);
    return place < column->count ? (uint32_t)place + 1 : 0;
}

static Status add_match(Search *search, uint32_t match, uint32_t first, uint32_t last)
{
    MatchScratch *scratch = search->scratch;
    if (scratch->count - search->first_match >= MOST_MATCHES) {
        search->is_whole = 0;
        return OK;
    }
    const Status status = grow(&scratch->matches, scratch->count, &scratch->capacity, sizeof(*scratch->matches));
    if (status == OK)
        scratch->matches[scratch->count++] = (RulerMatch){search->text, search->number, match, first, last};
    return status;
}

/* ---- phrases ---- */

static size_t edge_slot(const Edge *edges, size_t slots, uint32_t node, uint32_t symbol)
{
    uint64_t hash = ((uint64_t)node << 32 | symbol) * 0x9e3779b97f4a7c15u;
    size_t slot = (size_t)(hash ^ hash >> 32) & (slots - 1);
    while (edges[slot].child && (edges[slot].node != node || edges[slot].symbol != symbol))
        slot = (slot + 1) & (slots - 1);
    return slot;
}

static Status grow_edges(Ruler *ruler)
{
    const size_t slots = ruler->edge_slots ? 2 * ruler->edge_slots : FIRST_SLOTS;
    Edge *edges = calloc(slots, sizeof(*edges));
    if (!edges) return NO_MEMORY;
    for (size_t s = 0; s < ruler->edge_slots; s++) {
        const Edge edge = ruler->edges[s];
        if (edge.child) edges[edge_slot(edges, slots, edge.node, edge.symbol)] = edge;
    }
    free(ruler->edges);
    ruler->edges = edges;
    ruler->edge_slots = slots;
    const size_t nodes = ruler->ends ? ruler->edge_count + 1 : 0; /* that have an entry there */
    uint32_t *ends = realloc(ruler->ends, slots * sizeof(*ends));
    if (!ends) return NO_MEMORY;
    memset(ends + nodes, 0, (slots - nodes) * sizeof(*ends));
    ruler->ends = ends;
    return OK;
}

Status ruler_add_phrase(Ruler *ruler, const uint32_t *symbols, size_t length, uint32_t match, uint32_t end)
{
    uint32_t node = 0;
    for (size_t i = 0; i < length; i++) {
        if (4 * (ruler->edge_count + 2) > 3 * ruler->edge_slots) {
            const Status status = grow_edges(ruler);
            if (status != OK) return status;
        }
        Edge *edge = &ruler->edges[edge_slot(ruler->edges, ruler->edge_slots, node, symbols[i])];
        if (!edge->child) *edge = (Edge){node, symbols[i], (uint32_t)++ruler->edge_count};
        node = edge->child;
    }
    ruler->phrase_ends[end] = (PhraseEnd){match, ruler->ends[node]};
    ruler->ends[node] = end + 1;
    return OK;
}

/* Find the phrases that begin with a token. */
static Status find_phrases(Search *search, uint32_t start, uint32_t length,
                           const float *(*codes_at)(const void *, uint32_t, uint32_t), const void *batch)
{
    const Ruler *ruler = search->ruler;
    uint32_t node = 0;
    for (uint32_t token = start; token < length; token++) {
        const uint32_t symbol = code_of(codes_at(batch, search->text, token), ruler->phrase_column);
        if (!symbol) return OK;
        node = ruler->edges[edge_slot(ruler->edges, ruler->edge_slots, node, symbol)].child;
        if (!node) return OK;
        for (uint32_t end = ruler->ends[node]; end; end = ruler->phrase_ends[end - 1].next) {
            const Status status = add_match(search, ruler->phrase_ends[end - 1].match, start, token + 1);
            if (status != OK) return status;
        }
    }
    return OK;
}

/* ---- patterns ---- */

static int fits(const Search *search, const PatternToken *token, const float *codes)
{
    const TokenTest *test = search->ruler->tests + token->first_test;
    for (const TokenTest *end = test + token->test_count; test < end; test++) {
        const uint32_t code = code_of(codes, test->column);
        if (test->column < search->rulers->symbol_count ? code != test->value : (code & test->value) != test->value)
            return 0;
    }
    return 1;
}

static Action action_of(const Search *search, const PatternToken *token, const float *codes)
{
    const int does_fit = fits(search, token, codes), is_last = token->is_last != 0;
    switch (token->quantifier) {
    case ANY_NUMBER:
        if (does_fit) return is_last ? MATCH_EXTEND : RETRY_EXTEND;
        return is_last ? MATCH_REJECT : RETRY;
    case AT_MOST_ONE:
        if (does_fit) return is_last ? MATCH_DOUBLE : RETRY_ADVANCE;
        return is_last ? MATCH_REJECT : RETRY;
    default:
        if (does_fit == (token->quantifier == ANOTHER_TOKEN)) return REJECT;
        return is_last ? MATCH : ADVANCE;
    }
}

static Status add_state(PatternStates *states, uint32_t token, uint32_t start)
{
    const Status status = grow(&states->items, states->count, &states->capacity, sizeof(*states->items));
    if (status == OK) states->items[states->count++] = (PatternState){token, start};
    return status;
}

/* Add a state for each pattern that a token may begin, in the order of the patterns. */
static Status begin_patterns(Search *search, uint32_t start, const float *codes)
{
    const Ruler *ruler = search->ruler;
    const uint32_t *at[MOST_SYMBOL_COLUMNS + 1], *end[MOST_SYMBOL_COLUMNS + 1];
    size_t lists = 0;
    if (ruler->always_count) {
        at[lists] = ruler->always;
        end[lists++] = ruler->always + ruler->always_count;
    }
    for (uint32_t c = 0; c < search->rulers->symbol_count; c++) {
        const Starts *starts = &ruler->starts[c];
        const uint32_t symbol = code_of(codes, c);
        if (!symbol || !starts->starts || starts->starts[symbol] == starts->starts[symbol + 1]) continue;
        at[lists] = starts->items + starts->starts[symbol];
        end[lists++] = starts->items + starts->starts[symbol + 1];
    }
    for (;;) {
        uint32_t next = UINT32_MAX;
        for (size_t l = 0; l < lists; l++)
            if (at[l] < end[l] && *at[l] < next) next = *at[l];
        if (next == UINT32_MAX) return OK;
        for (size_t l = 0; l < lists; l++) at[l] += at[l] < end[l] && *at[l] == next;
        const Status status = add_state(&search->scratch->states, ruler->firsts[next], start);
        if (status != OK) return status;
    }
}

/* Let one state take a token. The states that stay are written over those that have been taken, from *kept on. */
static Status take(Search *search, PatternState state, uint32_t token, const float *codes, size_t *kept)
{
    MatchScratch *scratch = search->scratch;
    const PatternToken *tokens = search->ruler->tokens;
    uint32_t at = state.token;
    Status status = OK;
    Action action = action_of(search, &tokens[at], codes);
    for (; action == RETRY || action == RETRY_ADVANCE || action == RETRY_EXTEND; scratch->steps++) {
        if (action != RETRY) status = add_state(&scratch->fresh, at + (action == RETRY_ADVANCE), state.start);
        if (status != OK) return status;
        action = action_of(search, &tokens[++at], codes);
    }
    const uint32_t match = tokens[at].match;
    if (action == MATCH_DOUBLE || action == MATCH_REJECT || action == MATCH_EXTEND)
        status = state.start < token ? add_match(search, match, state.start, token) : OK;
    if (status == OK && (action == MATCH || action == MATCH_DOUBLE))
        status = add_match(search, match, state.start, token + 1);
    if (action == ADVANCE || action == MATCH_EXTEND)
        scratch->states.items[(*kept)++] = (PatternState){at + (action == ADVANCE), state.start};
    return status;
}

/* Leave out states that are there twice, where there are many: all that follows from the second follows from the
   first before. */
static Status leave_out_twins(MatchScratch *scratch)
{
    PatternStates *states = &scratch->states;
    if (states->count <= FEW_STATES) return OK;
    size_t slots = FIRST_SLOTS, kept = 0;
    while (slots < 2 * states->count) slots *= 2;
    if (slots > scratch->seen_capacity) {
        free(scratch->seen);
        scratch->seen = malloc(slots * sizeof(*scratch->seen));
        scratch->seen_capacity = scratch->seen ? slots : 0;
        if (!scratch->seen) return NO_MEMORY;
    }
    memset(scratch->seen, 0, slots * sizeof(*scratch->seen));
    for (size_t s = 0; s < states->count; s++) {
        const PatternState state = states->items[s];
        const uint64_t hash = ((uint64_t)state.token << 32 | state.start) * 0x9e3779b97f4a7c15u;
        size_t slot = (size_t)(hash ^ hash >> 32) & (slots - 1);
        const PatternState *other = NULL;
        for (; scratch->seen[slot]; slot = (slot + 1) & (slots - 1)) {
            other = &states->items[scratch->seen[slot] - 1];
            if (other->token == state.token && other->start == state.start) break;
        }
        if (scratch->seen[slot]) continue;
        states->items[kept++] = state;
        scratch->seen[slot] = (uint32_t)kept;
    }
    states->count = kept;
    return OK;
}

/* Let all states take a token: those that have not moved to another token of their pattern's come first. */
static Status take_token(Search *search, uint32_t token, const float *codes)
{
    MatchScratch *scratch = search->scratch;
    size_t kept = 0;
    Status status = begin_patterns(search, token, codes);
    scratch->fresh.count = 0;
    for (size_t s = 0; s < scratch->states.count && status == OK; s++)
        status = take(search, scratch->states.items[s], token, codes, &kept);
    scratch->steps += scratch->states.count;
    if (scratch->steps > MOST_STEPS) search->is_whole = 0;
    scratch->states.count = kept;
    for (size_t s = 0; s < scratch->fresh.count && status == OK; s++)
        status = add_state(&scratch->states, scratch->fresh.items[s].token, scratch->fresh.items[s].start);
    return status == OK ? leave_out_twins(scratch) : status;
}

/* Add the matches whose last tokens need not be there. */
static Status finish_patterns(Search *search, uint32_t length)
{
    Status status = OK;
    for (size_t s = 0; s < search->scratch->states.count && status == OK; s++) {
        const PatternState state = search->scratch->states.items[s];
        const PatternToken *token = &search->ruler->tokens[state.token];
        while ((token->quantifier == ANY_NUMBER || token->quantifier == AT_MOST_ONE) && !token->is_last) token++;
        if ((token->quantifier == ANY_NUMBER || token->quantifier == AT_MOST_ONE) && state.start < length)
            status = add_match(search, token->match, state.start, length);
    }
    return status;
}

Status ruler_run(const Rulers *rulers, uint32_t number, MatchScratch *scratch, uint32_t text, uint32_t length,
                 const float *(*codes_at)(const void *, uint32_t, uint32_t), const void *batch, int *is_whole)
{
    size_t first_match = scratch->count;
    while (first_match && scratch->matches[first_match - 1].text == text) first_match--;
    Search search = {rulers, &rulers->rulers[number], scratch, text, number, first_match, 1};
    Status status = OK;
    scratch->states.count = 0;
    scratch->steps = 0;
    if (search.ruler->pattern_count) {
        for (uint32_t t = 0; t < length && status == OK && search.is_whole; t++)
            status = take_token(&search, t, codes_at(batch, text, t));
        if (status == OK && search.is_whole) status = finish_patterns(&search, length);
    }
    if (search.ruler->edges)
        for (uint32_t t = 0; t < length && status == OK && search.is_whole; t++)
            status = find_phrases(&search, t, length, codes_at, batch);
    if (!search.is_whole) scratch->count = search.first_match;
    *is_whole = search.is_whole;
    return status;
}

/* ---- memory ---- */

static void ruler_free(Ruler *ruler, size_t columns)
{
    for (size_t c = 0; ruler->starts && c < columns; c++) {
        free(ruler->starts[c].starts);
        free(ruler->starts[c].items);
    }
    free(ruler->starts);
    free(ruler->always);
    free(ruler->firsts);
    free(ruler->tokens);
    free(ruler->tests);
    free(ruler->phrase_ends);
    free(ruler->ends);
    free(ruler->edges);
}

void rulers_free(Rulers *rulers)
{
    for (size_t r = 0; rulers->rulers && r < rulers->ruler_count; r++)
        ruler_free(&rulers->rulers[r], rulers->symbol_count);
    free(rulers->rulers);
    for (size_t c = 0; c < rulers->symbol_count; c++) free(rulers->symbols[c].values);
}

void match_scratch_free(MatchScratch *scratch)
{
    free(scratch->matches);
    free(scratch->states.items);
    free(scratch->fresh.items);
    free(scratch->seen);
}
