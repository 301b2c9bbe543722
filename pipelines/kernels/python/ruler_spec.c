/* Rulers read; see ruler_spec.h. What is read here is checked here: the search indexes without asking again. */
#include "python/ruler_spec.h"

#include <stdlib.h>

#include "python/arguments.h"
#include "python/exceptions.h"

enum { TEST_COLUMNS = 2, TOKEN_COLUMNS = 4 };
static const size_t LARGEST_COUNT = (size_t)1 << 30;

/* Copy bytes of items of `size` bytes to the heap, with one item more than there are. `copy`: address of a pointer */
static Status copy_items(void *copy, size_t *count, PyObject *object, size_t size, const char *name)
{
    if (!PyBytes_Check(object) || (size_t)PyBytes_Size(object) % size ||
        (size_t)PyBytes_Size(object) / size > LARGEST_COUNT)
        return bad_value("%s must be bytes of whole items", name);
    *count = (size_t)PyBytes_Size(object) / size;
    void *items = calloc(*count + 1, size);
    memcpy(copy, &items, sizeof(items));
    if (!items) return NO_MEMORY;
    memcpy(items, PyBytes_AsString(object), *count * size);
    return OK;
}

static int ascend(const uint32_t *items, size_t count, size_t limit)
{
    for (size_t i = 0; i < count; i++)
        if (items[i] >= limit || (i && items[i - 1] >= items[i])) return 0;
    return 1;
}

static Status read_symbols(SymbolColumn *symbols, PyObject *spec, size_t columns)
{
    PyObject *values;
    Py_ssize_t column;
    Status status = parse_tuple(spec, "the symbols of rulers", "nO", &column, &values);
    if (status != OK) return status;
    if (column < 0 || (size_t)column >= columns)
        return bad_value("the symbols of rulers read column %zd of %zu", column, columns);
    symbols->column = (uint32_t)column;
    status = copy_items(&symbols->values, &symbols->count, values, sizeof(*symbols->values), "the symbols of rulers");
    for (size_t i = 1; i < symbols->count && status == OK; i++)
        if (symbols->values[i - 1] >= symbols->values[i]) return bad_value("the symbols of rulers must ascend");
    return status;
}

/* ---- phrases ---- */

static Status add_phrases(Ruler *ruler, const uint32_t *symbols, size_t symbol_count, const uint32_t *lengths,
                          const uint32_t *matches, size_t count, size_t values)
{
    size_t first = 0;
    for (size_t p = 0; p < count; p++) {
        if (!lengths[p] || lengths[p] > symbol_count - first)
            return bad_value("a phrase of %zu symbols, where there are %zu", (size_t)lengths[p], symbol_count - first);
        for (size_t i = 0; i < lengths[p]; i++)
            if (!symbols[first + i] || symbols[first + i] > values)
                return bad_value("a phrase has symbol %zu of %zu", (size_t)symbols[first + i], values);
        const Status status = ruler_add_phrase(ruler, symbols + first, lengths[p], matches[p], (uint32_t)p);
        if (status != OK) return status;
        first += lengths[p];
    }
    return first == symbol_count ? OK : bad_value("symbols that belong to no phrase");
}

