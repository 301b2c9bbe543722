"""The calibration of entities' confidence, measured on the part of the corpora that nothing was fitted on."""

from pathlib import Path

import numpy as np

from quality.judgements import (
    Judgements,
    default_engine,
    default_pipeline,
    judge,
    read_corpora,
    sentences_of,
)
from spanwise.pipelines.calibration.calibrate import THRESHOLDS
from spanwise.pipelines.calibration.calibration_error import BINS, Floats, by_chance, calibration_error
from spanwise.pipelines.entities.compiled.calibration_file import known_calibrations
from spanwise.pipelines.entities.compiled.confidence import fingerprint


def held_out(data: Path) -> Judgements:
    """Judge the default pipeline's predictions on the part of the corpora that is held out."""
    return judge(default_engine(), sentences_of(read_corpora(data), "held out"))


def confidences(judgements: Judgements) -> Floats:
    """Return the confidences that the service gives to the predictions, by the calibrations that ship."""
    _, model = default_pipeline()
    calibrations = known_calibrations().of(fingerprint(model))
    pairs = zip(judgements.label.tolist(), judgements.probability.tolist(), strict=True)
    return np.array([calibrations.of(label)(p) for label, p in pairs])


def threshold_table(judgements: Judgements) -> str:
    """Write a table of what thresholds of confidence do to held-out predictions: how many are kept, and are right."""
    confidence = confidences(judgements)
    lines = ["| confidence at least | predictions kept | right among these |", "| ---: | ---: | ---: |"]
    for threshold in (0.0, *THRESHOLDS):
        kept = confidence >= threshold
        lines.append(f"| {threshold:g} | {kept.mean():.0%} | {judgements.correct[kept].mean():.0%} |")
    return "\n".join(lines)


def confidence_table(judgements: Judgements) -> str:
    """Write a table of the calibration error of held-out predictions: of all, of each corpus, of each label."""
    confidence = confidences(judgements)
    lines = [
        f"Expected calibration error (ECE) held out; {BINS} bins of equal mass, or of equal width where that is said.",
        "By chance: what perfect confidences of as many predictions would have.",
        "",
        "| | predictions | correct | probability, mean | ECE | confidence, mean | ECE | equal width | by chance |",
        "| --- |" + " ---: |" * 8,
    ]
    for name, among in judgements.groups():
        correct, raw, given = judgements.correct[among], judgements.probability[among], confidence[among]
        figures = [
            correct.mean(),
            raw.mean(),
            calibration_error(raw, correct),
            given.mean(),
            calibration_error(given, correct),
            calibration_error(given, correct, equal_width=True),
            by_chance(given),
        ]
        lines.append(f"| {name} | {len(correct):,} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")
    return "\n".join(lines)
