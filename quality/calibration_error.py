"""How far probabilities are from how often they came true: the expected calibration error.

Predictions are put into 15 bins by their probability; in each, the mean probability is compared with the share that is
correct, and the differences are averaged by the bins' sizes (Naeini, Cooper and Hauskrecht, 2015). Bins of equal mass
hold equally many predictions and are what is meant here unless equal width is said. Few predictions have a large error
even if their probabilities are perfect; `by_chance` says how large.
"""

import numpy as np
from numpy.typing import NDArray

BINS = 15

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SEED = 20_240_503
_DRAWS = 200


def equal_mass_bins(probabilities: Floats) -> list[NDArray[np.intp]]:
    """Indices of equally many predictions in each, up to one; no bin is empty."""
    order = np.argsort(probabilities, kind="stable")
    return [bin_ for bin_ in np.array_split(order, BINS) if len(bin_)]


def equal_width_bins(probabilities: Floats) -> list[NDArray[np.intp]]:
    """Indices of the predictions in each fifteenth of [0, 1]; empty ones are left out."""
    number = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return [np.flatnonzero(number == i) for i in np.unique(number)]


def calibration_error(probabilities: Floats, correct: Bools, *, equal_width: bool = False) -> float:
    """The expected calibration error, 0 to 1."""
    bins = (equal_width_bins if equal_width else equal_mass_bins)(probabilities)
    return float(sum(abs(probabilities[i].sum() - correct[i].sum()) for i in bins) / len(probabilities))


def by_chance(probabilities: Floats) -> float:
    """The mean error of as many predictions that come true with exactly these probabilities."""
    rng = np.random.default_rng(_SEED)
    draws = (rng.random(len(probabilities)) < probabilities for _ in range(_DRAWS))
    return float(np.mean([calibration_error(probabilities, drawn) for drawn in draws]))
