"""Show how good confidence is after `spanwise calibrate` with some hundred texts of a corpus.

    python -m quality.few_texts DATA [PIPELINE] [TEXTS]
    python -m quality.few_texts DATA --priors

DATA is a folder with the corpora of `quality/corpora.py`; PIPELINE is a package or folder, by default the default
pipeline, whose own calibration is left aside; TEXTS is how many texts are drawn, 500 by default. For each corpus and
each of twenty seeds, curves are fitted on texts drawn at random, and the expected calibration error is measured on all
other texts of the corpus, in 15 bins of equal mass: of the model's own probabilities (raw), of the calibrated
confidence, and of perfect confidences of as many entities (by chance). The last column is the mean of what
`spanwise calibrate` says of the error itself, by cross-validation. With `--priors`, weaker and stronger priors are
compared by the same measure, over all entities and within labels, in the mean over all corpora and seeds.
"""

import sys
from pathlib import Path

import numpy as np

from benchmarks.ner_alone import PIPELINE
from quality.corpora import OF_PIPELINE, Sentence, read_corpus
from quality.fit_confidence import within_labels
from spanwise.pipelines import Analyzer
from spanwise.pipelines.calibration.calibrate import cross_validated, judge_texts
from spanwise.pipelines.calibration.calibration_error import bins_for, by_chance, calibration_error
from spanwise.pipelines.calibration.curve_fitting import PRIORS, Priors, fit_curves
from spanwise.pipelines.calibration.judging import Judged, LabelMap
from spanwise.pipelines.calibration.labelled_texts import LabelledSpan, LabelledText

CORPORA = ("conll2003.train", "wikigold", "wnut17.train", "gum.train", "btc")
TEXTS = 500
SEEDS = 20
_NONE, _ANY = 1e-4, 1e9
CHOICES = {
    "as shipped": PRIORS,
    "none": Priors(_NONE, _NONE, _NONE),
    "a and b alike": Priors(PRIORS.slope, _ANY, PRIORS.label),
    "one curve for all labels": Priors(PRIORS.slope, PRIORS.difference, _ANY),
    "a tenth": Priors(PRIORS.slope / 10, PRIORS.difference / 10, PRIORS.label / 10),
    "ten times": Priors(PRIORS.slope * 10, PRIORS.difference * 10, PRIORS.label * 10),
}


def agreeing(labels: frozenset[str]) -> LabelMap:
    """Return which of a pipeline's labels agree with each of the corpora's: those of OntoNotes, or the same ones."""
    return {
        theirs: frozenset(ours for ours in labels if OF_PIPELINE.get(ours, ours) == theirs)
        for theirs in set(OF_PIPELINE.values())
    }


def as_labelled(sentences: list[Sentence]) -> list[LabelledText]:
    """Return sentences as `spanwise calibrate` reads them."""
    return [
        LabelledText(f"line {number}", one.text, tuple(sorted(LabelledSpan(*entity) for entity in one.entities)))
        for number, one in enumerate(sentences, 1)
    ]


def drawn_apart(judged: Judged, texts: int, drawn: int, seed: int) -> tuple[Judged, Judged]:
    """Return the entities of texts drawn at random, and those of all others."""
    chosen = np.isin(judged.text, np.random.default_rng(seed).permutation(texts)[:drawn])
    return judged.where(chosen), judged.where(~chosen)


def errors(judged: Judged, texts: int, drawn: int, seed: int) -> tuple[float, float]:
    """Fit on texts drawn at random. Return the error on the others, and the error that cross-validation expects."""
    few, others = drawn_apart(judged, texts, drawn, seed)
    found = calibration_error(fit_curves(few).apply(others), others.correct)
    return found, calibration_error(cross_validated(few), few.correct, bins=bins_for(len(few)))


def compare_priors(data: Path) -> None:
    """Print a table with a row for each choice of the priors."""
    analyzer = Analyzer.load(PIPELINE)
    corpora = [as_labelled(read_corpus(data, name)) for name in CORPORA]
    judgements = [(judge_texts(analyzer, texts, agreeing(analyzer.labels)), len(texts)) for texts in corpora]
    print("| priors | over all | within labels |\n| --- | ---: | ---: |")
    for name, priors in CHOICES.items():
        found = []
        for judged, texts in judgements:
            for seed in range(SEEDS):
                few, others = drawn_apart(judged, texts, TEXTS, seed)
                confidence = fit_curves(few, priors).apply(others)
                over_all = calibration_error(confidence, others.correct)
                found.append((over_all, within_labels(confidence, others.label, others.correct)))
        print(f"| {name} |", " | ".join(f"{figure:.4f}" for figure in np.mean(found, axis=0).tolist()), "|")


def main(data: Path, source: str, drawn: int) -> None:
    """Print a table with a row for each corpus."""
    analyzer = Analyzer.load(source)
    print(f"{analyzer.title}, {drawn} texts of each corpus, {SEEDS} seeds\n")
    columns = ("entities in these", "held out", "raw", "calibrated, mean", "worst", "by chance", "cross-validated")
    print("| | " + " | ".join(columns) + " |")
    print("| --- |" + " ---: |" * len(columns))
    for name in CORPORA:
        texts = as_labelled(read_corpus(data, name))
        judged = judge_texts(analyzer, texts, agreeing(analyzer.labels))
        found, expected = zip(*(errors(judged, len(texts), drawn, seed) for seed in range(SEEDS)), strict=True)
        share = drawn / len(texts)
        figures = (
            calibration_error(judged.probability, judged.correct),
            float(np.mean(found)),
            max(found),
            by_chance(fit_curves(judged).apply(judged)),
            float(np.mean(expected)),
        )
        counts = f"{share * len(judged):,.0f} | {(1 - share) * len(judged):,.0f}"
        print(f"| {name} | {counts} | " + " | ".join(f"{figure:.3f}" for figure in figures) + " |")


if __name__ == "__main__":
    if not 2 <= len(sys.argv) <= 4:
        sys.exit(__doc__)
    if sys.argv[2:] == ["--priors"]:
        compare_priors(Path(sys.argv[1]))
        sys.exit()
    data, source, drawn = (*sys.argv[1:], *("", PIPELINE, str(TEXTS))[len(sys.argv) - 1 :])
    main(Path(data), source, int(drawn))
