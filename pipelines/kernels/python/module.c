/* The Python module `spanwise.pipelines.kernels._kernels`: its types, and the constants that Python and C share.

pipelines/entities/compiled takes these constants from here. pipelines/sentiment works without kernels, too, so it has
its own; compiled_model.py there compares them with these when it is imported. */
#include "parser/parser_model.h"
#include "python/kernel_types.h"
#include "python/limited_api.h"
#include "sentiment/gate.h"
#include "sentiment/sentiment_model.h"
#include "spans/batch.h"

#define CONSTANT(NAME) {#NAME, NAME}

static const struct {
    const char *name;
    long value;
} constants[] = {
    /* spans/batch.h */
    CONSTANT(WANT_ENTITIES),
    CONSTANT(WANT_SENTENCES),
    CONSTANT(WANT_CATEGORIES),
    CONSTANT(WANT_TOKENS),
    CONSTANT(WANT_VECTORS),
    CONSTANT(WANT_SPANS),
    CONSTANT(WANT_MATCHES),
    CONSTANT(WITHIN_SENTENCES),
    /* spans/ruler.h */
    CONSTANT(MOST_SYMBOL_COLUMNS),
    CONSTANT(MOST_BIT_COLUMNS),
    CONSTANT(MOST_MATCHES),
    CONSTANT(ONE_TOKEN),
    CONSTANT(ANY_NUMBER),
    CONSTANT(AT_MOST_ONE),
    CONSTANT(ANOTHER_TOKEN),
    /* spans/runs.h */
    CONSTANT(MODE_SPACE_FOLLOWS),
    CONSTANT(MODE_WHOLE_TEXT),
    /* spans/lexicon.h */
    CONSTANT(TOKEN_IS_SPACE),
    CONSTANT(TOKEN_IS_PUNCT),
    CONSTANT(TOKEN_ENDS_SENTENCE),
    CONSTANT(EXCEPTION_WORD_SHIFT),
    /* spans/decoder.h */
    CONSTANT(MOVE_NONE),
    CONSTANT(MOVE_B),
    CONSTANT(MOVE_I),
    CONSTANT(MOVE_L),
    CONSTANT(MOVE_U),
    CONSTANT(MOVE_O),
    /* parser/parser_model.h */
    CONSTANT(SHIFT),
    CONSTANT(REDUCE),
    CONSTANT(LEFT_ARC),
    CONSTANT(RIGHT_ARC),
    CONSTANT(BREAK),
    /* classification/ngrams.h, classification/classifier.h */
    CONSTANT(LONGEST_NGRAM),
    CONSTANT(NETWORK_OF_ENTITIES),
    CONSTANT(POOL_FIRST),
    CONSTANT(POOL_LAST),
    CONSTANT(POOL_MAX),
    CONSTANT(POOL_MEAN),
    CONSTANT(POOL_ATTENTION),
    CONSTANT(ACTIVATION_NONE),
    CONSTANT(ACTIVATION_SOFTMAX),
    CONSTANT(ACTIVATION_LOGISTIC),
    /* classification/span_categorizer.h */
    CONSTANT(LONGEST_SPAN),
    CONSTANT(ANY_LABELS),
    CONSTANT(NO_CLASS),
    /* sentiment/sentiment_model.h */
    CONSTANT(SENTIMENT_CLASSES),
    CONSTANT(SENTENCE_OUTPUTS),
    CONSTANT(MAX_DISTANCE),
    CONSTANT(TARGET_WINDOW),
    CONSTANT(GATE_POINTS),
    CONSTANT(GATE_WORDS),
    CONSTANT(TARGET_ROWS),
    CONSTANT(ATTENTION_LIMIT),
    /* sentiment/embeddings.h */
    CONSTANT(MIN_NGRAM),
    CONSTANT(MAX_NGRAM),
    CONSTANT(NGRAM_KEY),
    /* sentiment/sentiment_words.h */
    CONSTANT(WORD_IS_CAPITALS),
    CONSTANT(WORD_IS_TITLE),
    CONSTANT(WORD_IS_STRETCHED),
    CONSTANT(WORD_IS_HASHTAG),
    CONSTANT(WORD_IS_SMALL),
    CONSTANT(WORD_WAS_TITLE),
    CONSTANT(LONG_WORD),
    CONSTANT(TITLE_CASE),
    CONSTANT(MAX_STARS),
    CONSTANT(FULL_STAR),
    CONSTANT(EMPTY_STAR),
    CONSTANT(SENTIMENT_FLAGS),
    CONSTANT(CHARACTER_SPACE),
    CONSTANT(CHARACTER_WORD),
    CONSTANT(CHARACTER_SYMBOL),
    CONSTANT(CHARACTER_PUNCTUATION),
    CONSTANT(CHARACTER_IGNORED),
    CONSTANT(CHARACTER_CLASS_BITS),
    CONSTANT(CHARACTER_CASED),
    CONSTANT(CHARACTER_UPPER),
    CONSTANT(TAGS_START),
    CONSTANT(MAX_KEY),
};

static int add_type(PyObject *module, PyType_Spec *spec)
{
    PyObject *type = PyType_FromModuleAndSpec(module, spec, NULL);
    const int failed = !type || PyModule_AddType(module, (PyTypeObject *)type);
    Py_XDECREF(type);
    return failed ? -1 : 0;
}

/* Called by Python: returns 0, or -1 with an exception set. */
static int execute(PyObject *module)
{
    if (add_type(module, &span_kernels_type) || add_type(module, &sentiment_kernels_type) ||
        add_type(module, &parser_kernels_type))
        return -1;
    for (size_t i = 0; i < sizeof(constants) / sizeof(*constants); i++)
        if (PyModule_AddIntConstant(module, constants[i].name, constants[i].value)) return -1;
    return 0;
}

static PyModuleDef_Slot slots[] = {{Py_mod_exec, execute}, {0, NULL}};

static struct PyModuleDef definition = {
    PyModuleDef_HEAD_INIT,
    "_kernels",
    "Entities, sentences, categories, trees and sentiment in C.",
    0,
    NULL,
    slots,
    NULL,
    NULL,
    NULL,
};

PyMODINIT_FUNC PyInit__kernels(void) { return PyModuleDef_Init(&definition); }
