"""Turn scores into labels.

A label is the most probable class. A whole text is `mixed` when some of its statements are surely positive and others
surely negative (`SURE`), and the side with the fewer code points still has at least a quarter (`MIXED_SHARE`) of the
code points of both. A statement is a sentence, or a line of one (`lines.py`).
"""

from collections.abc import Sequence
from typing import cast

from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.schemas import Sentiment, SentimentLabel, SentimentScores

MIXED_SHARE = 0.25
SURE = 0.6
_DECIMALS = 4
_LABELS = cast("tuple[SentimentLabel, ...]", Scores._fields)


def pure_sentiment(scores: Scores) -> Sentiment:
    """Return the sentiment of one sentence, or towards one entity."""
    return _sentiment(_label(scores), scores)


def text_sentiment(scores: TextScores, lengths: Sequence[int]) -> Sentiment:
    """Return the sentiment of a whole text; `lengths` are its sentences' code points, each at least 1."""
    negative = positive = 0
    for length, statement in scores.statements or zip(lengths, scores.sentences, strict=True):
        if statement.negative >= SURE:
            negative += length
        elif statement.positive >= SURE:
            positive += length
    mixed = negative and positive and min(negative, positive) >= MIXED_SHARE * (negative + positive)
    return _sentiment("mixed" if mixed else _label(scores.whole), scores.whole)


def _label(scores: Scores) -> SentimentLabel:
    return _LABELS[scores.index(max(scores))]


def _sentiment(label: SentimentLabel, scores: Scores) -> Sentiment:
    """Round scores to four decimals so that they still add up to 1: the largest takes the remainder of the rounding."""
    rounded = [round(score, _DECIMALS) for score in scores]
    largest = rounded.index(max(rounded))
    rounded[largest] = round(1 - sum(rounded[:largest] + rounded[largest + 1 :]), _DECIMALS)
    negative, neutral, positive = rounded
    return Sentiment(label=label, scores=SentimentScores(negative=negative, neutral=neutral, positive=positive))
