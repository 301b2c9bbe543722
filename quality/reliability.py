"""`make reliability`: draw how often predictions are right against their probability and their confidence.

    python -m quality.reliability DATA PNG

The predictions are those on the part of the corpora that nothing was fitted on; each point is a fifteenth of them.
matplotlib comes from `requirements/quality.txt`, because only this module needs it.
"""

import sys
from pathlib import Path
from typing import Any

import matplotlib as mpl
import numpy as np

from quality.confidence import confidences, held_out
from spanwise.pipelines.calibration.calibration_error import Bools, Floats, calibration_error, equal_mass_bins

mpl.use("Agg")

from matplotlib import pyplot as plt

_LABELS = {
    "PERSON": "#0072b2",
    "GPE": "#009e73",
    "ORG": "#d55e00",
}  # the frequent labels, in colours that colour-blind readers can tell apart
_RAW, _CALIBRATED = "#999999", "#000000"


def draw(data: Path, png: Path) -> None:
    """Draw the curves of all predictions and of each frequent label, and below them the numbers of predictions."""
    judgements = held_out(data)
    confidence, probability, correct = confidences(judgements), judgements.probability, judgements.correct
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(
        2, 2, figsize=(9, 5.6), dpi=130, sharex=True, height_ratios=(3, 1), layout="constrained"
    )
    _curve(axes[0, 0], probability, correct, "model's probability", _RAW)
    _curve(axes[0, 0], confidence, correct, "confidence", _CALIBRATED)
    axes[0, 0].set_title(f"All {len(judgements):,} predictions held out")
    _counts(axes[1, 0], {"": probability}, [_RAW], filled=True)
    _counts(axes[1, 0], {"": confidence}, [_CALIBRATED])
    for label, colour in _LABELS.items():
        of = judgements.label == label
        _curve(axes[0, 1], confidence[of], correct[of], label, colour)
    axes[0, 1].set_title("Confidence, by label")
    _counts(axes[1, 1], {label: confidence[judgements.label == label] for label in _LABELS}, list(_LABELS.values()))
    axes[0, 0].set_ylabel("share correct")
    axes[1, 0].set_ylabel("predictions")
    for axis in axes[1]:
        axis.set_xlabel("probability or confidence")
    figure.savefig(png, metadata={"Software": None})  # the same picture has the same bytes


def _curve(axis: Any, predicted: Floats, correct: Bools, name: str, colour: str) -> None:
    bins = equal_mass_bins(predicted)
    x, y = [predicted[i].mean() for i in bins], [correct[i].mean() for i in bins]
    error = calibration_error(predicted, correct)
    axis.plot([0, 1], [0, 1], color="#cccccc", linewidth=1, zorder=0)
    axis.plot(x, y, marker="o", markersize=3.5, linewidth=1.3, color=colour, label=f"{name}: ECE {error:.3f}")
    axis.set_xlim(0, 1)
    axis.set_ylim(0, 1)
    axis.legend(loc="upper left", frameon=False)


def _counts(axis: Any, groups: dict[str, Floats], colours: list[str], *, filled: bool = False) -> None:
    edges = np.linspace(0, 1, 31)
    for values, colour in zip(groups.values(), colours, strict=True):
        axis.hist(values, edges, histtype="stepfilled" if filled else "step", color=colour, linewidth=1.3)


if __name__ == "__main__":
    if len(sys.argv) != 3:
        sys.exit(__doc__)
    draw(Path(sys.argv[1]), Path(sys.argv[2]))
