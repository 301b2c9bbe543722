"""The report on sentiment of whole texts and towards targets, beside VADER's and the majority's.

A text's class is the most probable one. VADER's class is the one that its authors advise: positive from a compound
score of 0.05 up, negative from -0.05 down. Between two classes, with neutral texts left out, the class is the more
probable of negative and positive; VADER's is the sign of its compound score. The majority is the most frequent class of
the texts that are scored.
"""

import time
from collections.abc import Callable, Sequence
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from benchmarks.ner_alone import PIPELINE
from quality.sentiment_corpora import (
    Ints,
    Labelled,
    LabelledTargets,
    development,
    own_targets,
    own_texts,
    target_development,
)
from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import SENTENCES, EntitySpan
from spanwise.pipelines.calibration.calibration_error import calibration_error
from spanwise.pipelines.sentiment import Target, score_texts, targets_of
from spanwise.pipelines.sentiment.tokens import tokenize
from training.corpora import NEGATIVE, NEUTRAL, POSITIVE

Floats = NDArray[np.float64]

_THRESHOLD = 0.05
_AT_ONCE = 128  # texts


class Scorer:
    """The default pipeline as the service runs it."""

    def __init__(self) -> None:
        analyzer = Analyzer.load(PIPELINE)
        if analyzer.sentiment_model is None:
            raise SystemExit(f"{PIPELINE} has no sentiment model.")
        self.analyzer, self.model = analyzer, analyzer.sentiment_model

    def texts(self, texts: Sequence[str]) -> Floats:
        """Return the probabilities of whole texts, shape (texts, 3)."""
        rows: list[Sequence[float]] = []
        for first in range(0, len(texts), _AT_ONCE):
            part = texts[first : first + _AT_ONCE]
            rows += [scores.whole for scores in score_texts(self.model, part, self._sentences(part))]
        return np.array(rows)

    def targets(self, texts: Sequence[str], spans: Sequence[tuple[int, int]]) -> Floats:
        """Return the probabilities towards one target in each text, shape (texts, 3)."""
        rows: list[Sequence[float]] = []
        for first in range(0, len(texts), _AT_ONCE):
            part = texts[first : first + _AT_ONCE]
            entities = [[EntitySpan(*span, "", None)] for span in spans[first : first + _AT_ONCE]]
            cut = zip(part, entities, self._sentences(part), strict=True)
            targets: list[list[Target]] = [targets_of(len(text), found, sentences) for text, found, sentences in cut]
            rows += [scores for (scores,) in self.model.score_targets(part, targets)]
        return np.array(rows)

    def _sentences(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        found = self.analyzer.engine.annotate(texts, [SENTENCES] * len(texts))
        return [[(start, end) for start, end in each.sentences] for each in found]


def sentiment_report(data: Path) -> str:
    """Write the report for the corpora in the data folder: texts, targets and speed."""
    scorer = Scorer()
    return "\n\n".join(
        (
            f"Sentiment of {PIPELINE} {scorer.analyzer.version}, in percent",
            text_table(scorer, development(data)),
            target_table(scorer, target_development(data)),
            speed(scorer, data),
        )
    )


def own_report(texts: Sequence[Path], targets: Sequence[Path]) -> str:
    """Write the tables for files of a reader's own."""
    scorer = Scorer()
    parts = []
    if texts:
        parts.append(text_table(scorer, [own_texts(path) for path in texts]))
    if targets:
        parts.append(target_table(scorer, [own_targets(path) for path in targets]))
    return "\n\n".join(parts)


def text_table(scorer: Scorer, corpora: Sequence[Labelled]) -> str:
    """Write a table with a row for each corpus and method."""
    lines = [
        "| texts | | method | accuracy | macro-recall | two classes | calibration error |",
        "| --- | ---: | --- | ---: | ---: | ---: | ---: |",
    ]
    for corpus in corpora:
        p = scorer.texts(corpus.texts)
        compound = _vader(corpus.texts)
        found = [
            ("Spanwise", p.argmax(1), p[:, POSITIVE] > p[:, NEGATIVE], _error(p, corpus.classes)),
            ("VADER", _vaders_class(compound), compound > 0, ""),
            ("majority", _majority(corpus.classes), _two_majority(corpus.classes), ""),
        ]
        for method, classes, positive, error in found:
            lines.append(
                f"| {corpus.name} | {len(corpus.texts):,} | {method} | {_figures(classes, corpus.classes)} | "
                f"{_two(positive, corpus.classes)} | {error} |"
            )
    return "\n".join(lines)


def target_table(scorer: Scorer, corpora: Sequence[LabelledTargets]) -> str:
    """Write a table with a row for each corpus and method; the whole text's class shows what the target adds."""
    lines = [
        "| towards a target | | method | accuracy | macro-recall | calibration error |",
        "| --- | ---: | --- | ---: | ---: | ---: |",
    ]
    for corpus in corpora:
        p = scorer.targets(corpus.texts, corpus.spans)
        found = [
            ("Spanwise", p.argmax(1), _error(p, corpus.classes)),
            ("Spanwise, the whole text", scorer.texts(corpus.texts).argmax(1), ""),
            ("VADER, the whole text", _vaders_class(_vader(corpus.texts)), ""),
            ("majority", _majority(corpus.classes), ""),
        ]
        for method, classes, error in found:
            figures = _figures(classes, corpus.classes)
            lines.append(f"| {corpus.name} | {len(corpus.texts):,} | {method} | {figures} | {error} |")
    return "\n".join(lines)


def speed(scorer: Scorer, data: Path) -> str:
    """Measure texts per second in one thread, from text to probabilities, for sentences of about 20 tokens."""
    sentences = [text for text in development(data)[0].texts if 18 <= len(tokenize(text)) <= 22]
    vader = SentimentIntensityAnalyzer()

    def score(part: Sequence[str]) -> object:
        return scorer.model.score(part, [[(0, len(text))] for text in part])

    ours, alone = _rate(score, sentences * 10, _AT_ONCE), _rate(score, sentences * 10, 1)
    theirs = _rate(lambda part: vader.polarity_scores(part[0]), sentences, 1)
    return (
        "Texts a second, one thread, sentences of 18 to 22 tokens, reading included: "
        f"Spanwise {ours:,.0f} in batches of {_AT_ONCE}, {alone:,.0f} one by one; VADER {theirs:,.0f}."
    )


def _rate(score: Callable[[Sequence[str]], object], texts: Sequence[str], at_once: int) -> float:
    """Return the texts per second of the fastest of five runs."""
    best = 0.0
    for _ in range(5):
        started = time.perf_counter()
        for first in range(0, len(texts), at_once):
            score(texts[first : first + at_once])
        best = max(best, len(texts) / (time.perf_counter() - started))
    return best


def _vader(texts: Sequence[str]) -> Floats:
    vader = SentimentIntensityAnalyzer()
    return np.array([vader.polarity_scores(text)["compound"] for text in texts])


def _vaders_class(compound: Floats) -> Ints:
    return np.where(compound >= _THRESHOLD, POSITIVE, np.where(compound <= -_THRESHOLD, NEGATIVE, NEUTRAL))


def _majority(classes: Ints) -> Ints:
    return np.full(len(classes), np.bincount(classes).argmax())


def _two_majority(classes: Ints) -> NDArray[np.bool_]:
    return np.full(len(classes), (classes == POSITIVE).sum() >= (classes == NEGATIVE).sum())


def _figures(found: Ints, classes: Ints) -> str:
    """Write accuracy and macro-recall; both cells stay empty for a corpus without neutral texts."""
    if not (classes == NEUTRAL).any():
        return " | "
    recall = [float((found[classes == c] == c).mean()) for c in np.unique(classes)]
    return f"{100 * float((found == classes).mean()):.1f} | {100 * float(np.mean(recall)):.1f}"


def _two(positive: NDArray[np.bool_], classes: Ints) -> str:
    """Write the accuracy between negative and positive, with neutral texts left out."""
    sides = classes != NEUTRAL
    right = positive[sides] == (classes[sides] == POSITIVE)
    return f"{100 * float(right.mean()):.1f}" if sides.any() else ""


def _error(p: Floats, classes: Ints) -> str:
    """Write the calibration error of the most probable class, in bins of equal width (Guo et al. 2017).

    The cell stays empty for a corpus without neutral texts.
    """
    if not (classes == NEUTRAL).any():
        return ""
    return f"{100 * calibration_error(p.max(1), p.argmax(1) == classes, equal_width=True):.1f}"
