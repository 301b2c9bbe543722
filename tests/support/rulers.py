"""An entity_ruler that finds something in nearly every text: phrases, and patterns with every operator."""

from typing import Any

from spacy.language import Language

PATTERNS: list[dict[str, Any]] = [
    {"label": "FIRM", "pattern": "Bank of New England", "id": "bank"},
    {"label": "FIRM", "pattern": "Google"},
    {"label": "MAKER", "pattern": "Google"},
    {"label": "NAME", "pattern": [{"IS_TITLE": True}, {"IS_TITLE": True, "OP": "+"}]},
    {"label": "SUM", "pattern": [{"ORTH": "$", "OP": "?"}, {"LIKE_NUM": True}, {"LOWER": {"IN": ["million", "%"]}}]},
    {"label": "END", "pattern": [{"LENGTH": {">": 3}}, {"OP": "{,2}"}, {"IS_PUNCT": True, "OP": "*"}, {"NORM": "not"}]},
    {"label": "LINK", "pattern": [{"LIKE_URL": True, "OP": "!"}, {"SPACY": False}, {"SHAPE": "dddd"}]},
]


def add_rules(nlp: Language) -> Language:
    """Add two rulers to the end of a pipeline, the second of which writes over what the first one finds."""
    for number, overwrite in enumerate((False, True)):
        config = {"overwrite_ents": overwrite, "phrase_matcher_attr": ("ORTH", "LOWER")[number]}
        ruler: Any = nlp.add_pipe("entity_ruler", name=f"rules{number}", config=config)
        ruler.add_patterns(PATTERNS[number:])
    return nlp


RULES = ("rules0", "rules1")
