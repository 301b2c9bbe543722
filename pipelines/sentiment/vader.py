"""VADER (Hutto and Gilbert, 2014) as a sentiment model: English, from a lexicon and rules.

VADER gives one number, the compound score c from -1 to 1. It becomes three probabilities by a multinomial logistic
regression on (1, c, c²), fitted on 56,881 sentences and tweets of the Stanford Sentiment Treebank and SemEval
2013-2016: `python -m benchmarks.fit_vader DATA` prints the coefficients again and how good they are on texts that
were kept back.
"""

import math
from collections.abc import Sequence
from heapq import heappop, heappush
from typing import Any

from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipelines.sentiment.model import Scores, Span, Target, TextScores

# Log-odds against neutral, as polynomials in c, lowest power first.
NEGATIVE_LOG_ODDS = (-0.344, -1.457, 1.902)
POSITIVE_LOG_ODDS = (-0.710, 1.145, 2.028)

_BEFORE, _AFTER = 3, 3  # the words around the current one that VADER's rules look at


class _LinearVader(SentimentIntensityAnalyzer):  # type: ignore[misc]
    """VADER in linear time.

    Its rules lower-case every word of the text for every word they check, and look at three words before and two
    after: here they are shown just these. Its rule for `but` searches the list of scores for each score: here an index
    knows where they are. The scores are the same.
    """

    @staticmethod
    def _negation_check(valence: float, words: list[str], start_i: int, i: int) -> Any:
        nearby, place = _around(words, i)
        return SentimentIntensityAnalyzer._negation_check(valence, nearby, start_i, place)

    @staticmethod
    def _special_idioms_check(valence: float, words: list[str], i: int) -> Any:
        nearby, place = _around(words, i)
        return SentimentIntensityAnalyzer._special_idioms_check(valence, nearby, place)

    @staticmethod
    def _but_check(words: list[str], sentiments: list[float]) -> list[float]:
        """Halve what comes before the first `but`, and raise what comes after by half.

        As in the original, each score in turn changes the first place that holds an equal score, be it another one.
        """
        lowered = [word.lower() for word in words]
        if "but" not in lowered:
            return sentiments
        but = lowered.index("but")
        places: dict[float, list[int]] = {}
        for place, score in enumerate(sentiments):
            places.setdefault(score, []).append(place)  # ascending, and so a heap
        for current in range(len(sentiments)):
            score = sentiments[current]
            first = places[score][0]
            if first != but:
                heappop(places[score])
                sentiments[first] = score * (0.5 if first < but else 1.5)
                heappush(places.setdefault(sentiments[first], []), first)
        return sentiments


def _around(words: list[str], i: int) -> tuple[list[str], int]:
    first = max(0, i - _BEFORE)
    return words[first : i + _AFTER], i - first


class VaderModel:
    """VADER behind the `SentimentModel` protocol."""

    def __init__(self) -> None:
        self._vader = _LinearVader()

    def compound(self, sentence: str) -> float:
        """VADER's own compound score, from -1 to 1."""
        return float(self._vader.polarity_scores(sentence)["compound"])

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """A text's scores are the mean of its sentences' scores, weighted by their length in code points."""
        return [self._score_text(text, spans) for text, spans in zip(texts, sentences, strict=True)]

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """The scores of the sentence that a target stands in: VADER knows nothing of targets."""
        return [
            [self._score_span(text, (target.sentence_start, target.sentence_end)) for target in of_text]
            for text, of_text in zip(texts, targets, strict=True)
        ]

    def _score_text(self, text: str, spans: Sequence[Span]) -> TextScores:
        scores = [self._score_span(text, span) for span in spans]
        if not scores:
            return TextScores(self._score_span(text, (0, len(text))), [])
        lengths = [end - start for start, end in spans]
        total = sum(lengths)
        mean = (sum(s[k] * n for s, n in zip(scores, lengths, strict=True)) / total for k in range(3))
        return TextScores(Scores(*mean), scores)

    def _score_span(self, text: str, span: Span) -> Scores:
        return probabilities(self.compound(text[span[0] : span[1]]))


def probabilities(compound: float) -> Scores:
    """A compound score from -1 to 1 as probabilities of the three classes."""
    negative = math.exp(_polynomial(NEGATIVE_LOG_ODDS, compound))
    positive = math.exp(_polynomial(POSITIVE_LOG_ODDS, compound))
    total = negative + 1 + positive
    return Scores(negative / total, 1 / total, positive / total)


def _polynomial(coefficients: tuple[float, float, float], x: float) -> float:
    constant, linear, quadratic = coefficients
    return constant + x * (linear + x * quadratic)
