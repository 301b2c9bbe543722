"""Two models behind a gate: most texts are for the first, short everyday statements for the second."""

from collections.abc import Callable, Sequence
from itertools import compress
from typing import Literal

from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.sentiment.model import SentimentModel, Span, Target

TARGET_SHARE = 0.7
"""The second model's share of what an everyday text says about a target; the rest is the first one's, which tells
several targets of a text apart better."""


class TwoModels:
    """Implements `SentimentModel`: each text is scored by one of two models, or towards targets by both."""

    def __init__(
        self, general: SentimentModel, everyday: SentimentModel, gate: Callable[[Sequence[str]], Sequence[float]]
    ) -> None:
        """`gate` returns a number for each text, above 0 for texts of the second model."""
        self.general, self.everyday = general, everyday
        self._gate = gate

    @property
    def name(self) -> Literal["compiled", "reference", "textcat"]:
        """What computes the scores, for both."""
        return self.general.name

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """See `SentimentModel.score`."""
        chosen = self.is_everyday(texts)
        if not any(chosen):
            return self.general.score(texts, sentences)
        if all(chosen):
            return self.everyday.score(texts, sentences)
        found: dict[int, TextScores] = {}
        for model, wanted in ((self.general, False), (self.everyday, True)):
            own = [i for i, is_everyday in enumerate(chosen) if is_everyday is wanted]
            found |= zip(own, model.score([texts[i] for i in own], [sentences[i] for i in own]), strict=True)
        return [found[i] for i in range(len(texts))]

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """See `SentimentModel.score_targets`."""
        found = self.general.score_targets(texts, targets)
        chosen = self.is_everyday(texts)
        if any(chosen):
            others = self.everyday.score_targets(list(compress(texts, chosen)), list(compress(targets, chosen)))
            for i, other in zip(compress(range(len(texts)), chosen), others, strict=True):
                found[i] = list(map(_between, found[i], other))
        return found

    def is_everyday(self, texts: Sequence[str]) -> list[bool]:
        """Say which texts are the second model's."""
        return [leaning > 0 for leaning in self._gate(texts)]


def _between(general: Scores, everyday: Scores) -> Scores:
    """Return the scores towards a target of an everyday text."""
    return Scores(
        *((1 - TARGET_SHARE) * one + TARGET_SHARE * other for one, other in zip(general, everyday, strict=True))
    )
