"""Figures of a model on labelled texts, while it is made; what ships is scored by `make quality`."""

import numpy as np
import torch
from torch import Tensor

BINS = 15


def figures(logits: Tensor, labels: np.ndarray) -> dict[str, float]:
    """Accuracy, macro-recall, accuracy of the two opposite classes, and expected calibration error."""
    p = torch.softmax(logits, 1).numpy()
    guess = p.argmax(1)
    found = [float((guess[labels == c] == c).mean()) for c in np.unique(labels)]
    opinion = labels != 1
    two = (p[:, 2] > p[:, 0]) == (labels == 2)
    return {
        "accuracy": float((guess == labels).mean()),
        "recall": float(np.mean(found)),
        "binary": float(two[opinion].mean()),
        "ece": calibration_error(p, labels),
    }


def calibration_error(p: np.ndarray, labels: np.ndarray) -> float:
    """Of the most probable class, in bins of equal width (Guo et al. 2017)."""
    top, right = p.max(1), p.argmax(1) == labels
    bins = np.minimum((top * BINS).astype(int), BINS - 1)
    return sum(abs(float((top - right)[bins == b].sum())) for b in range(BINS)) / len(top)
