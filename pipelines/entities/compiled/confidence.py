"""From the recognizer's probabilities to calibrated confidence.

A network's probability of what it found is no promise of how often that is right. Where that was measured for a model
(`python -m quality.fit_confidence`), three parameters for each label turn the one into the other: the beta
calibration of Kull, Silva Filho and Flach (2017), log-odds of a log p - b log(1 - p) + c. It is strictly monotone and
so keeps the order of entities with the same label. The parameters belong to the very weights that they were fitted on
and are found by their fingerprint; another model's probabilities are passed on.
"""

import json
import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import blake2b
from importlib.resources import files
from typing import Any

import numpy as np

from spanwise.pipelines.entities.compiled.components import EntityModel

Calibration = Callable[[float], float]
"""From the probability of an entity's actions to its confidence."""

CALIBRATIONS = files("spanwise.pipelines.entities.compiled") / "calibrations.json"
"""Fingerprint: `curves` by label, [a, b, c] each, and `other` for labels that nothing was fitted for."""

_TINY = 1e-9  # keeps odds finite; 32-bit floats end some 6e-8 below 1
_UNITS = 10_000


def rounded(confidence: float) -> float:
    """Four decimals, from 0.0001 to 0.9999: nothing here is certain."""
    units = int(confidence * _UNITS + 0.5)
    return (units if 0 < units < _UNITS else 1 if units < 1 else _UNITS - 1) / _UNITS


@dataclass(frozen=True, slots=True)
class BetaCalibration:
    """Temperature scaling where `a` equals `b` and `c` is 0, Platt scaling where `a` equals `b`."""

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        if not (self.a > 0 and self.b > 0):
            raise ValueError("a calibration that does not rise")

    def exact(self, p: float) -> float:
        """The confidence, not rounded."""
        return 1 / (1 + math.exp(-self.c) * math.pow(1 - p + _TINY, self.b) / math.pow(p + _TINY, self.a))

    def __call__(self, p: float) -> float:
        """The confidence."""
        return rounded(self.exact(p))


@dataclass(frozen=True, slots=True)
class Calibrations:
    """One model's, by label."""

    curves: Mapping[str, Calibration] = field(default_factory=dict)
    other: Calibration = rounded

    def of(self, label: str) -> Calibration:
        """For entities with that label."""
        return self.curves.get(label, self.other)


def calibrations_of(model: EntityModel) -> Calibrations:
    """Those that were fitted on this very model; else none, and its probabilities are only rounded."""
    found = json.loads(CALIBRATIONS.read_text(encoding="utf-8")).get(fingerprint(model))
    if not found:
        return Calibrations()
    curves = {label: BetaCalibration(*parameters) for label, parameters in found["curves"].items()}
    return Calibrations(curves, BetaCalibration(*found["other"]))


def fingerprint(model: EntityModel) -> str:
    """A hash of all that a recognizer consists of: weights, attributes, actions."""
    digest = blake2b(digest_size=16)
    _add(digest, model)
    return digest.hexdigest()


def _add(digest: blake2b, part: Any) -> None:
    """Arrays with their shapes and everything else with its type, so that different models differ in bytes."""
    if isinstance(part, np.ndarray):
        digest.update(f"array {part.shape};".encode())
        digest.update(part.astype("<f4").tobytes())
    elif isinstance(part, tuple):
        digest.update(f"tuple {len(part)};".encode())
        for item in part:
            _add(digest, item)
    elif is_dataclass(part):
        digest.update(f"{type(part).__name__};".encode())
        for one in fields(part):
            _add(digest, getattr(part, one.name))
    else:
        digest.update(f"{part!r};".encode())
