"""Draw a soak: memory by worker, latency and throughput over time. Needs matplotlib (`requirements/quality.txt`)."""

from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import matplotlib as mpl

mpl.use("Agg")

from matplotlib import pyplot as plt

if TYPE_CHECKING:
    from benchmarks.soak import Sample

_COLOURS = ("#0072b2", "#d55e00", "#009e73", "#cc79a7")  # colour-blind readers can tell them apart
_POINTS = 240  # more would only be noise


def draw(samples: "Sequence[Sample]", warm_up_share: float, picture: Path) -> None:
    """Write the picture, a PNG or SVG by its name. What lies left of the dashed line is the warm-up."""
    step = max(1, len(samples) // _POINTS)
    minutes = [sample.seconds / 60 for sample in samples[::step]]
    plt.rcParams.update({"font.size": 9, "axes.spines.top": False, "axes.spines.right": False})
    figure, axes = plt.subplots(3, 1, figsize=(9, 6), dpi=110, sharex=True, layout="constrained")
    for number, pid in enumerate(samples[-1].memory_mb):
        values = [sample.memory_mb.get(pid) for sample in samples[::step]]
        axes[0].plot(minutes, values, color=_COLOURS[number % len(_COLOURS)], label=f"worker {number + 1}")
    axes[1].plot(minutes, [sample.p50_ms for sample in samples[::step]], color=_COLOURS[0], label="median")
    axes[1].plot(minutes, [sample.p99_ms for sample in samples[::step]], color=_COLOURS[1], label="99th percentile")
    axes[2].plot(minutes, [sample.per_second for sample in samples[::step]], color=_COLOURS[0])
    for axis, name in zip(axes, ("memory, MB", "answers 200, ms", "answers 200 per second"), strict=True):
        axis.set_ylabel(name)
        axis.margins(y=0.1)
        axis.set_ylim(bottom=0)
        axis.axvline(minutes[-1] * warm_up_share, color="#999999", linewidth=0.8, linestyle="--")
    axes[0].legend(frameon=False, loc="lower right")
    axes[1].legend(frameon=False)
    axes[2].set_xlabel("minutes")
    figure.savefig(picture, metadata={"Software": None} if picture.suffix == ".png" else {"Date": None})
