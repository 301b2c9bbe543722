"""The teacher's probabilities for texts and targets, labelled or not, which the student learns most from.

This is distillation by soft labels (Hinton et al. 2015) on in-domain unlabelled text (Tang et al. 2019, "Distilling
Task-Specific Knowledge from BERT into Simple Neural Networks").
"""

import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from training.corpora import Corpora, TargetText, Text, is_held_out
from training.dataset import Reader
from training.teacher import MIN_WORDS, Example, Teacher, encode, encode_targets

PLAIN_REVIEWS, REVIEW_SENTENCES, LABELLED_PHRASES = 8_000, 40_000, 40_000
NEW_TARGETS = 24_000
MIN_LENGTH, MAX_LENGTH = 15, 400  # code points of a sentence

Probabilities = NDArray[np.float32]
"""[texts, heads, 3]"""


@dataclass
class Labelled:
    """Texts or targets, their own labels (-1 for none), and the teacher's probabilities [n, heads, 3]."""

    rows: list[Any]  # `Text` or `TargetText`
    gold: list[int]
    soft: Probabilities

    def with_gold(self) -> "Labelled":
        """Select the rows that have a label of their own."""
        kept = [i for i, label in enumerate(self.gold) if label >= 0]
        return Labelled([self.rows[i] for i in kept], [self.gold[i] for i in kept], self.soft[kept])


def label_all(corpora: Corpora, teacher: Teacher, reader: Reader, cache: Path) -> dict[str, Labelled]:
    """Label every text and target that the student learns from, by name. Labels found in `cache` are used again."""
    chance = random.Random(1)
    phrases, tweets = corpora.phrases(), corpora.tweets()
    long = [t for t in phrases if len(t.text.split()) >= MIN_WORDS]
    texts: dict[str, Callable[[], Sequence[Text]]] = {
        "tweets": lambda: tweets,
        "phrases": lambda: chance.sample(long, min(LABELLED_PHRASES, len(long))),
        "aspects": lambda: _distinct(row.text for rows in corpora.target_texts().values() for row in rows),
        "posts": lambda: _distinct(corpora.posts()),
        "factual": lambda: _distinct(corpora.factual()),
        "reviews": lambda: _review_sentences(corpora, reader, chance),
    }
    targets: dict[str, Callable[[], Sequence[TargetText]]] = {
        head: lambda rows=rows: rows  # type: ignore[misc]
        for head, rows in corpora.target_texts().items()
    }
    targets["news.names"] = lambda: _names_in_news(corpora, reader)
    targets["new"] = lambda: _new_targets(corpora, reader, chance)
    found = {
        f"targets.{name}": _labelled(cache, f"targets.{name}", make, encode_rows, teacher)
        for name, make in targets.items()
        if name != "new"
    }
    found |= {name: _labelled(cache, name, make, encode_texts, teacher) for name, make in texts.items()}
    found["targets.new"] = _labelled(cache, "targets.new", targets["new"], encode_rows, teacher)
    return found


def encode_texts(rows: Sequence[Text]) -> list[Example]:
    """Encode texts for the teacher."""
    return encode([row.text for row in rows])


def encode_rows(rows: Sequence[TargetText]) -> list[Example]:
    """Encode texts with targets for the teacher."""
    return encode_targets([row[:3] for row in rows])


def _labelled(
    cache: Path, name: str, make: Callable[[], Any], encode_all: Callable[[Any], list[Example]], teacher: Teacher
) -> Labelled:
    rows = list(make())
    path = cache / f"{name}.npy"
    if not path.exists():
        print(f"labelling {len(rows)} of {name}", flush=True)
        soft = teacher.predict(encode_all(rows)).softmax(2).numpy()
        np.save(path, soft)
    return Labelled(rows, [row.label for row in rows], np.load(path))


def _distinct(texts: Iterable[str]) -> list[Text]:
    return [Text(text, -1) for text in dict.fromkeys(texts) if not is_held_out(text)]


def _review_sentences(corpora: Corpora, reader: Reader, chance: random.Random) -> list[Text]:
    reviews = corpora.plain_reviews()
    chosen = chance.sample(reviews, min(PLAIN_REVIEWS, len(reviews)))
    cut = reader.spans(chosen)
    sentences = [text[start:end] for text, spans in zip(chosen, cut, strict=True) for start, end in spans]
    sentences = [s for s in sentences if MIN_LENGTH <= len(s) <= MAX_LENGTH]
    return [Text(s, -1) for s in chance.sample(sentences, min(REVIEW_SENTENCES, len(sentences)))]


def _new_targets(corpora: Corpora, reader: Reader, chance: random.Random) -> list[TargetText]:
    """Return names that the default pipeline finds in texts of every kind, each in its sentence."""
    texts = [t.text for t in corpora.tweets()] + corpora.posts() + corpora.factual()
    texts += chance.sample(corpora.plain_reviews(), 3000)
    rows = _names_in([text for text in texts if not is_held_out(text)], reader)
    return chance.sample(rows, min(NEW_TARGETS, len(rows)))


def _names_in_news(corpora: Corpora, reader: Reader) -> list[TargetText]:
    """Return all names in the news texts, where the corpus labels one name of each text."""
    return _names_in(list(dict.fromkeys(row.text for row in corpora.target_texts()["news"])), reader)


def _names_in(texts: Sequence[str], reader: Reader) -> list[TargetText]:
    return [
        TargetText(text[first:last], start - first, end - first, -1)
        for text, names in zip(texts, reader.names(texts), strict=True)
        for start, end, _, first, last in names
        if last - first <= MAX_LENGTH
    ]
