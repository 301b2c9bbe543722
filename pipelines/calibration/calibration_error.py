"""The expected calibration error: how far probabilities are from how often predictions are correct.

Predictions are put into 15 bins by their probability. In each bin the mean probability is compared with the share that
is correct, and the differences are averaged, weighted by the bins' sizes (Naeini, Cooper and Hauskrecht, 2015). Bins
have equal mass, that is, equally many predictions, unless equal width is named. A small number of predictions has a
large error even with perfect probabilities; `by_chance` computes how large. `bins_for` has fewer bins for those.
"""

import numpy as np
from numpy.typing import NDArray

BINS = 15
_FEWEST_BINS = 5
_IN_A_BIN = 100

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

_SEED = 20_240_503
_DRAWS = 200


def bins_for(predictions: int) -> int:
    """Return the number of bins in which so many predictions are compared: 100 to a bin, from 5 bins to 15."""
    return min(max(predictions // _IN_A_BIN, _FEWEST_BINS), BINS)


def equal_mass_bins(probabilities: Floats, bins: int = BINS) -> list[NDArray[np.intp]]:
    """Return the indices of the predictions in each bin; sizes differ by one at most, and no bin is empty."""
    order = np.argsort(probabilities, kind="stable")
    return [bin_ for bin_ in np.array_split(order, bins) if len(bin_)]


def equal_width_bins(probabilities: Floats) -> list[NDArray[np.intp]]:
    """Return the indices of the predictions in each fifteenth of [0, 1], leaving out empty bins."""
    number = np.minimum((probabilities * BINS).astype(int), BINS - 1)
    return [np.flatnonzero(number == i) for i in np.unique(number)]


def calibration_error(probabilities: Floats, correct: Bools, *, bins: int = BINS, equal_width: bool = False) -> float:
    """Compute the expected calibration error, from 0 to 1. `bins` is the number of those of equal mass."""
    chosen = equal_width_bins(probabilities) if equal_width else equal_mass_bins(probabilities, bins)
    return float(sum(abs(probabilities[i].sum() - correct[i].sum()) for i in chosen) / len(probabilities))


def by_chance(probabilities: Floats, bins: int = BINS) -> float:
    """Simulate the mean error of as many predictions that are correct with exactly these probabilities."""
    rng = np.random.default_rng(_SEED)
    draws = (rng.random(len(probabilities)) < probabilities for _ in range(_DRAWS))
    return float(np.mean([calibration_error(probabilities, drawn, bins=bins) for drawn in draws]))