static Status read_phrases(Ruler *ruler, PyObject *spec, const Rulers *rulers)
{
    PyObject *symbols, *lengths, *matches;
    Py_ssize_t column;
    size_t symbol_count = 0, count = 0, match_count = 0;
    uint32_t *all = NULL, *each = NULL, *numbers = NULL;
    if (spec == Py_None) return OK;
    Status status = parse_tuple(spec, "the phrases of a ruler", "nOOO", &column, &symbols, &lengths, &matches);
    if (status != OK) return status;
    if (column < 0 || (size_t)column >= rulers->symbol_count)
        return bad_value("phrases read symbols %zd of %zu", column, rulers->symbol_count);
    ruler->phrase_column = (uint32_t)column;
    status = copy_items(&all, &symbol_count, symbols, sizeof(*all), "the symbols of phrases");
    if (status == OK) status = copy_items(&each, &count, lengths, sizeof(*each), "the lengths of phrases");
    if (status == OK) status = copy_items(&numbers, &match_count, matches, sizeof(*numbers), "the numbers of phrases");
    if (status == OK && count != match_count) status = bad_value("%zu phrases with %zu numbers", count, match_count);
    if (status == OK) {
        ruler->phrase_ends = calloc(count + 1, sizeof(*ruler->phrase_ends));
        ruler->phrase_end_count = count;
        status = ruler->phrase_ends ? OK : NO_MEMORY;
    }
    if (status == OK)
        status = add_phrases(ruler, all, symbol_count, each, numbers, count, rulers->symbols[column].count);
    free(all);
    free(each);
    free(numbers);
    return status;
}

/* ---- patterns ---- */

static Status read_tests(Ruler *ruler, PyObject *spec, const Rulers *rulers)
{
    Status status = copy_items(&ruler->tests, &ruler->test_count, spec, TEST_COLUMNS * sizeof(uint32_t), "tests");
    for (size_t i = 0; i < ruler->test_count && status == OK; i++)
        if (ruler->tests[i].column >= codes_size(rulers))
            status = bad_value("a test reads code %zu of %zu", (size_t)ruler->tests[i].column, codes_size(rulers));
    return status;
}

/* Read the tokens of all patterns, and where each pattern begins. */
static Status read_tokens(Ruler *ruler, PyObject *spec, PyObject *firsts)
{
    uint32_t (*rows)[TOKEN_COLUMNS] = NULL;
    Status status = copy_items(&rows, &ruler->token_count, spec, sizeof(*rows), "the tokens of patterns");
    if (status == OK)
        status = copy_items(&ruler->firsts, &ruler->pattern_count, firsts, sizeof(*ruler->firsts), "the patterns");
    if (status == OK &&
        (!ruler->pattern_count || ruler->firsts[0] || !ascend(ruler->firsts, ruler->pattern_count, ruler->token_count)))
        status = bad_value("the first tokens of patterns must ascend from 0");
    if (status == OK) {
        ruler->tokens = calloc(ruler->token_count, sizeof(*ruler->tokens));
        status = ruler->tokens ? OK : NO_MEMORY;
    }
    for (size_t t = 0; t < ruler->token_count && status == OK; t++) {
        const uint32_t *row = rows[t];
        if (row[0] > ruler->test_count || row[1] > ruler->test_count - row[0] || row[3] > ANOTHER_TOKEN)
            status = bad_value("token %zu of the patterns is damaged", t);
        ruler->tokens[t] = (PatternToken){row[0], row[1], row[2], row[3], t + 1 == ruler->token_count};
    }
    for (size_t p = 1; p < ruler->pattern_count && status == OK; p++) ruler->tokens[ruler->firsts[p] - 1].is_last = 1;
    free(rows);
    return status;
}

/* Read None, or (starts, items). */
static Status read_start(Starts *starts, PyObject *spec, const Ruler *ruler, size_t values)
{
    PyObject *bounds, *items;
    size_t bound_count = 0, item_count = 0;
    if (spec == Py_None) return OK;
    Status status = parse_tuple(spec, "the starts of patterns", "OO", &bounds, &items);
    if (status == OK) status = copy_items(&starts->starts, &bound_count, bounds, sizeof(uint32_t), "the starts");
    if (status == OK) status = copy_items(&starts->items, &item_count, items, sizeof(uint32_t), "the starts");
    if (status != OK) return status;
    if (bound_count != values + 2 || starts->starts[0] || starts->starts[bound_count - 1] != item_count)
        return bad_value("%zu starts of patterns for %zu symbols", bound_count, values);
    for (size_t s = 0; s + 1 < bound_count; s++) {
        const uint32_t first = starts->starts[s], last = starts->starts[s + 1];
        if (first > last || last > item_count || !ascend(starts->items + first, last - first, ruler->pattern_count))
            return bad_value("the patterns that a symbol begins must ascend");
    }
    return OK;
}

