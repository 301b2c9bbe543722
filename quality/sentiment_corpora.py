"""Texts and targets with labels that nothing was trained on, and files of a reader's own.

Where a corpus has no development part, the texts are the tenth that `training` holds out of it.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from spanwise.pipelines.annotations import Scores
from training.corpora import LABELS, Corpora, TargetText, Text

Ints = NDArray[np.intp]

_WORDS = dict(zip(Scores._fields, LABELS, strict=True))


@dataclass(frozen=True, slots=True)
class Labelled:
    """Texts with their classes, shape (texts,), which are indices into `LABELS`."""

    name: str
    texts: list[str]
    classes: Ints


@dataclass(frozen=True, slots=True)
class LabelledTargets:
    """Texts, each with one target as a span in code points, and their classes towards it, shape (texts,)."""

    name: str
    texts: list[str]
    spans: list[tuple[int, int]]
    classes: Ints


def development(data: Path) -> list[Labelled]:
    """Read sentences of film reviews, tweets, long film reviews, and sentences about restaurants and laptops."""
    found = Corpora(data).development()
    names = {
        "sst": "SST sentences, dev",
        "tweets": "TweetEval, val, new tweets",
        "semeval": "SemEval tweets, held out",
        "reviews": "IMDB reviews, held out",
        "opinions": "restaurants and laptops, held out",
    }
    return [_texts(name, found[key]) for key, name in names.items()]


def target_development(data: Path) -> list[LabelledTargets]:
    """Read texts with targets from news, restaurants, tweets and laptops."""
    found = Corpora(data).target_development()
    names = {
        "news.mt": "NewsMTSC, several targets, dev",
        "news.rw": "NewsMTSC, real world, dev",
        "mams": "MAMS, dev",
        "twitter": "Twitter, held out",
        "food": "restaurants, held out",
        "laptops": "laptops, held out",
    }
    return [_targets(name, found[key]) for key, name in names.items()]


def own_texts(path: Path) -> Labelled:
    """Read a file with a line `label<TAB>text` for each text; a label is neg, neu, pos or the whole word.

    Raises `SystemExit`, which names the line, when a line has another form.
    """
    rows = [Text(text, label) for _, label, (text,) in _lines(path, 2)]
    return _texts(path.name, rows)


def own_targets(path: Path) -> LabelledTargets:
    """Read a file with a line `label<TAB>start<TAB>end<TAB>text` for each target, in code points.

    A header is skipped. Raises `SystemExit`, which names the line, when a line has another form.
    """
    rows = []
    for number, label, (start, end, text) in _lines(path, 4):
        if not (start.isdigit() and end.isdigit() and int(start) < int(end) <= len(text)):
            raise SystemExit(f"{path}, line {number}: {start} to {end} is no part of the text.")
        rows.append(TargetText(text, int(start), int(end), label))
    return _targets(path.name, rows)


def _lines(path: Path, columns: int) -> Iterator[tuple[int, int, list[str]]]:
    """Yield the number, the label and the other columns of each line but a header."""
    for number, line in enumerate(path.read_text("utf-8").split("\n"), 1):
        label, *rest = line.split("\t", columns - 1)
        label = _WORDS.get(label.lower(), label.lower())
        if number == 1 and label == "label":
            continue
        if not line:
            continue
        if label not in LABELS or len(rest) != columns - 1:
            raise SystemExit(f"{path}, line {number}: neg, neu or pos and {columns - 1} more columns are expected.")
        yield number, LABELS.index(label), rest


def _texts(name: str, rows: list[Text]) -> Labelled:
    return Labelled(name, [row.text for row in rows], np.array([row.label for row in rows], dtype=np.intp))


def _targets(name: str, rows: list[TargetText]) -> LabelledTargets:
    return LabelledTargets(
        name,
        [row.text for row in rows],
        [(row.start, row.end) for row in rows],
        np.array([row.label for row in rows], dtype=np.intp),
    )
