"""Figures of a model on labelled texts during training. `make quality` scores the model that ships."""

import numpy as np
import torch
from torch import Tensor

from training.corpora import NEGATIVE, NEUTRAL, POSITIVE

BINS = 15


def figures(logits: Tensor, labels: np.ndarray) -> dict[str, float]:
    """Compute accuracy, macro-recall, accuracy between negative and positive alone, and expected calibration error."""
    p = torch.softmax(logits, 1).numpy()
    guess = p.argmax(1)
    found = [float((guess[labels == c] == c).mean()) for c in np.unique(labels)]
    opinion = labels != NEUTRAL
    two = (p[:, POSITIVE] > p[:, NEGATIVE]) == (labels == POSITIVE)
    return {
        "accuracy": float((guess == labels).mean()),
        "recall": float(np.mean(found)),
        "binary": float(two[opinion].mean()),
        "ece": calibration_error(p, labels),
    }


def calibration_error(p: np.ndarray, labels: np.ndarray) -> float:
    """Compute the expected calibration error of the most probable class, in bins of equal width (Guo et al. 2017)."""
    top, right = p.max(1), p.argmax(1) == labels
    bins = np.minimum((top * BINS).astype(int), BINS - 1)
    return sum(abs(float((top - right)[bins == b].sum())) for b in range(BINS)) / len(top)
