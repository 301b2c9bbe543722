"""Texts to show beside the numbers, where the reader asks for them: those that show a sentiment most clearly."""

import heapq
from dataclasses import dataclass, field
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spanwise.bulk.report.frequent_entities import SENTIMENT_LABELS

_LONGEST = 600
"""Code points of a text that are shown."""


@dataclass(frozen=True, order=True)
class Example:
    """A text, cut where it is long, and how sure its sentiment is."""

    score: float
    text: str
    name: str = ""
    characters: int = 0


@dataclass
class TextExamples:
    """The clearest texts of each sentiment: by the score of its label, a mixed one by that of its weaker side."""

    number: int
    text_column: str
    id_column: str | None = None
    kept: dict[str, list[Example]] = field(default_factory=dict)

    def add(self, batch: pa.RecordBatch) -> None:
        """Keep the clearest texts of a batch, and of what is kept already."""
        if "sentiment" not in batch.schema.names:
            return
        sentiments = batch.column("sentiment")
        labels = pc.struct_field(sentiments, "label")
        scores = {name: pc.struct_field(sentiments, ["scores", name]) for name in SENTIMENT_LABELS[:3]}
        scores["mixed"] = pc.min_element_wise(scores["negative"], scores["positive"])
        for label in SENTIMENT_LABELS:
            there = pc.indices_nonzero(pc.and_(pc.equal(labels, label), pc.is_valid(batch.column(self.text_column))))
            if not len(there):
                continue
            best = pc.select_k_unstable(
                pa.record_batch({"score": scores[label].take(there), "row": there}),
                self.number,
                [("score", "descending")],
            )
            chosen = there.take(best)
            rows = batch.select([self.text_column, *([self.id_column] if self.id_column else [])]).take(chosen)
            found = [
                self._example(score, row)
                for score, row in zip(scores[label].take(chosen).to_pylist(), rows.to_pylist(), strict=True)
            ]
            self.kept[label] = heapq.nlargest(self.number, [*self.kept.get(label, ()), *found])

    def _example(self, score: float, row: dict[str, Any]) -> Example:
        text = str(row[self.text_column])
        name = "" if self.id_column is None or row[self.id_column] is None else str(row[self.id_column])
        return Example(score, text[:_LONGEST], name, len(text))
