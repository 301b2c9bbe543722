"""Calibration curves, fitted on judgements: each maps a model's probability to an observed accuracy.

Most belong to one family, with log-odds of a log p - b log(1 - p) + c, fitted by maximum likelihood. Temperature
scaling (Guo et al., 2017) has only a = b, Platt scaling (1999) also c, and beta calibration (Kull, Silva Filho and
Flach, 2017) all three; the last two have one c for all labels or one for each. Isotonic regression (pooled adjacent
violators, interpolated between a few knots) takes any shape that does not fall, and so shows what the family's shape
costs.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, Protocol

import numpy as np

from quality.judgements import Judgements
from spanwise.pipelines.calibration.calibration_error import Floats
from spanwise.pipelines.calibration.curve_fitting import logarithms, logistic_regression
from spanwise.pipelines.entities.compiled.confidence import BetaCalibration

Shape = Literal["temperature", "platt", "beta"]

_RIDGE = 1e-6  # keeps the parameters finite for a label that is always right
_KNOTS = 15


class Curve(Protocol):
    """A curve from the model's probability to a calibrated one."""

    def exact(self, p: float) -> float: ...


@dataclass(frozen=True, slots=True)
class Isotonic:
    """A curve of straight lines between the knots (x, y)."""

    x: tuple[float, ...]
    y: tuple[float, ...]

    def exact(self, p: float) -> float:
        return float(np.interp(p, self.x, self.y))


def calibrated(curves: Mapping[str, Curve], judgements: Judgements) -> Floats:
    """Apply to each probability the curve of its label."""
    pairs = zip(judgements.label.tolist(), judgements.probability.tolist(), strict=True)
    return np.array([curves[label].exact(p) for label, p in pairs])


def family(judgements: Judgements) -> dict[str, dict[str, BetaCalibration]]:
    """Fit every member of the family; return a curve for each label, by the member's name."""
    return {
        "temperature": fit(judgements, "temperature"),
        "Platt": fit(judgements, "platt"),
        "beta": fit(judgements, "beta"),
        "Platt, c by label": fit(judgements, "platt", by_label=True),
        "beta, c by label": fit(judgements, "beta", by_label=True),
    }


def isotonic(judgements: Judgements) -> dict[str, dict[str, Isotonic]]:
    """Fit isotonic regression twice: one curve for all labels together, and one for each label."""
    parts = {label: judgements.where(judgements.label == label) for label in _labels(judgements)}
    return {
        "isotonic": dict.fromkeys(parts, _isotonic(judgements)),
        "isotonic by label": {label: _isotonic(part) for label, part in parts.items()},
    }


def fit(judgements: Judgements, shape: Shape, *, by_label: bool = False) -> dict[str, BetaCalibration]:
    """Fit the most likely curve of this shape for each label; only c differs by label, if `by_label`."""
    labels = _labels(judgements)
    rising, falling = logarithms(judgements.probability)
    slopes = [rising, falling] if shape == "beta" else [rising + falling]
    constants = [(judgements.label == label).astype(float) for label in labels]
    if not by_label:
        constants = [] if shape == "temperature" else [np.ones(len(judgements))]
    features = np.stack([*slopes, *constants], axis=1)
    free = np.full(features.shape[1], _RIDGE)
    weights = logistic_regression(features, judgements.correct.astype(float), free, 0 * free).tolist()
    a, b = weights[0], weights[len(slopes) - 1]
    shifts = weights[len(slopes) :] or [0.0]
    return {label: BetaCalibration(a, b, shifts[i if by_label else 0]) for i, label in enumerate(labels)}


def _labels(judgements: Judgements) -> list[str]:
    return sorted(set(judgements.label.tolist()))


def _isotonic(judgements: Judgements) -> Isotonic:
    """Fit the best curve that does not fall, with a knot at the mean of each of up to `_KNOTS` blocks."""
    order = np.argsort(judgements.probability, kind="stable")
    groups = [group for group in np.array_split(order, _KNOTS) if len(group)]
    blocks: list[tuple[int, float, float]] = []  # size, mean probability, share correct
    for group in groups:
        block = (len(group), float(judgements.probability[group].mean()), float(judgements.correct[group].mean()))
        while blocks and blocks[-1][2] >= block[2]:
            block = _pooled(blocks.pop(), block)
        blocks.append(block)
    _, x, y = zip(*blocks, strict=True)
    return Isotonic(x, y)


def _pooled(one: tuple[int, float, float], other: tuple[int, float, float]) -> tuple[int, float, float]:
    size = one[0] + other[0]
    return size, (one[0] * one[1] + other[0] * other[1]) / size, (one[0] * one[2] + other[0] * other[2]) / size
