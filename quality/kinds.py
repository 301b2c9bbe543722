"""The report on kinds of texts that are easily got wrong: the share of each kind's texts that are right.

`unseen_kinds.tsv` has 10 to 25 texts of each kind, none of which training makes; `reported_texts.tsv` has
texts that users have met. A line is `kind<TAB>label|other label<TAB>entity<TAB>text`; where an entity is named, the
label is what the text says towards it. Line ends, tabs and escapes are written as in Python.
"""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import SENTENCES, EntitySpan
from spanwise.pipelines.calibration.calibration_error import calibration_error
from spanwise.pipelines.document import Document
from spanwise.pipelines.sentiment import targets_of
from training.corpora import LABELS

ALONE = ("words by themselves", "emoji by themselves")
"""The kinds of single words, emoji and symbols, which have a calibration error of their own."""

_LABELS = {"negative": "neg", "neutral": "neu", "positive": "pos", "mixed": "mixed"}


class Kind(NamedTuple):
    """A text of a kind, with the labels that are right, for the whole text or towards a part of it."""

    kind: str
    labels: tuple[str, ...]
    entity: str
    text: str


def read_kinds(name: str) -> list[Kind]:
    """Read one of the files beside this module."""
    found = []
    for line in (Path(__file__).parent / name).read_text("utf-8").splitlines():
        kind, labels, entity, text = line.split("\t")
        for written, character in (("\\n", "\n"), ("\\t", "\t"), ("\\r", "\r"), ("\\x1b", "\x1b")):
            text = text.replace(written, character)
        found.append(Kind(kind, tuple(labels.split("|")), entity, text))
    return found


def answers(analyzer: Analyzer, kinds: Sequence[Kind]) -> list[tuple[str, float]]:
    """Return the label of each text or entity as the service answers it, and its probability; 1 for `mixed`."""
    documents = [Document(each.text, frozenset({"sentiment"})) for each in kinds]
    found = []
    for each, answer in zip(kinds, analyzer.analyze(documents), strict=True):
        if each.entity:
            found.append(_toward(analyzer, each.text, each.entity))
        else:
            label, scores = answer["sentiment"]["label"], dict[str, Any](answer["sentiment"]["scores"])
            found.append((_LABELS[label], scores.get(label, 1.0)))
    return found


def rates(kinds: Sequence[Kind], found: Sequence[tuple[str, float]]) -> dict[str, float]:
    """Return the share of right answers of each kind, in the order of the kinds."""
    right: dict[str, list[bool]] = {}
    for each, (label, _) in zip(kinds, found, strict=True):
        right.setdefault(each.kind, []).append(label in each.labels)
    return {kind: sum(of_kind) / len(of_kind) for kind, of_kind in right.items()}


def kinds_report(analyzer: Analyzer) -> str:
    """Write a table with a row for each kind, and the calibration error of words and emoji by themselves."""
    parts = []
    for title, name in (
        ("unseen texts of a kind", "unseen_kinds.tsv"),
        ("reported texts of a kind", "reported_texts.tsv"),
    ):
        kinds = read_kinds(name)
        found = answers(analyzer, kinds)
        lines = [f"| {title} | texts | right | for instance, wrong |", "| --- | ---: | ---: | --- |"]
        for kind, rate in rates(kinds, found).items():
            own = [(each, label) for each, (label, _) in zip(kinds, found, strict=True) if each.kind == kind]
            wrong = [repr(each.text)[1:-1].replace("|", "/") for each, label in own if label not in each.labels]
            lines.append(f"| {kind} | {len(own)} | {100 * rate:.0f} % | {'; '.join(wrong[:3])} |")
        parts.append("\n".join(lines))
    return "\n\n".join((*parts, _alone(analyzer)))


def _alone(analyzer: Analyzer) -> str:
    kinds = [each for each in read_kinds("unseen_kinds.tsv") if each.kind in ALONE]
    found = answers(analyzer, kinds)
    right = np.array([label in each.labels for each, (label, _) in zip(kinds, found, strict=True)])
    error = calibration_error(np.array([p for _, p in found]), right, equal_width=True)
    return f"Calibration error of {len(kinds)} words, emoji and symbols by themselves: {100 * error:.1f} %."


def _toward(analyzer: Analyzer, text: str, entity: str) -> tuple[str, float]:
    """Score a text towards the first occurrence of an entity, in the sentence that the pipeline finds."""
    start = text.index(entity)
    (annotated,) = analyzer.engine.annotate([text], [SENTENCES])
    targets = targets_of(len(text), [EntitySpan(start, start + len(entity), "", None)], annotated.sentences)
    assert analyzer.sentiment_model
    ((scores,),) = analyzer.sentiment_model.score_targets([text], [targets])
    best = scores.index(max(scores))
    return LABELS[best], scores[best]
