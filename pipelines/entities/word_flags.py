"""The flags of a lexeme that depend on its characters and language alone, as patterns of rulers name them."""

WORD_FLAGS = frozenset(
    [
        "IS_ALPHA",
        "IS_ASCII",
        "IS_BRACKET",
        "IS_CURRENCY",
        "IS_DIGIT",
        "IS_LEFT_PUNCT",
        "IS_LOWER",
        "IS_PUNCT",
        "IS_QUOTE",
        "IS_RIGHT_PUNCT",
        "IS_SPACE",
        "IS_STOP",
        "IS_TITLE",
        "IS_UPPER",
        "LIKE_EMAIL",
        "LIKE_NUM",
        "LIKE_URL",
    ]
)