static Status read_patterns(Ruler *ruler, PyObject *spec, const Rulers *rulers)
{
    PyObject *tests, *tokens, *firsts, *always, *starts;
    if (spec == Py_None) return OK;
    Status status = parse_tuple(spec, "the patterns of a ruler", "OOOOO!", &tests, &tokens, &firsts, &always,
                                &PyTuple_Type, &starts);
    if (status == OK) status = read_tests(ruler, tests, rulers);
    if (status == OK) status = read_tokens(ruler, tokens, firsts);
    if (status == OK)
        status = copy_items(&ruler->always, &ruler->always_count, always, sizeof(*ruler->always), "the patterns");
    if (status != OK) return status;
    if (!ascend(ruler->always, ruler->always_count, ruler->pattern_count))
        return bad_value("the patterns that no symbol begins must ascend");
    if ((size_t)PyTuple_Size(starts) != rulers->symbol_count) return bad_value("starts for each of the symbols");
    for (size_t c = 0; c < rulers->symbol_count; c++) {
        PyObject *one = PyTuple_GetItem(starts, (Py_ssize_t)c);
        status = read_start(&ruler->starts[c], one, ruler, rulers->symbols[c].count);
        if (status != OK) return status;
    }
    return OK;
}

static Status read_ruler(Ruler *ruler, PyObject *spec, const Rulers *rulers)
{
    PyObject *phrases, *patterns;
    Status status = parse_tuple(spec, "a ruler", "OO", &phrases, &patterns);
    if (status != OK) return status;
    ruler->starts = calloc(rulers->symbol_count + 1, sizeof(*ruler->starts));
    if (!ruler->starts) return NO_MEMORY;
    status = read_phrases(ruler, phrases, rulers);
    return status == OK ? read_patterns(ruler, patterns, rulers) : status;
}

Status read_rulers(Rulers *rulers, PyObject *spec, size_t columns)
{
    PyObject *symbols, *bits, *all;
    if (spec == Py_None) return OK;
    Status status =
        parse_tuple(spec, "the rulers", "O!O!O!", &PyTuple_Type, &symbols, &PyTuple_Type, &bits, &PyTuple_Type, &all);
    if (status != OK) return status;
    if (PyTuple_Size(symbols) > MOST_SYMBOL_COLUMNS || PyTuple_Size(bits) > MOST_BIT_COLUMNS)
        return bad_value("rulers read at most %d symbols and %d columns of answers", MOST_SYMBOL_COLUMNS,
                         MOST_BIT_COLUMNS);
    for (Py_ssize_t c = 0; c < PyTuple_Size(symbols); c++) {
        status = read_symbols(&rulers->symbols[rulers->symbol_count++], PyTuple_GetItem(symbols, c), columns);
        if (status != OK) return status;
    }
    for (Py_ssize_t b = 0; b < PyTuple_Size(bits); b++) {
        const Py_ssize_t column = PyLong_AsSsize_t(PyTuple_GetItem(bits, b));
        if (column == -1 && PyErr_Occurred()) return PYTHON_ERROR;
        if (column < 0 || (size_t)column >= columns) return bad_value("answers are column %zd of %zu", column, columns);
        rulers->bits[rulers->bit_count++] = (uint32_t)column;
    }
    const size_t count = (size_t)PyTuple_Size(all);
    rulers->rulers = calloc(count + 1, sizeof(*rulers->rulers));
    if (!rulers->rulers) return NO_MEMORY;
    while (rulers->ruler_count < count) {
        PyObject *one = PyTuple_GetItem(all, (Py_ssize_t)rulers->ruler_count);
        status = read_ruler(&rulers->rulers[rulers->ruler_count++], one, rulers); /* freed if it fails */
        if (status != OK) return status;
    }
    return OK;
}
