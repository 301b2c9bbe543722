"""Rulers by chance: phrases and patterns that overlap, share words and keys, and have ids."""

import random
from typing import Any

from spacy.language import Language

from spanwise.pipelines.annotations import ENTITIES, SPANS
from spanwise.pipelines.entities.engine_choice import Choice
from spanwise.pipelines.entities.spacy_layers import entities_of, spans_of
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline

WORDS = (
    "a",
    "b",
    "c",
    "A",
    "B",
    "Acme",
    "acme",
    "Corp",
    ".",
    ",",
    "7",
    "42",
    "don't",
    "can't",
    "he's",
    "New",
    "York",
    "🎉",
)
SPACES = (" ", " ", "  ", "")
FACTORIES = ("entity_ruler", "entity_ruler", "span_ruler", "future_entity_ruler")
OPERATORS = ("*", "+", "?", "!", "{2}", "{1,3}", "{,2}", "{2,}", "1")


def random_text(source: random.Random, words: int) -> str:
    """Return words with odd white space between them."""
    return "".join(word + source.choice(SPACES) for word in source.choices(WORDS, k=words))


def random_token(source: random.Random) -> dict[str, Any]:
    """Describe a token by one of everything that is compiled."""
    word = source.choice(WORDS)
    described: dict[str, Any] = source.choice(
        [
            {source.choice(["LOWER", "ORTH", "TEXT", "lower", "NORM"]): source.choice([word, word.lower()])},
            {source.choice(["IS_TITLE", "IS_PUNCT", "LIKE_NUM", "IS_SPACE"]): source.random() < 0.8},
            {"LOWER": {source.choice(["IN", "NOT_IN", "INTERSECTS"]): source.choices(WORDS, k=3)}},
            {"LENGTH": source.choice([1, 2, {">=": 2}, {"<": 3, "!=": 1}])},
            {"LOWER": {"FUZZY": "acmee"}},
            {"SHAPE": source.choice(["X", "x", "Xxxx", "d", "dd"]), "SPACY": source.random() < 0.5},
            {"LOWER": word.lower(), "IS_ALPHA": True},
            {},
        ]
    )
    return described | ({"OP": source.choice(OPERATORS)} if described and source.random() < 0.45 else {})


def random_patterns(source: random.Random) -> list[dict[str, Any]]:
    """Return phrases and patterns; some of them have ids, and some match the same words as others."""
    found: list[dict[str, Any]] = []
    for _ in range(source.randint(1, 8)):
        tokens = [random_token(source) for _ in range(source.randint(1, 3))]
        phrase = random_text(source, source.randint(1, 3)).strip()
        found.append({"label": source.choice("PQRST"), "pattern": source.choice([phrase, tokens])})
        if source.random() < 0.4:
            found[-1]["id"] = source.choice("xyz")
    phrases = [one for one in found if isinstance(one["pattern"], str)]
    return [*found, *({**one, "label": source.choice("UVWXYZ")} for one in phrases for _ in range(2))]


def random_ruler(source: random.Random) -> tuple[str, dict[str, Any]]:
    """Return a factory and its configuration."""
    factory = source.choice(FACTORIES)
    config: dict[str, Any] = {"phrase_matcher_attr": source.choice([None, "LOWER", "NORM", "SHAPE", "LENGTH"])}
    if factory != "span_ruler":
        return factory, config | {"overwrite_ents": source.random() < 0.5}
    longest = {"@misc": "spacy.first_longest_spans_filter.v1"}
    return factory, config | {
        "spans_key": source.choice(["one", "two", None]),
        "annotate_ents": source.random() < 0.3,
        "overwrite": source.random() < 0.6,
        "spans_filter": source.choice([None, longest]),
    }


def with_rulers(nlp: Language, *rulers: tuple[str, dict[str, Any], list[dict[str, Any]]]) -> Language:
    """Add rulers to the end of a pipeline: factory, configuration, patterns."""
    for number, (factory, config, patterns) in enumerate(rulers):
        ruler: Any = nlp.add_pipe(factory, name=f"rules{number}", config=config)
        ruler.add_patterns(patterns)
    return nlp


def differences(loaded: LoadedPipeline, choice: Choice, texts: list[str]) -> list[str]:
    """Return the texts in which the engine finds other entities or spans than the pipeline itself."""
    wanted = loaded.layers & (ENTITIES | SPANS)
    found = choice.engine.annotate(texts, [wanted] * len(texts))
    wrong = []
    for text, one in zip(texts, found, strict=True):
        doc = loaded.nlp(text)
        expected = [(*span[:3], span.id) for span in entities_of(doc)] if "entities" in wanted else []
        if [(*span[:3], span.id) for span in one.entities] != expected or one.spans != spans_of(doc):
            wrong.append(text)
    return wrong
