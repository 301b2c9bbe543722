"""From the recognizer's probabilities to calibrated confidence."""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Calibration:
    """The identity."""

    def __call__(self, probability: float) -> float:
        """The confidence of an entity whose action sequence has that probability."""
        return probability
