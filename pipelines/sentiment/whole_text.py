"""From the scores of sentences to labels, and from sentences to a whole text.

A text's scores are the mean of its sentences' scores, weighted by their length in code points. Its label is the
most probable class, unless its sentences disagree: it is `mixed` when some sentences are positive and others
negative, and the side with the fewer code points still has at least a quarter (`MIXED_SHARE`) of the code points of
both.
"""

from collections.abc import Sequence

from pipelines.sentiment.model import Scores
from schemas import Sentiment, SentimentLabel, SentimentScores

MIXED_SHARE = 0.25
_DECIMALS = 4
_LABELS: tuple[SentimentLabel, ...] = ("negative", "neutral", "positive")


def sentence_sentiment(scores: Scores) -> Sentiment:
    """The sentiment of one sentence."""
    return _sentiment(_label(scores), scores)


def text_sentiment(sentences: Sequence[Scores], lengths: Sequence[int]) -> Sentiment:
    """The sentiment of a whole text from at least one sentence; `lengths` are code points, each at least 1."""
    total = sum(lengths)
    mean = Scores(*(sum(s[k] * n for s, n in zip(sentences, lengths, strict=True)) / total for k in range(3)))
    shares = dict.fromkeys(_LABELS, 0)
    for scores, length in zip(sentences, lengths, strict=True):
        shares[_label(scores)] += length
    opinions = shares["negative"] + shares["positive"]
    mixed = opinions and min(shares["negative"], shares["positive"]) >= MIXED_SHARE * opinions
    return _sentiment("mixed" if mixed else _label(mean), mean)


def _label(scores: Scores) -> SentimentLabel:
    return _LABELS[scores.index(max(scores))]


def _sentiment(label: SentimentLabel, scores: Scores) -> Sentiment:
    """Rounded to four decimals in such a way that they still add up to 1: the largest takes what rounding left over."""
    rounded = [round(score, _DECIMALS) for score in scores]
    largest = rounded.index(max(rounded))
    rounded[largest] = round(1 - sum(rounded[:largest] + rounded[largest + 1 :]), _DECIMALS)
    negative, neutral, positive = rounded
    return Sentiment(label=label, scores=SentimentScores(negative=negative, neutral=neutral, positive=positive))
