"""Calibrate a loaded pipeline on annotated texts, and say how good its confidence then is on texts held out.

The error is found by cross-validation: the texts are dealt into ten parts, in runs of ten because neighbours often
speak of the same things; the confidence of each part comes from curves that were fitted on the nine others. What is
returned is fitted on all texts.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.calibration.calibration_error import bins_for, by_chance, calibration_error
from spanwise.pipelines.calibration.curve_fitting import Curves, Floats, fit_curves
from spanwise.pipelines.calibration.judging import Judged, LabelMap, judge, label_map
from spanwise.pipelines.calibration.labelled_texts import LabelledText
from spanwise.pipelines.calibration.refusals import ADVICE, NoProbabilities, TooFew, Uninformative
from spanwise.pipelines.entities.compiled.calibration_file import entry_of
from spanwise.schemas import Calibrated

FEWEST_TEXTS = 100
FEWEST_ENTITIES = 100
FEWEST_RIGHT = 10
_PARTS = 10
_RUN = 10
_TOGETHER = 256
THRESHOLDS = (0.5, 0.6, 0.7, 0.8, 0.9)
"""Confidences at which reports show what would be kept."""


@dataclass(frozen=True, slots=True)
class LabelEvidence:
    """What the texts say of one of the pipeline's labels.

    `texts` are those in which the pipeline found it, `entities` how often it did, `right` how many of these annotators
    agree with. `own_curve`: whether it has a curve of its own; labels without one share one.
    """

    label: str
    texts: int
    entities: int
    right: int
    own_curve: bool


@dataclass(frozen=True, slots=True)
class ThresholdEvidence:
    """What a threshold would do to the texts held out: the share of entities kept, and the share right among these."""

    confidence: float
    kept: float
    right: float | None
    """None where none is kept."""


@dataclass(frozen=True, slots=True)
class CalibrationReport:
    """The curves, and the figures that speak for or against them."""

    pipeline: str
    fingerprint: str
    evidence: Calibrated
    entities: int
    right: float
    raw_error: float
    chance_error: float
    """What perfect confidences of as many entities would have."""
    labels: list[LabelEvidence]
    thresholds: list[ThresholdEvidence]
    curves: Curves

    @property
    def entry(self) -> dict[str, Any]:
        """The entry for a file of calibrations."""
        return entry_of(self.pipeline, self.evidence, self.entities, self.curves.by_label, self.curves.other)


def calibrate(
    analyzer: Analyzer, texts: Sequence[LabelledText], agreeing: Mapping[str, frozenset[str]] | None = None
) -> CalibrationReport:
    """Fit and cross-validate the confidence of a pipeline. `agreeing`: see `judging.LabelMap`.

    Raises `CalibrationRefused`.
    """
    calibrations = analyzer.calibrations
    if "entities" not in analyzer.features:
        raise NoProbabilities(f"The pipeline {analyzer.title} finds no entities.")
    if calibrations is None:
        reason = f": {analyzer.fallback.reason}" if analyzer.fallback else ""
        raise NoProbabilities(
            f"spaCy's own engine serves the pipeline {analyzer.title}{reason}. It gives no probabilities to calibrate."
        )
    if len(texts) < FEWEST_TEXTS:
        raise TooFew(f"There are {len(texts)} annotated texts; at least {FEWEST_TEXTS} are needed, better 500.")
    complete = label_map(texts, agreeing or {}, analyzer.labels, analyzer.title)
    judged = judge_texts(analyzer, texts, complete)
    if len(judged) < FEWEST_ENTITIES:
        raise TooFew(
            f"The pipeline {analyzer.title} finds {len(judged)} entities with annotated labels in these texts; at "
            f"least {FEWEST_ENTITIES} are needed."
        )
    if (right := int(judged.correct.sum())) < FEWEST_RIGHT:
        raise Uninformative(f"Annotators agree with {right} of {len(judged)} entities. {ADVICE}")
    curves = fit_curves(judged)
    held_out = cross_validated(judged)
    bins = bins_for(len(judged))
    return CalibrationReport(
        pipeline=analyzer.title,
        fingerprint=calibrations.fingerprint,
        evidence=Calibrated(texts=len(texts), error=calibration_error(held_out, judged.correct, bins=bins)),
        entities=len(judged),
        right=right / len(judged),
        raw_error=calibration_error(judged.probability, judged.correct, bins=bins),
        chance_error=by_chance(held_out, bins),
        labels=[_label_evidence(label, judged, curves) for label in sorted(analyzer.labels)],
        thresholds=[_threshold_evidence(threshold, held_out, judged) for threshold in THRESHOLDS],
        curves=curves,
    )


def cross_validated(judged: Judged) -> Floats:
    """Return the confidence of each entity by curves that were fitted without the part that its text is in."""
    part = judged.text // _RUN % _PARTS
    confidence = np.zeros(len(judged))
    for number in np.unique(part):
        confidence[part == number] = fit_curves(judged.where(part != number)).apply(judged.where(part == number))
    return confidence


def judge_texts(analyzer: Analyzer, texts: Sequence[LabelledText], complete: LabelMap) -> Judged:
    """Judge all entities that a pipeline finds in the texts. `complete`: a map that has all labels of the texts."""
    found = []
    for first in range(0, len(texts), _TOGETHER):
        found += analyzer.entities([one.text for one in texts[first : first + _TOGETHER]])
    return judge(texts, found, complete)


def _label_evidence(label: str, judged: Judged, curves: Curves) -> LabelEvidence:
    among = judged.label == label
    texts = len(np.unique(judged.text[among]))
    right = int(judged.correct[among].sum())
    return LabelEvidence(label, texts, int(among.sum()), right, label in curves.by_label)


def _threshold_evidence(threshold: float, confidence: Floats, judged: Judged) -> ThresholdEvidence:
    kept = confidence >= threshold
    right = float(judged.correct[kept].mean()) if kept.any() else None
    return ThresholdEvidence(threshold, float(kept.mean()), right)
