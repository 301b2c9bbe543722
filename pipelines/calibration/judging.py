"""Judge the entities that a pipeline finds: each is right if annotators marked its very characters with its label.

Annotators' labels may have other names than the pipeline's (`PER` for `PERSON`), be coarser (`LOC` for `GPE`, `LOC` and
`FAC`), or have no counterpart. A `LabelMap` translates them. Labels of the pipeline that the annotators never gave
cannot be judged: their entities are left out, because each would count as wrong.
"""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, fields

import numpy as np
from numpy.typing import NDArray

from spanwise.pipelines.annotations import EntitySpan
from spanwise.pipelines.calibration.labelled_texts import LabelledText
from spanwise.pipelines.calibration.refusals import LabelledTextsRefused

LabelMap = Mapping[str, frozenset[str]]
"""For each label of the annotators, the pipeline's labels that agree with it; none: entities with it are left out."""


@dataclass(frozen=True, slots=True)
class Judged:
    """Entities that a pipeline found, as arrays of the same length."""

    text: NDArray[np.int_]
    """The number of the text, from 0."""
    label: NDArray[np.str_]
    probability: NDArray[np.float64]
    correct: NDArray[np.bool_]

    def __len__(self) -> int:
        return len(self.correct)

    def where(self, chosen: NDArray[np.bool_]) -> "Judged":
        """Select the entities for which `chosen` [entities] is true."""
        return Judged(*(getattr(self, one.name)[chosen] for one in fields(self)))


def label_map(texts: Iterable[LabelledText], given: LabelMap, labels: frozenset[str], pipeline: str) -> LabelMap:
    """Complete a map for all labels of the annotators: those that it does not name stand for themselves.

    `labels` are the pipeline's. Raises `LabelledTextsRefused` for a label that the pipeline does not know.
    """
    complete: dict[str, frozenset[str]] = {}
    for text in texts:
        for label in {span.label for span in text.entities} - complete.keys():
            complete[label] = given.get(label, frozenset({label}))
            if unknown := complete[label] - labels:
                names = ", ".join(map(repr, sorted(unknown)))
                raise LabelledTextsRefused(
                    f"{text.place} has the label {label!r}, and the pipeline {pipeline} knows no {names}: name a label "
                    f"that it knows with --map {label}=..., or none to leave such entities out. Its labels are: "
                    f"{', '.join(sorted(labels))}."
                )
    return complete


def judge(texts: Sequence[LabelledText], found: Sequence[Sequence[EntitySpan]], agreeing: LabelMap) -> Judged:
    """Judge the entities `found` in each text, as far as annotators gave their labels in any of the texts."""
    compared = frozenset[str]().union(*agreeing.values())
    rows = []
    for number, (text, spans) in enumerate(zip(texts, found, strict=True)):
        annotated = {(span.start, span.end): agreeing[span.label] for span in text.entities}
        for span in spans:
            if span.label in compared and span.raw_score is not None:
                right = span.label in annotated.get((span.start, span.end), ())
                rows.append((number, span.label, span.raw_score, right))
    columns = zip(*rows, strict=True) if rows else ((), (), (), ())
    text_numbers, of_label, probability, correct = (list(column) for column in columns)
    return Judged(
        np.array(text_numbers, dtype=np.int_),
        np.array(of_label, dtype=np.str_),
        np.array(probability, dtype=np.float64),
        np.array(correct, dtype=np.bool_),
    )
