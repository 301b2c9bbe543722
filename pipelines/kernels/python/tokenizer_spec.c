/* A tokenizer read and checked; see tokenizer_spec.h. */
#include "python/tokenizer_spec.h"

#include <stdlib.h>
#include <string.h>

#include "python/arguments.h"
#include "python/arrays.h"
#include "python/exceptions.h"
#include "python/program_check.h"

enum { MOST_CLASSES = 1 << 16, MOST_STRINGS = 1 << 24, MOST_WORDS = (1 << 16) - 1 };

/* Copy bytes of unsigned integers of 32 bits to the heap, [*count]. */
static Status copy_numbers(uint32_t **copy, PyObject *bytes, size_t *count, const char *name)
{
    *count = PyBytes_Check(bytes) ? (size_t)PyBytes_Size(bytes) / sizeof(**copy) : 0;
    int32_t *integers = NULL;
    const Status status = copy_integers(&integers, bytes, *count, name);
    *copy = (uint32_t *)integers;
    return status;
}

/* ---- classes ---- */

/* Read the ranges of a class to the end of the tokenizer's ranges, and set the bits of ASCII. */
static Status read_class(CharacterClass *class, const uint32_t *ranges, size_t count, uint32_t *kept)
{
    uint32_t next = 0; /* the first code point that a range may begin with */
    class->ranges = kept;
    for (size_t r = 0; r < count; r++) {
        const uint32_t first = ranges[2 * r], last = ranges[2 * r + 1];
        if (first < next || last < first || last > 0x10ffff)
            return bad_value("the ranges of a class of characters must ascend");
        for (uint32_t point = first; point <= last && point < PATTERN_ASCII; point++)
            class->ascii[point >> 6] |= (uint64_t)1 << (point & 63);
        if (last >= PATTERN_ASCII) {
            kept[2 * class->range_count] = first < PATTERN_ASCII ? PATTERN_ASCII : first;
            kept[2 * class->range_count++ + 1] = last;
        }
        next = last + 1;
    }
    return OK;
}

static Status read_classes(Tokenizer *tokenizer, PyObject *classes)
{
    const Py_ssize_t count = PyTuple_Size(classes);
    size_t bytes = 0, used = 0;
    if (count > MOST_CLASSES) return bad_value("there must be at most %d classes of characters", MOST_CLASSES);
    for (Py_ssize_t c = 0; c < count; c++) {
        PyObject *ranges = PyTuple_GetItem(classes, c);
        if (!PyBytes_Check(ranges) || PyBytes_Size(ranges) % 8)
            return bad_value("a class of characters must be bytes of ranges");
        bytes += (size_t)PyBytes_Size(ranges);
    }
    tokenizer->ranges = malloc(bytes + 1);
    tokenizer->classes = calloc((size_t)count + 1, sizeof(*tokenizer->classes));
    if (!tokenizer->ranges || !tokenizer->classes) return NO_MEMORY;
    tokenizer->class_count = (uint32_t)count;
    for (Py_ssize_t c = 0; c < count; c++) {
        uint32_t *ranges = NULL;
        size_t numbers;
        Status status = copy_numbers(&ranges, PyTuple_GetItem(classes, c), &numbers, "a class of characters");
        CharacterClass *class = &tokenizer->classes[c];
        if (status == OK) status = read_class(class, ranges, numbers / 2, tokenizer->ranges + used);
        free(ranges);
        if (status != OK) return status;
        used += 2 * class->range_count;
    }
    return OK;
}

/* ---- patterns ---- */

static Status read_pattern(Tokenizer *tokenizer, Rule rule, PyObject *spec)
{
    Pattern *pattern = &tokenizer->patterns[rule];
    PyObject *code, *alternatives;
    size_t numbers;
    uint32_t *copy = NULL;
    if (spec == Py_None) return OK;
    Status status = parse_tuple(spec, "a pattern", "OO", &code, &alternatives);
    if (status != OK) return status;
    status = copy_numbers(&copy, code, &pattern->code_size, "a program");
    pattern->code = (int32_t *)copy;
    if (status != OK) return status;
    copy = NULL;
    status = copy_numbers(&copy, alternatives, &numbers, "the alternatives of a pattern");
    pattern->alternatives = (Alternative *)copy;
    if (status != OK) return status;
    if (numbers % 4) return bad_value("an alternative of a pattern must have 4 numbers");
    pattern->alternative_count = (uint32_t)(numbers / 4);
    tokenizer->has_pattern[rule] = 1;
    return check_program(pattern, tokenizer->class_count, rule == RULE_SUFFIX);
}

static Status read_patterns(Tokenizer *tokenizer, PyObject *patterns)
{
    if (PyTuple_Size(patterns) != RULE_COUNT) return bad_value("a tokenizer must have %d patterns", RULE_COUNT);
    for (int rule = 0; rule < RULE_COUNT; rule++) {
        const Status status = read_pattern(tokenizer, (Rule)rule, PyTuple_GetItem(patterns, rule));
        if (status != OK) return status;
    }
    return OK;
}

/* ---- strings ---- */

