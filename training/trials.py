"""`python -m training.trials DATA`: print the teacher's figures and what each part of the recipe is worth.

Each variant of the recipe is trained for one pass. The teacher and its labels are read from the cache, where `make
train-sentiment` leaves them.
"""

import argparse
import time
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch

from training.examples import GOLD_SHARE, Training
from training.fitting import fit
from training.recipe import SEED, Development, Ground, beginnings, prepare, training_of, vocabulary_of
from training.scores import figures
from training.student import Size, Student
from training.swapping import Swapper
from training.teacher import HEADS, encode, encode_targets


@dataclass(frozen=True)
class Trial:
    """A variant of the recipe that leaves out or changes one part."""

    name: str
    size: Size = field(default_factory=Size)
    gold_share: float = GOLD_SHARE
    begins_anywhere: bool = False


RECIPE = Trial("the recipe, one pass")
TRIALS = (
    RECIPE,
    replace(RECIPE, name="labels alone, no teacher", gold_share=1.0),
    replace(RECIPE, name="words begin at random", begins_anywhere=True),
    replace(RECIPE, name="n-grams alone, no rows of words", size=Size(word_dropout=1.0)),
    replace(RECIPE, name="no convolution, attention over words", size=Size(depth=0, target_depth=0)),
    replace(RECIPE, name="one convolution", size=Size(depth=1, target_depth=1)),
    replace(RECIPE, name="half as wide", size=Size(width=40)),
    replace(RECIPE, name="twice as wide", size=Size(width=160)),
)
_COLUMNS = {
    "SST, two classes": ("sst", "binary"),
    "tweets, macro-recall": ("tweets", "recall"),
    "IMDB": ("reviews", "binary"),
    "restaurants and laptops": ("opinions", "binary"),
    "towards news": ("towards news.mt", "accuracy"),
    "MAMS": ("towards mams", "accuracy"),
    "Twitter": ("towards twitter", "accuracy"),
}
_HEADS = {"sst": "film", "opinions": "film", "food": "sem14", "laptops": "sem14"}
"""The teacher's head for a corpus that has no head of its own name and is not one of tweets."""


def main() -> None:
    """Print a table, each row as soon as it is computed."""
    parser = argparse.ArgumentParser(prog="python -m training.trials", description=__doc__)
    parser.add_argument("data", type=Path, help="the folder of the corpora")
    parser.add_argument("--cache", type=Path, default=Path(".training"))
    arguments = parser.parse_args()
    ground = prepare(arguments.data, arguments.cache, SEED)
    development = Development.read(ground.corpora, ground.reader)
    training = {share: _training(ground, share) for share in dict.fromkeys(trial.gold_share for trial in TRIALS)}
    print(f"| | {' | '.join(_COLUMNS)} | minutes |")
    print(f"| --- |{' ---: |' * (len(_COLUMNS) + 1)}", flush=True)
    _print("the teacher", _of_teacher(ground), "")
    for trial in TRIALS:
        started = time.monotonic()
        student = _student(ground, trial, training[trial.gold_share])
        _print(trial.name, development.figures(student), f"{(time.monotonic() - started) / 60:.0f}")


def _print(name: str, found: dict[str, dict[str, float]], minutes: str) -> None:
    shown = [f"{100 * found[corpus][figure]:.1f}" if corpus in found else "" for corpus, figure in _COLUMNS.values()]
    print(f"| {name} | {' | '.join(shown)} | {minutes} |", flush=True)


def _of_teacher(ground: Ground) -> dict[str, dict[str, float]]:
    """Return the teacher's figures by corpus, without the long reviews, which are too long for it."""
    found = {}
    for name, rows in ground.corpora.development().items():
        if name != "reviews":
            logits = ground.teacher.predict(encode([row.text for row in rows]))
            labels = np.array([row.label for row in rows])
            found[name] = figures(logits[:, HEADS.index(_HEADS.get(name, "tweet"))], labels)
    for name, targets in ground.corpora.target_development().items():
        logits = ground.teacher.predict(encode_targets([row[:3] for row in targets]))
        labels = np.array([row.label for row in targets])
        found[f"towards {name}"] = figures(logits[:, HEADS.index(_HEADS.get(name, name.split(".")[0]))], labels)
    return found


def _training(ground: Ground, gold_share: float) -> Training:
    return training_of(ground, gold_share=gold_share)


def _student(ground: Ground, trial: Trial, training: Training) -> Student:
    torch.manual_seed(SEED)
    swapper = Swapper(ground.reader.types, training.sentences, SEED)
    vocabulary = vocabulary_of(ground, trial.size)
    words = beginnings(ground, vocabulary, trial.size)
    if trial.begins_anywhere:
        words = torch.randn_like(words) * words.std()
    student = Student(trial.size, vocabulary, words)
    return fit(student, training.texts, training.targets, swapper, epochs=1, seed=SEED)


if __name__ == "__main__":
    main()
