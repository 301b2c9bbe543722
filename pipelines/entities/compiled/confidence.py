"""Turn the recognizer's probabilities into calibrated confidence.

Raw probabilities are overconfident. Where a model's accuracy was measured (`spanwise calibrate`, and for the default
pipeline `python -m quality.fit_confidence`), each probability is mapped to an observed accuracy by a per-label beta
calibration with three parameters (Kull, Silva Filho and Flach 2017): log-odds of a log p - b log(1 - p) + c. The
mapping is strictly monotone, so it keeps the order of entities with the same label. The parameters belong to the
weights that they were fitted on and are found by the fingerprint of these. Entities of other models have no confidence.
"""

import math
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, fields, is_dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any

import numpy as np

from spanwise.pipelines.entities.compiled.components import EntityModel
from spanwise.schemas import Calibrated

Calibration = Callable[[float], float | None]
"""A function from the probability of an entity's actions to the entity's confidence; None where it has none."""

_TINY = 1e-9  # keeps odds finite; 32-bit floats end some 6e-8 below 1
_UNITS = 10_000


def rounded(confidence: float) -> float:
    """Round to four decimals, from 0.0001 to 0.9999, since no entity is certain."""
    units = int(confidence * _UNITS + 0.5)
    return (units if 0 < units < _UNITS else 1 if units < 1 else _UNITS - 1) / _UNITS


@dataclass(frozen=True, slots=True)
class BetaCalibration:
    """One curve. It is Platt scaling where `a` equals `b`, and temperature scaling where `c` is 0 besides."""

    a: float
    b: float
    c: float

    def __post_init__(self) -> None:
        if not (0 < self.a < math.inf and 0 < self.b < math.inf and math.isfinite(self.c)):
            raise ValueError("a calibration that does not rise")

    def exact(self, p: float) -> float:
        """Return the confidence of a probability, not rounded."""
        return 1 / (1 + math.exp(-self.c) * math.pow(1 - p + _TINY, self.b) / math.pow(p + _TINY, self.a))

    def __call__(self, p: float) -> float:
        """Return the confidence of a probability, rounded."""
        return rounded(self.exact(p))


def no_confidence(_: float) -> None:
    """Give an entity no confidence, because nothing was calibrated for its model."""


@dataclass(frozen=True, slots=True)
class Calibrations:
    """The calibrations of one model, by label; by default those of a model that nothing was fitted on."""

    curves: Mapping[str, Calibration] = field(default_factory=dict)
    other: Calibration = no_confidence
    evidence: Calibrated | None = None
    """On how many texts the curves were fitted, and their error on texts held out."""
    fingerprint: str = ""
    """The fingerprint of the model's weights."""
    file: Path | None = None
    """The file that the curves come from; None for those that ship with Spanwise, and where there are none."""

    def of(self, label: str) -> Calibration:
        """Return the calibration of entities with that label."""
        return self.curves.get(label, self.other)


def fingerprint(model: EntityModel) -> str:
    """Hash everything that a recognizer consists of: weights, attributes, actions.

    The table of static vectors, which some recognizers look words up in, belongs to the vocabulary and is not hashed.
    """
    digest = blake2b(digest_size=16)
    _add(digest, model)
    return digest.hexdigest()


def _add(digest: blake2b, part: Any) -> None:
    """Hash arrays with their shapes and records with their sizes, so that different models differ in bytes."""
    if isinstance(part, np.ndarray):
        digest.update(f"array {part.shape};".encode())
        digest.update(part.astype("<f4").tobytes())
    elif isinstance(part, tuple):
        digest.update(f"tuple {len(part)};".encode())
        for item in part:
            _add(digest, item)
    elif is_dataclass(part):
        digest.update(f"record {len(fields(part))};".encode())  # no names, which are free to change
        for one in fields(part):
            _add(digest, getattr(part, one.name))
    else:
        digest.update(f"{part!r};".encode())
