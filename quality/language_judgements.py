"""The detector's guesses on snippets, as arrays; weighted so that each source has its share of the whole."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from quality.language_texts import Snippet
from spanwise.pipelines.calibration.calibration_error import BINS, Bools, Floats
from spanwise.pipelines.language import DETECTOR
from spanwise.pipelines.language.detector import sample_of

SHARES = {"declaration": 0.6, "tweets": 0.3, "unknown languages": 0.1}
"""What is assumed of the texts that callers send; confidence holds for this mixture."""


@dataclass(frozen=True, slots=True)
class Guesses:
    """Guesses on snippets, as arrays of the same length; texts without any n-gram are left out."""

    snippets: list[Snippet]
    guess: NDArray[np.str_]
    score: Floats
    next_score: Floats
    characters: Floats
    correct: Bools
    weight: Floats

    def where(self, chosen: Bools) -> "Guesses":
        """Select the guesses for which `chosen` is true. Weights stay as they are."""
        return Guesses(
            [one for one, wanted in zip(self.snippets, chosen.tolist(), strict=True) if wanted],
            self.guess[chosen],
            self.score[chosen],
            self.next_score[chosen],
            self.characters[chosen],
            self.correct[chosen],
            self.weight[chosen],
        )


def guess(snippets: Sequence[Snippet]) -> Guesses:
    """Detect the language of each snippet, with the scores of the best and the next language."""
    eldc = DETECTOR.load()
    kept, rows = [], []
    for snippet in snippets:
        text = sample_of(snippet.text)
        scores = list(eldc.detect_details(text).scores.items())
        if scores:
            kept.append(snippet)
            rows.append((scores[0][0], scores[0][1], scores[1][1] if len(scores) > 1 else 0.0, len(text)))
    guessed, score, next_score, characters = zip(*rows, strict=True)
    sources = np.array([one.source for one in kept])
    counts = {source: int((sources == source).sum()) for source in SHARES}
    return Guesses(
        kept,
        np.array(guessed),
        np.array(score),
        np.array(next_score),
        np.array(characters, dtype=float),
        np.array([one.language == code for one, code in zip(kept, guessed, strict=True)]),
        np.array([SHARES[one.source] / counts[one.source] for one in kept]),
    )


def weighted_calibration_error(confidence: Floats, guesses: Guesses) -> float:
    """Compute the expected calibration error over bins of equally many guesses, weighted."""
    total = 0.0
    for bin_ in np.array_split(np.argsort(confidence, kind="stable"), BINS):
        weight = guesses.weight[bin_]
        total += abs(float((weight * (confidence[bin_] - guesses.correct[bin_])).sum()))
    return total / float(guesses.weight.sum())
