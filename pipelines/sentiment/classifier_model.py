"""Sentiment by a pipeline's own text classifier, whose labels an operator declares as the three classes.

The classifier reads the whole text and each sentence as a text of its own. The scores of the declared labels are
divided by their sum, so that they add up to 1 whatever else the classifier knows; a class without a label scores 0.
"""

from collections.abc import Mapping, Sequence
from typing import Literal

from spanwise.pipelines.annotations import Layers, Scores, TextScores
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.load_errors import PipelineSpecError
from spanwise.pipelines.sentiment.model import Span, Target

_CATEGORIES: Layers = frozenset({"categories"})
_NEUTRAL = Scores(0.0, 1.0, 0.0)


class ClassifierModel:
    """A sentiment model that asks an engine for categories."""

    name: Literal["textcat"] = "textcat"

    def __init__(self, engine: Engine, labels: Mapping[str, str], known: Sequence[str]) -> None:
        """Take the label of each class, such as `{"negative": "NEG", "positive": "POS"}`; `known` are the classifier's.

        Raises `PipelineSpecError` for classes and labels that there are not.
        """
        if not {"negative", "positive"} <= set(labels) <= set(Scores._fields):
            raise PipelineSpecError(
                "A sentiment names the labels of negative, positive and, where there is one, neutral."
            )
        if unknown := sorted(set(labels.values()) - set(known)):
            raise PipelineSpecError(f"No text classifier of the pipeline has the sentiment label {', '.join(unknown)}.")
        self._engine = engine
        self._labels = tuple(labels.get(name) for name in Scores._fields)

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """See `SentimentModel`."""
        parts = [[text[start:end] for start, end in spans] for text, spans in zip(texts, sentences, strict=True)]
        distinct = list(dict.fromkeys([*texts, *(part for each in parts for part in each)]))
        found = self._engine.annotate(distinct, [_CATEGORIES] * len(distinct))
        scores = {
            text: self._scores(annotations.categories or {}) for text, annotations in zip(distinct, found, strict=True)
        }
        return [
            TextScores(scores[text], [scores[part] for part in each]) for text, each in zip(texts, parts, strict=True)
        ]

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """Refuse: a text classifier says nothing about a part of its text, and so the feature is not offered."""
        raise NotImplementedError("A text classifier scores no targets.")

    def _scores(self, categories: Mapping[str, float]) -> Scores:
        raw = [max(categories.get(label, 0.0), 0.0) if label else 0.0 for label in self._labels]
        total = sum(raw)
        return Scores(*(score / total for score in raw)) if total else _NEUTRAL
