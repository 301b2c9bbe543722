"""Fit the calibration curves that turn the recognizer's probabilities into confidence, and print how good they are.

    python -m quality.fit_confidence DATA

DATA is a folder with the corpora of `quality/corpora.py`. Curves are fitted on one half of them and compared on a
quarter. The one with the smallest calibration error within labels is written into
`pipelines/entities/compiled/calibrations.json`, under the fingerprint of the default pipeline's recognizer. The last
figures are those of the quarter held out, and their range with other seeds, because a single split may be easy or hard.
The same data and model give the same file.
"""

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path

from benchmarks.ner_alone import PIPELINE
from quality.calibration_error import Floats, calibration_error
from quality.calibrators import Curve, calibrated, family, isotonic
from quality.confidence import confidence_table
from quality.judgements import (
    SEED,
    Judgements,
    default_pipeline,
    engine_without_calibration,
    judge,
    read_corpora,
    split_judgements,
)
from spanwise.pipelines.entities.compiled.confidence import BetaCalibration, fingerprint

_FILE = Path(__file__).parents[1] / "pipelines" / "entities" / "compiled" / "calibrations.json"
_DIGITS = 4
_OTHER_SEEDS = 20


def within_labels(probabilities: Floats, judgements: Judgements) -> float:
    """Compute the calibration error of each label separately, and average them weighted by the labels' sizes.

    The error of all labels together does not show that one label is overrated as much as another is underrated.
    """
    of_label = [judgements.label == label for label in set(judgements.label.tolist())]
    errors = [float(one.sum()) * calibration_error(probabilities[one], judgements.correct[one]) for one in of_label]
    return sum(errors) / len(judgements)


def errors(curves: Mapping[str, Curve], judgements: Judgements) -> tuple[float, float]:
    """Return the calibration error over all labels together, and that within labels."""
    probabilities = calibrated(curves, judgements)
    return calibration_error(probabilities, judgements.correct), within_labels(probabilities, judgements)


def write(curves: Mapping[str, BetaCalibration], other: BetaCalibration) -> None:
    """Write curves into the file that pipelines read, under the model's fingerprint, and keep those of other models."""
    loaded, model = default_pipeline()
    known = json.loads(_FILE.read_text(encoding="utf-8"))
    known[fingerprint(model)] = {
        "pipeline": f"{PIPELINE} {loaded.nlp.meta['version']}",
        "curves": {label: _parameters(curve) for label, curve in sorted(curves.items())},
        "other": _parameters(other),
    }
    text = re.sub(r"\[[^]]*]", lambda numbers: " ".join(numbers[0].split()), json.dumps(known, indent=2))
    _FILE.write_text(text.replace("[ ", "[").replace(" ]", "]") + "\n", encoding="utf-8")


def _parameters(curve: BetaCalibration) -> list[float]:
    return [round(value, _DIGITS) for value in (curve.a, curve.b, curve.c)]


def main(data: Path) -> None:
    """Fit, choose, write, and print the figures."""
    corpora = read_corpora(data)
    judgements = judge(engine_without_calibration(), corpora)
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
    write(choice[best], next(iter(for_any_label.values())))
    print(f"\n{confidence_table(parts['held out'])}")
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
