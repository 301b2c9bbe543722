"""Fit calibration curves to judged entities: one curve for each label, and one for all other labels.

The log-odds of an entity being right are a log p - b log(1 - p) + c + d, where p is the model's probability and d
belongs to the label (beta calibration: Kull, Silva Filho and Flach, 2017). A few hundred entities determine c well, and
little else. So the rest is held back by penalties on the likelihood, which are squares times half a precision: a and b
are drawn to each other, their mean to 0.4, and each d to 0. Labels with few entities share one d, and so one curve,
which also serves labels that were never found. Targets are a little less than 1 and more than 0 (Platt, 1999), so that
a label that is always right gets no infinite constant. `python -m quality.few_texts` shows what this reaches.
"""

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from spanwise.pipelines.calibration.judging import Judged
from spanwise.pipelines.calibration.refusals import ADVICE, Uninformative
from spanwise.pipelines.entities.compiled.confidence import BetaCalibration

Floats = NDArray[np.float64]

OWN_CONSTANT = 20
"""A label with fewer judged entities shares the curve of all other labels."""

_TINY = 1e-9  # the guard against the logarithm of 0 in `BetaCalibration.exact`
_USUAL_SLOPE = 0.4  # that of the default pipeline (`quality/fit_confidence.py`): recognizers are overconfident
_FREE = 1e-6
_FLATTEST = 1e-3  # a flatter curve would be written as one that does not rise
_ALIKE = 1e9
_STEPS, _SMALLEST_STEP, _ENOUGH = 100, 1e-6, 1e-9


@dataclass(frozen=True, slots=True)
class Priors:
    """How strongly parameters are drawn to their usual values: the precisions of normal priors."""

    slope: float = 100
    difference: float = 10
    """Of a and b."""
    label: float = 3


PRIORS = Priors()


@dataclass(frozen=True, slots=True)
class Curves:
    """A curve for each label that has one of its own, and one for `other` labels."""

    by_label: Mapping[str, BetaCalibration]
    other: BetaCalibration

    def apply(self, judged: Judged) -> Floats:
        """Return the confidence of each entity, not rounded."""
        pairs = zip(judged.label.tolist(), judged.probability.tolist(), strict=True)
        return np.array([self.by_label.get(label, self.other).exact(p) for label, p in pairs])


def fit_curves(judged: Judged, priors: Priors = PRIORS) -> Curves:
    """Fit curves to judged entities. Raises `Uninformative` where the best curve would not rise."""
    names, counts = np.unique(judged.label, return_counts=True)
    own = names[counts >= OWN_CONSTANT].tolist()
    groups = [judged.label == name for name in own] + [~np.isin(judged.label, own)]
    rising, falling = logarithms(judged.probability)
    features = np.stack([rising + falling, (rising - falling) / 2, np.ones(len(judged)), *groups], axis=1)
    usual = np.array([_USUAL_SLOPE] + [0.0] * (2 + len(groups)))
    right = int(judged.correct.sum())
    targets = np.where(judged.correct, (right + 1) / (right + 2), 1 / (len(judged) - right + 2))
    for difference in (priors.difference, _ALIKE):
        precisions = np.array([priors.slope, difference, _FREE] + [priors.label] * len(groups))
        slope, half, constant, *shifts = logistic_regression(features, targets, precisions, usual).tolist()
        a, b = slope + half / 2, slope - half / 2
        if a > _FLATTEST and b > _FLATTEST:
            *curves, other = (BetaCalibration(a, b, constant + shift) for shift in shifts)
            return Curves(dict(zip(own, curves, strict=True)), other)
    raise Uninformative(f"Entities with a higher probability are not right more often in these texts. {ADVICE}")


def logarithms(probability: Floats) -> tuple[Floats, Floats]:
    """Return log p and -log(1 - p) with the same guard against 0 as in `BetaCalibration.exact`."""
    return np.log(probability + _TINY), -np.log(1 - probability + _TINY)


def logistic_regression(features: Floats, targets: Floats, precisions: Floats, usual: Floats) -> Floats:
    """Fit weights [weights] to features [entities, weights] by Newton's method, with halved steps where it overshoots.

    Each weight is drawn to its `usual` value with its precision, that is, as by a normal prior.
    """

    def loss(weights: Floats) -> float:
        scores = features @ weights
        misfit = np.logaddexp(0, scores) - targets * scores
        return float(misfit.sum() + (precisions * (weights - usual) ** 2).sum() / 2)

    weights, lowest = usual.copy(), loss(usual)
    for _ in range(_STEPS):
        expected = 0.5 * (1 + np.tanh(features @ weights / 2))  # the logistic function, which cannot overflow so
        gradient = features.T @ (targets - expected) - precisions * (weights - usual)
        curvature = (features * (expected * (1 - expected))[:, None]).T @ features + np.diag(precisions)
        step = np.linalg.solve(curvature, gradient)
        share = 1.0
        while (reached := loss(weights + share * step)) > lowest and share > _SMALLEST_STEP:
            share /= 2
        if reached > lowest:
            break
        weights, lowest = weights + share * step, reached
        if np.abs(share * step).max() < _ENOUGH:
            break
    return weights
