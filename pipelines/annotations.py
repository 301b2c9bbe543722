"""Define the layers of annotation, and the record that holds the layers of one text as plain values.

A layer is one kind of annotation that something computes: an engine finds entities and sentences, a sentiment model
scores sentences and targets. A feature of the contract needs some layers (`features/feature_table.py`). Positions are
code points. Nothing of spaCy's (Doc, Span, Token) is in here, so that spaCy's memory can be given back after a batch.
"""

from dataclasses import dataclass, field
from typing import Literal, NamedTuple

Layer = Literal["entities", "sentences", "sentiment", "target_sentiment", "language"]
Layers = frozenset[Layer]

ENTITIES: Layers = frozenset({"entities"})
SENTENCES: Layers = frozenset({"sentences"})
ENTITIES_AND_SENTENCES: Layers = ENTITIES | SENTENCES
SENTIMENT_LAYERS: Layers = frozenset({"sentiment", "target_sentiment"})
"""What a sentiment model computes, from the text and the layers of the engine."""


class EntitySpan(NamedTuple):
    """A named entity: code points `[start, end)`; `confidence` is a probability, or None where the engine has none."""

    start: int
    end: int
    label: str
    confidence: float | None


class SentenceSpan(NamedTuple):
    """A sentence without the white space around it: code points `[start, end)`."""

    start: int
    end: int


class Scores(NamedTuple):
    """Probabilities of the three pure classes; they add up to 1."""

    negative: float
    neutral: float
    positive: float


class TextScores(NamedTuple):
    """The scores of a whole text and of each of its sentences, in order."""

    whole: Scores
    sentences: list[Scores]


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
    language: DetectedLanguage | None = None
