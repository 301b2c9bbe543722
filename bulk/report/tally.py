"""What a folder of analyses holds, counted in one pass over its files and in bounded memory.

Only the columns that are counted are read, some thousand rows at a time, and Arrow counts within each batch. What is
kept grows with the number of labels, days and error codes, and not with that of texts; `FrequentEntities` bounds the
entities.
"""

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from spanwise.bulk.report.day_column import days_of
from spanwise.bulk.report.frequent_entities import FrequentEntities
from spanwise.bulk.report.text_examples import TextExamples

COUNTED = ("error", "language", "pipeline", "warnings", "sentiment", "entities", "categories", "spans")
"""The columns of an analysis that are counted."""
_MOST_DETAILS = 1_000
"""Details of errors that are told apart."""


@dataclass
class Tally:
    """The counts of all rows that were added."""

    rows: int = 0
    failed: int = 0
    sections: set[str] = field(default_factory=set)
    """The sections that any row has, be they empty; `entity_sentiment` where entities have a sentiment."""
    errors: Counter[tuple[str, str]] = field(default_factory=Counter)
    """By code and detail, with N for each number in the detail."""
    languages: Counter[str] = field(default_factory=Counter)
    pipelines: Counter[str] = field(default_factory=Counter)
    warnings: Counter[str] = field(default_factory=Counter)
    sentiments: Counter[str] = field(default_factory=Counter)
    entity_labels: Counter[str] = field(default_factory=Counter)
    entities: FrequentEntities = field(default_factory=FrequentEntities)
    categories: Counter[str] = field(default_factory=Counter)
    """How many texts have each category as their first, the one with the highest score."""
    spans: Counter[str] = field(default_factory=Counter)
    days: dict[date, Counter[str]] = field(default_factory=dict)
    undated: int = 0
    """Rows whose sentiment has no date."""

    @property
    def analysed(self) -> int:
        """Rows without an error."""
        return self.rows - self.failed


def tally(
    batches: Iterable[pa.RecordBatch], day_column: str | None = None, examples: TextExamples | None = None
) -> Tally:
    """Count batches of rows. Raises `ValueError` where the column of dates has no dates."""
    counted = Tally()
    for batch in batches:
        _add(counted, batch, day_column)
        if examples is not None:
            examples.add(batch)
    return counted


def _add(counted: Tally, batch: pa.RecordBatch, day_column: str | None) -> None:
    counted.rows += batch.num_rows
    columns = {name: batch.column(name) for name in COUNTED if name in batch.schema.names}
    errors = columns.pop("error")
    counted.failed += len(errors) - errors.null_count
    _count_errors(counted.errors, errors.drop_null())
    columns = {name: column for name, column in columns.items() if column.null_count < len(column)}
    counted.sections |= columns.keys()
    for name, kept in (("language", counted.languages), ("pipeline", counted.pipelines)):
        if name in columns:
            _count(kept, columns[name])
    if "warnings" in columns:
        _count(counted.warnings, pc.list_flatten(columns["warnings"]))
    if "sentiment" in columns:
        labels = pc.struct_field(columns["sentiment"], "label")
        _count(counted.sentiments, labels)
        if day_column is not None:
            _count_days(counted, days_of(batch.column(day_column), day_column), labels)
    if "entities" in columns:
        _count_entities(counted, pc.list_flatten(columns["entities"]))
    if "categories" in columns:
        some = columns["categories"].filter(pc.greater(pc.list_value_length(columns["categories"]), 0))
        _count(counted.categories, pc.struct_field(pc.list_element(some, 0), "label"))
    if "spans" in columns:
        _count(counted.spans, pc.struct_field(pc.list_flatten(columns["spans"]), "label"))


def _count(kept: Counter[str], values: pa.Array) -> None:
    """Add how often each value occurs; null does not count."""
    for one in pc.value_counts(values).to_pylist():
        if one["values"] is not None:
            kept[one["values"]] += one["counts"]


def _count_errors(kept: Counter[tuple[str, str]], errors: pa.Array) -> None:
    details = pc.replace_substring_regex(pc.struct_field(errors, "detail"), r"\d+", "N")
    for (code, detail), times in _together(pc.struct_field(errors, "code"), details):
        key = (code, detail or "") if len(kept) < _MOST_DETAILS else (code, "others")
        kept[key] += times


def _count_days(counted: Tally, days: pa.Array, labels: pa.Array) -> None:
    for (day, label), times in _together(days, labels):
        if label is None:
            continue
        if day is None:
            counted.undated += times
        else:
            counted.days.setdefault(day, Counter())[label] += times


def _count_entities(counted: Tally, entities: pa.Array) -> None:
    labels = pc.struct_field(entities, "label")
    _count(counted.entity_labels, labels)
    sentiments = pa.nulls(len(entities), pa.string())
    if entities.type.get_field_index("sentiment") >= 0:
        sentiments = pc.struct_field(entities, ["sentiment", "label"])
        if sentiments.null_count < len(entities):
            counted.sections.add("entity_sentiment")
    found = _together(pc.struct_field(entities, "text"), labels, sentiments)
    counted.entities.add((text, label, sentiment, times) for (text, label, sentiment), times in found)


def _together(*columns: pa.Array) -> Iterator[tuple[tuple[Any, ...], int]]:
    """Yield each combination of values that occurs in a row, and in how many rows."""
    names = [str(number) for number in range(len(columns))]
    counts = pa.table(dict(zip(names, columns, strict=True))).group_by(names).aggregate([([], "count_all")])
    values = [counts.column(name).to_pylist() for name in names]
    return zip(zip(*values, strict=True), counts.column("count_all").to_pylist(), strict=True)
