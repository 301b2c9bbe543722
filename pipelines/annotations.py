"""Define the layers of annotation, and the record that holds the layers of one text as plain values.

A layer is one kind of annotation that something computes: an engine finds entities and sentences, a sentiment model
scores sentences and targets. A feature of the contract needs some layers (`features/feature_table.py`). Positions are
code points. Nothing of spaCy's (Doc, Span, Token) is in here, so that spaCy's memory can be given back after a batch.
"""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, NamedTuple, get_args

Layer = Literal[
    "entities",
    "sentences",
    "sentiment",
    "target_sentiment",
    "categories",
    "spans",
    "tokens",
    "noun_chunks",
    "extensions",
    "language",
]
Layers = frozenset[Layer]

ENTITIES: Layers = frozenset({"entities"})
SENTENCES: Layers = frozenset({"sentences"})
TOKENS: Layers = frozenset({"tokens"})
NOUN_CHUNKS: Layers = frozenset({"noun_chunks"})
CATEGORIES: Layers = frozenset({"categories"})
SPANS: Layers = frozenset({"spans"})
ENTITIES_AND_SENTENCES: Layers = ENTITIES | SENTENCES
SENTIMENT_LAYERS: Layers = frozenset({"sentiment", "target_sentiment"})
"""What a sentiment model computes, from the text and the layers of the engine."""
ENGINE_LAYERS: Layers = frozenset(get_args(Layer)) - SENTIMENT_LAYERS - {"language"}
"""What an engine computes from the text alone."""


class EntitySpan(NamedTuple):
    """A named entity: code points `[start, end)`.

    `confidence` is a calibrated probability, or None where nothing was calibrated for the pipeline's weights.
    `raw_score` is the model's own probability, or None where spaCy computed the entity, because spaCy gives none.
    """

    start: int
    end: int
    label: str
    confidence: float | None
    raw_score: float | None = None
    id: str | None = None
    """The id that a ruler's pattern gives."""
    kb_id: str | None = None
    """The id in a knowledge base that an entity_linker gives."""
    extensions: Mapping[str, Any] | None = None
    """The values of declared custom attributes, with the layer `extensions`."""

    def __repr__(self) -> str:
        """Show the fields that have a value."""
        fields = self._asdict()
        required = {name: fields.pop(name) for name in ("start", "end", "label", "confidence")}
        shown = required | {name: value for name, value in fields.items() if value is not None}
        return f"EntitySpan({', '.join(f'{name}={value!r}' for name, value in shown.items())})"


class SentenceSpan(NamedTuple):
    """A sentence without the white space around it: code points `[start, end)`."""

    start: int
    end: int


class LabelledSpan(NamedTuple):
    """A span of a group that is called `key`: code points `[start, end)`. The spans of a group may overlap."""

    key: str
    start: int
    end: int
    label: str
    score: float | None
    id: str | None
    extensions: Mapping[str, Any] | None = None
    """The values of declared custom attributes, with the layer `extensions`."""


class NounChunk(NamedTuple):
    """A base noun phrase: code points `[start, end)`, and the index of its head token."""

    start: int
    end: int
    root: int


@dataclass(slots=True)
class Tokens:
    """The tokens of a text as columns of equal length, one value for each token, white space tokens included."""

    start: list[int]
    """Code points."""
    end: list[int]
    """Code points, exclusive."""
    space_after: list[bool]
    """Whether one space follows that is no part of the next token."""
    annotated: dict[str, list[str]] = field(default_factory=dict)
    """`tag`, `pos`, `morph`, `lemma`, `dep`: those that the pipeline's components set in this text."""
    head: list[int] | None = None
    """The index of each token's syntactic head, which is its own at a root; None without a parse."""


class Scores(NamedTuple):
    """Probabilities of the three pure classes; they add up to 1."""

    negative: float
    neutral: float
    positive: float


class TextScores(NamedTuple):
    """The scores of a whole text and of each of its sentences, in order.

    `statements` are the lines, cells and clauses that sentences were cut into, each with its code points; None where
    every sentence is one statement.
    """

    whole: Scores
    sentences: list[Scores]
    statements: "list[tuple[int, Scores]] | None" = None


class DetectedLanguage(NamedTuple):
    """The language that a text seems to be in."""

    language: str
    """A code of ISO 639-1, or `und` where the guess is not sure."""
    confidence: float
    """The probability that the guess is right."""
    guess: str
    """The most likely code, sure or not; `und` where a text has nothing to go by, such as digits alone."""


@dataclass(slots=True)
class Annotations:
    """The layers of one text, each in the order of the text; empty or None where a layer was not asked for."""

    entities: list[EntitySpan] = field(default_factory=list)
    sentences: list[SentenceSpan] = field(default_factory=list)
    sentiment: TextScores | None = None
    target_sentiment: list[Scores] | None = None
    """One for each entity."""
    categories: dict[str, float] | None = None
    """The score of each label of the text classifiers."""
    spans: list[LabelledSpan] = field(default_factory=list)
    """The groups one after the other, each in its own order."""
    tokens: Tokens | None = None
    noun_chunks: list[NounChunk] = field(default_factory=list)
    extensions: dict[str, Any] | None = None
    """The values of declared custom attributes of the Doc, by name, without those that are None."""
    restriction: list[int] | None = None
    """Where spaCy's components before a recognizer that did not run begin a sentence; None where none was left out."""
    language: DetectedLanguage | None = None
