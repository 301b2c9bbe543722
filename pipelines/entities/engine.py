"""What computes entities and sentence boundaries: one small protocol, and the plain values that it deals in.

An engine takes texts and returns positions in code points. Nothing of spaCy's (Doc, Span, Token) ever leaves it, so
that its memory can be given back after every batch and no object is shared between threads. There are two:
`compiled/compiled_engine.py` and, for what that does not know, `spacy_engine.py`.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal, NamedTuple, Protocol

EngineName = Literal["compiled", "spacy"]


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


@dataclass(frozen=True, slots=True)
class Wanted:
    """What to compute for one text."""

    entities: bool
    sentences: bool


@dataclass(slots=True)
class Annotations:
    """What was computed for one text, each in the order of the text; empty where it was not wanted."""

    entities: list[EntitySpan]
    sentences: list[SentenceSpan]


class Engine(Protocol):
    """Computes annotations, a batch at a time. Any number of threads may call."""

    @property
    def name(self) -> EngineName:
        """How `/v1/pipelines` names it."""
        ...

    def annotate(self, texts: Sequence[str], wanted: Sequence[Wanted]) -> list[Annotations]:
        """One result per text, in order. Raises what the pipeline's components raise."""
        ...


@dataclass(frozen=True, slots=True)
class Chains:
    """Names of the components to run, in order.

    `encoders` run on every text: what the others take their vectors from or, in a pipeline that must run as a whole
    (see `spacy_pipeline.py`), every component. `entities` and `sentences` run where they are wanted.
    """

    encoders: tuple[str, ...]
    entities: tuple[str, ...]
    sentences: tuple[str, ...]
