"""Fits the regression that turns VADER's compound score into three probabilities, and says how good it is.

    python -m benchmarks.fit_vader DATA

DATA is a folder with `sst3.sent.{train,dev}.tsv`, `semeval.train.tsv` and `tweeteval.val.tsv`, each line a label (neg,
neu, pos), a tab and a text. The training files are fitted with equal weight for each class, so that the prior of one
corpus does not colour the answers; the others are kept back for the figures.
"""

import sys
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from pipelines.sentiment.vader import VaderModel

_CLASSES = ["neu", "neg", "pos"]  # the first is the reference
_TRAINING = ("sst3.sent.train.tsv", "semeval.train.tsv")
_KEPT_BACK = ("sst3.sent.dev.tsv", "tweeteval.val.tsv")

Floats = NDArray[np.float64]
Ints = NDArray[np.intp]


def read(paths: list[Path]) -> tuple[Floats, Ints]:
    """Powers of the compound score, shape (texts, 3), and classes, shape (texts,)."""
    vader, scores, classes = VaderModel(), [], []
    for path in paths:
        for line in path.read_text(encoding="utf-8").splitlines():
            label, _, text = line.partition("\t")
            classes.append(_CLASSES.index(label))
            scores.append(vader.compound(text))
    compound = np.array(scores)
    return np.stack([np.ones_like(compound), compound, compound**2], axis=1), np.array(classes)


def probabilities(features: Floats, weights: Floats) -> Floats:
    """Softmax with the reference class at log-odds 0; shape (texts, classes)."""
    odds = np.exp(features @ weights)
    together = np.concatenate([np.ones((len(odds), 1)), odds], axis=1)
    return np.asarray(together / together.sum(axis=1, keepdims=True))


def fit(features: Floats, classes: Ints, steps: int = 50) -> Floats:
    """Weights of shape (3, 2) by Newton's method; each class weighs the same in all."""
    weight = (len(classes) / (3 * np.bincount(classes)))[classes]
    target = np.eye(3)[classes][:, 1:]
    weights = np.zeros((3, 2))
    for _ in range(steps):
        p = probabilities(features, weights)[:, 1:]
        gradient = features.T @ (weight[:, None] * (target - p))
        hessian = np.zeros((6, 6))
        for a in range(2):
            for b in range(2):
                curvature = weight * p[:, a] * ((a == b) - p[:, b])
                hessian[3 * a : 3 * a + 3, 3 * b : 3 * b + 3] = features.T @ (curvature[:, None] * features)
        weights += np.linalg.solve(hessian, gradient.T.reshape(-1)).reshape(2, 3).T
    return weights


def main(data: Path) -> None:
    """Fit, and print the coefficients and the figures."""
    features, classes = read([data / name for name in _TRAINING])
    weights = fit(features, classes)
    print(f"fitted on {len(classes):,} texts")
    for name, column in (("NEGATIVE_LOG_ODDS", weights[:, 0]), ("POSITIVE_LOG_ODDS", weights[:, 1])):
        print(f"{name} = ({', '.join(f'{value:.3f}' for value in column)})")
    for name in _KEPT_BACK:
        features, classes = read([data / name])
        chosen = probabilities(features, weights).argmax(axis=1)
        recalls = [float((chosen[classes == k] == k).mean()) for k in range(3)]
        print(f"{name}: accuracy {float((chosen == classes).mean()):.3f}, macro-recall {sum(recalls) / 3:.3f}")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
