"""Precision, recall and F1 of entities. An entity counts as found if its characters and its label in `LABELS` agree."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from quality.corpora import LABELS, OF_PIPELINE, Gold, in_their_terms
from spanwise.pipelines.annotations import EntitySpan

ALL = "all"


@dataclass(slots=True)
class Scores:
    """Counts of entities, and the figures computed from them. A figure whose divisor is 0 is 0."""

    annotated: int = 0
    found: int = 0
    agreed: int = 0

    @property
    def precision(self) -> float:
        return self.agreed / self.found if self.found else 0.0

    @property
    def recall(self) -> float:
        return self.agreed / self.annotated if self.annotated else 0.0

    @property
    def f1(self) -> float:
        """Return the harmonic mean of precision and recall."""
        return 2 * self.agreed / (self.found + self.annotated) if self.agreed else 0.0


def comparable(spans: Iterable[EntitySpan]) -> set[Gold]:
    """Translate a pipeline's entities into the corpora's labels, and leave out those without such a label."""
    return {in_their_terms(span) for span in spans if span.label in OF_PIPELINE}


def score(annotated: Sequence[Iterable[Gold]], found: Sequence[Iterable[EntitySpan]]) -> dict[str, Scores]:
    """Count the scores of each label and of all labels, over texts with their annotated and their found entities."""
    scores = {label: Scores() for label in (*LABELS, ALL)}
    for gold, spans in zip(annotated, found, strict=True):
        expected, given = set(gold), comparable(spans)
        for counted, entities in (("annotated", expected), ("found", given), ("agreed", expected & given)):
            for entity in entities:
                for label in (entity.label, ALL):
                    setattr(scores[label], counted, getattr(scores[label], counted) + 1)
    return scores
