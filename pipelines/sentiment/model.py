"""The `SentimentModel` protocol: what the analyzer asks of a sentiment model."""

from collections.abc import Sequence
from typing import Literal, NamedTuple, Protocol

from spanwise.pipelines.annotations import Scores, TextScores

Span = tuple[int, int]
"""Start and end in a text, in code points."""


class Target(NamedTuple):
    """Something that a text may say something about, and the sentence that it stands in: in code points."""

    start: int
    end: int
    sentence_start: int
    sentence_end: int


class SentimentModel(Protocol):
    """Scores texts. Any number of threads may call it; time is linear in the texts and in the number of targets."""

    @property
    def name(self) -> Literal["compiled", "reference", "textcat"]:
        """What computes the scores: the kernels, their reference in numpy, or the pipeline's own text classifier."""
        ...

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """Score texts that were cut into sentences. A text without any is scored as it is."""
        ...

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """Score what each text says about each of its targets.

        A text has room for 300 targets with 64 words to either side, and for more where sentences are shorter. A
        target beyond has the scores of its sentence.
        """
        ...
