"""Which of two models is for a text: the one of corpora, or the one of short everyday statements.

A linear classifier of the words that a text begins with, over the vocabulary of the first model: each word weighs
something for one or the other, all unknown words the same, and so does the number of words. Positive sums are for the
second model. Words are those of `tokens.py`: invisible characters, look-alikes, capitals and spaces change nothing.
`training/everyday_gate.py` fits the weights.
"""

from collections.abc import Mapping
from typing import Any

import numpy as np

from spanwise.pipelines.sentiment.artefact import Floats
from spanwise.pipelines.sentiment.tokens import STRETCHED, tokenize, unstretched

POINTS = 400
"""Code points of a text that are looked at."""
WORDS = 64
"""Words in them that are looked at."""


def gate_size(words: int) -> int:
    """Return how many weights a gate has: those of so many words, one for all others, one for each number of words."""
    return words + 1 + WORDS + 1


def gate_features(text: str, rows: Mapping[str, int]) -> list[int]:
    """Return which weights a text adds up, for words with these rows of a vocabulary: see `gate.h`."""
    found = []
    for token in tokenize(text[:POINTS])[:WORDS]:
        keys = (token.key, *(unstretched(token.key) if token.flags & STRETCHED else ()))
        found.append(next((rows[key] for key in keys if key in rows), len(rows)))
    return [*found, len(rows) + 1 + len(found)]


def gate_sum(text: str, rows: Mapping[str, int], weights: Floats) -> float:
    """Return the sum of a text's weights, added up in the order of its words."""
    total = 0.0
    for feature in gate_features(text, rows):
        total += float(weights[feature])
    return total


def read_gate(codes: Any, words: int) -> Floats:
    """Return the weights of a file for a vocabulary of so many words. Raises `ValueError` where they do not fit."""
    if not isinstance(codes, np.ndarray) or codes.dtype != np.float16:
        raise ValueError("gate.npy is no array of float16")
    if codes.shape != (gate_size(words),) or not np.isfinite(codes).all():
        raise ValueError("gate.npy does not fit the vocabulary")
    return codes.astype(np.float32)
