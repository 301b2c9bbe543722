"""What the analyzer asks of a sentiment model."""

from collections.abc import Sequence
from typing import NamedTuple, Protocol


class Scores(NamedTuple):
    """Probabilities of the three pure classes; they add up to 1."""

    negative: float
    neutral: float
    positive: float


class SentimentModel(Protocol):
    """Scores sentences. Called by one thread at a time."""

    def score(self, sentences: Sequence[str]) -> list[Scores]:
        """One result per sentence, in order, in time linear in their length."""
        ...
