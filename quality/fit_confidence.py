"""Fit the calibration curves that turn the recognizer's probabilities into confidence, and print how good they are.

    python -m quality.fit_confidence DATA

DATA is a folder with the corpora of `quality/corpora.py`. Curves are fitted on one half of them and compared on a
quarter. The one with the smallest calibration error within labels is written into
`pipelines/entities/compiled/calibrations.json`, under the fingerprint of the default pipeline's recognizer. The last
figures are those of the quarter held out, and their range with other seeds, because a single split may be easy or hard.
The same data and model give the same file.
"""

import sys
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from benchmarks.ner_alone import PIPELINE
from quality.calibrators import Curve, calibrated, family, isotonic
from quality.confidence import confidence_table, confidences, threshold_table
from quality.judgements import (
    SEED,
    Judgements,
    default_engine,
    default_pipeline,
    judge,
    read_corpora,
    sentences_of,
    split_judgements,
)
from spanwise.pipelines.calibration.calibration_error import Bools, Floats, calibration_error
from spanwise.pipelines.entities.compiled.calibration_file import SHIPPED, entry_of, write_entry
from spanwise.pipelines.entities.compiled.confidence import BetaCalibration, fingerprint
from spanwise.schemas import Calibrated

_OTHER_SEEDS = 20


def within_labels(probabilities: Floats, label: NDArray[np.str_], correct: Bools) -> float:
    """Compute the calibration error of each label separately, and average them weighted by the labels' sizes.

    The error of all labels together does not show that one label is overrated as much as another is underrated.
    """
    of_label = [label == name for name in set(label.tolist())]
    errors = [float(one.sum()) * calibration_error(probabilities[one], correct[one]) for one in of_label]
    return sum(errors) / len(label)


def errors(curves: Mapping[str, Curve], judgements: Judgements) -> tuple[float, float]:
    """Return the calibration error over all labels together, and that within labels."""
    probabilities = calibrated(curves, judgements)
    within = within_labels(probabilities, judgements.label, judgements.correct)
    return calibration_error(probabilities, judgements.correct), within


def write(
    curves: Mapping[str, BetaCalibration], other: BetaCalibration, texts: int, predictions: int, held_out: Judgements
) -> None:
    """Write curves into the file that ships, under the model's fingerprint, and keep those of other models.

    Their error on the predictions held out is written too, once it is known: it is that of the confidences that
    pipelines give, which are rounded like the parameters in the file.
    """
    loaded, model = default_pipeline()
    title = f"{PIPELINE}-{loaded.nlp.meta['version']}"
    error = 0.0
    for _ in range(2):
        evidence = Calibrated(texts=texts, error=error)
        write_entry(SHIPPED, fingerprint(model), entry_of(title, evidence, predictions, curves, other))
        error = calibration_error(confidences(held_out), held_out.correct)


def main(data: Path) -> None:
    """Fit, choose, write, and print the figures."""
    corpora = read_corpora(data)
    judgements = judge(default_engine(), corpora)
    parts = split_judgements(judgements, corpora)
    to_fit, to_choose = parts["fit"], parts["choose"]
    print(f"fitted on {len(to_fit):,} predictions, chosen on {len(to_choose):,}\n")
    print("| expected calibration error | all | within labels |\n| --- | ---: | ---: |")
    choice = family(to_fit)
    for name, curves in (choice | isotonic(to_fit)).items():
        print(f"| {name} |", " | ".join(f"{error:.4f}" for error in errors(curves, to_choose)), "|")
    best = min(choice, key=lambda name: errors(choice[name], to_choose)[1])
    print(f"\nchosen: {best}")
    for_any_label = choice[best.partition(",")[0]]  # the same shape, fitted on all labels together
    texts = sum(len(sentences) for sentences in sentences_of(corpora, "fit").values())
    write(choice[best], next(iter(for_any_label.values())), texts, len(to_fit), parts["held out"])
    print(f"\n{confidence_table(parts['held out'])}\n\n{threshold_table(parts['held out'])}")
    others = [split_judgements(judgements, corpora, SEED + 1 + i) for i in range(_OTHER_SEEDS)]
    over_all, in_labels = zip(*(errors(family(one["fit"])[best], one["held out"]) for one in others), strict=True)
    print(
        f"\nfitted and held out with {_OTHER_SEEDS} other seeds: {min(over_all):.3f} to {max(over_all):.3f} over all,"
    )
    print(f"{min(in_labels):.3f} to {max(in_labels):.3f} within labels")


if __name__ == "__main__":
    if len(sys.argv) != 2:
        sys.exit(__doc__)
    main(Path(sys.argv[1]))