static Status read_strings(StringTable *table, PyObject *strings, Py_ssize_t most)
{
    const Py_ssize_t count = PyTuple_Size(strings);
    if (count > most) return bad_value("there must be at most %zd strings", most);
    table->starts = calloc((size_t)count + 1, sizeof(*table->starts));
    if (!table->starts) return NO_MEMORY;
    size_t total = 0;
    for (Py_ssize_t s = 0; s < count; s++) {
        PyObject *string = PyTuple_GetItem(strings, s);
        const char *utf8;
        size_t size;
        if (!PyUnicode_Check(string)) return bad_value("a word of a tokenizer must be a string");
        const Status status = borrow_utf8(string, &utf8, &size);
        if (status != OK) return status;
        char *bytes = realloc(table->bytes, total + size + 1);
        if (!bytes) return NO_MEMORY;
        table->bytes = bytes;
        memcpy(bytes + total, utf8, size);
        total += size;
        if (total > INT32_MAX) return bad_value("the words of a tokenizer must have less than 2 GiB");
        table->starts[++table->count] = (uint32_t)total;
    }
    return OK;
}

/* Check that starts [count + 1] ascend from 0 to `total`, so that nothing is empty. */
static Status check_starts(const uint32_t *starts, size_t numbers, size_t count, size_t total, const char *name)
{
    int fits = numbers == count + 1 && starts[0] == 0 && starts[count] == total;
    for (size_t i = 0; fits && i < count; i++) fits = starts[i] < starts[i + 1];
    return fits ? OK : bad_value("the starts of %s do not fit", name);
}

static uint32_t points_of(const StringTable *table, uint32_t string)
{
    uint32_t count = 0;
    for (uint32_t i = table->starts[string]; i < table->starts[string + 1]; i++)
        count += ((unsigned char)table->bytes[i] & 0xc0) != 0x80;
    return count;
}

static Status read_exceptions(Tokenizer *tokenizer, PyObject *spec, size_t norm_count)
{
    PyObject *strings, *starts, *tokens;
    size_t start_count, token_numbers;
    uint32_t *copy = NULL;
    Status status =
        parse_tuple(spec, "the exceptions of a tokenizer", "O!OO", &PyTuple_Type, &strings, &starts, &tokens);
    if (status == OK) status = read_strings(&tokenizer->exceptions, strings, MOST_STRINGS);
    if (status == OK) status = copy_numbers(&tokenizer->exception_starts, starts, &start_count, "exceptions");
    if (status == OK) status = copy_numbers(&copy, tokens, &token_numbers, "tokens of exceptions");
    tokenizer->exception_tokens = (ExceptionToken *)copy;
    if (status != OK) return status;
    const uint32_t count = tokenizer->exceptions.count;
    if (token_numbers % 2) return bad_value("a token of an exception must have 2 numbers");
    status = check_starts(tokenizer->exception_starts, start_count, count, token_numbers / 2, "exceptions");
    if (status != OK) return status;
    for (uint32_t e = 0; e < count; e++) {
        uint64_t length = 0;
        for (uint32_t t = tokenizer->exception_starts[e]; t < tokenizer->exception_starts[e + 1]; t++) {
            length += tokenizer->exception_tokens[t].length;
            if (tokenizer->exception_tokens[t].norm > norm_count)
                return bad_value("an exception has norm %u of %zu", tokenizer->exception_tokens[t].norm, norm_count);
        }
        if (length != points_of(&tokenizer->exceptions, e))
            return bad_value("the tokens of an exception do not make its text");
    }
    return OK;
}

static Status read_phrases(Tokenizer *tokenizer, PyObject *words, PyObject *spec)
{
    PyObject *numbers, *starts;
    size_t word_count, start_count;
    Status status = read_strings(&tokenizer->words, words, MOST_WORDS);
    if (status == OK) status = parse_tuple(spec, "the phrases of a tokenizer", "OO", &numbers, &starts);
    if (status == OK) status = copy_numbers(&tokenizer->phrases, numbers, &word_count, "phrases");
    if (status == OK) status = copy_numbers(&tokenizer->phrase_starts, starts, &start_count, "phrases");
    if (status != OK) return status;
    if (!start_count) return bad_value("the starts of phrases do not fit");
    const uint32_t count = tokenizer->phrase_count = (uint32_t)start_count - 1, known = tokenizer->words.count;
    status = check_starts(tokenizer->phrase_starts, start_count, count, word_count, "phrases");
    if (status != OK) return status;
    tokenizer->phrases_of = calloc((size_t)known + 2, sizeof(*tokenizer->phrases_of));
    if (!tokenizer->phrases_of) return NO_MEMORY;
    for (size_t w = 0; w < word_count; w++)
        if (!tokenizer->phrases[w] || tokenizer->phrases[w] > known)
            return bad_value("a phrase has word %u of %u", tokenizer->phrases[w], known);
    uint32_t phrase = 0;
    for (uint32_t word = 0; word <= known; word++) {
        tokenizer->phrases_of[word] = phrase;
        while (phrase < count && tokenizer->phrases[tokenizer->phrase_starts[phrase]] == word) phrase++;
    }
    tokenizer->phrases_of[known + 1] = phrase;
    return phrase == count ? OK : bad_value("phrases must be in the order of their first words");
}

Status read_tokenizer(Tokenizer *tokenizer, PyObject *spec, size_t norm_count)
{
    PyObject *classes, *patterns, *exceptions, *words, *phrases;
    Status status = parse_tuple(spec, "a tokenizer", "O!O!OO!Oi", &PyTuple_Type, &classes, &PyTuple_Type, &patterns,
                                &exceptions, &PyTuple_Type, &words, &phrases, &tokenizer->letters_are_whole);
    if (status == OK) status = read_classes(tokenizer, classes);
    if (status == OK) status = read_patterns(tokenizer, patterns);
    if (status == OK) status = read_exceptions(tokenizer, exceptions, norm_count);
    if (status == OK) status = read_phrases(tokenizer, words, phrases);
    return status == OK ? tokenizer_prepare(tokenizer) : status;
}
