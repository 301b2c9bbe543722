"""Read the rows of a unit of work, in slices of a bounded number of characters."""

from collections.abc import Iterator
from typing import Any, Final, NamedTuple

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from spanwise.bulk.arrow import SLICE_CHARACTERS, cuts, sizes_of, values_of
from spanwise.bulk.input_columns import InputMismatch, check_columns
from spanwise.bulk.input_files import InputFile
from spanwise.bulk.records import Record, Records, open_records
from spanwise.bulk.row_analysis import ROW_CHARACTERS
from spanwise.bulk.row_errors import NOT_UTF8, RowError, UnreadableRow
from spanwise.bulk.row_options import RowOptions
from spanwise.bulk.units import UNKNOWN, Unit

_MALFORMED_JSON = RowError("malformed_json", "The line is not JSON.")
_NO_OBJECT = RowError("wrong_type", "The line is no JSON object.")
_ROWS_AT_ONCE: Final = 1 << 16


class Rows(NamedTuple):
    """Rows that are analysed together."""

    texts: list[Any]
    languages: list[Any] | None
    kept: list[pa.Array]
    """The id, then the columns to carry."""


class UnitReader:
    """Reads units, one after the other. A compressed file stays open, so that its next unit goes on in it."""

    def __init__(self, options: RowOptions, size: int) -> None:
        """Read units of this many bytes."""
        self._options, self._size = options, size
        self._open: tuple[InputFile, int, Records, Iterator[Record]] | None = None
        self.next_start: int | None = None
        """Where the file goes on, once the rows of a unit of a compressed file are read; None: at no place."""

    def rows(self, unit: Unit) -> Iterator[Rows]:
        """Yield the rows of a unit, at least one slice. Raises `InputMismatch`, and `OSError` where reading fails."""
        self.next_start = None
        if unit.file.format == "parquet":
            return self._parquet(unit)
        return self._gathered(self._records(unit) if unit.end == UNKNOWN else self._range(unit), unit)

    def _range(self, unit: Unit) -> Iterator[tuple[Record, list[str]]]:
        with open_records(unit.file, unit.start) as records:
            if records.position >= unit.end:
                return
            for record in records:
                yield record, records.header
                if records.position >= unit.end:
                    return

    def _records(self, unit: Unit) -> Iterator[tuple[Record, list[str]]]:
        """Yield the records of a compressed file from a number on, until they are as large as a unit."""
        records, iterator = self._opened(unit)
        began = records.position
        number = unit.start
        for record in iterator:
            number += 1
            yield record, records.header
            if unit.most_rows is not None and number - unit.start >= unit.most_rows:
                break
            if records.position - began >= self._size:
                self.next_start = number
                self._open = (unit.file, number, records, iterator)
                return
        records.__exit__()

    def _opened(self, unit: Unit) -> tuple[Records, Iterator[Record]]:
        """Return the open file at the unit's beginning. Reads it from its own unless the last unit has ended there."""
        known, self._open = self._open, None
        if known is not None:
            file, number, records, iterator = known
            if (file, number) == (unit.file, unit.start):
                return records, iterator
            records.__exit__()
        records = open_records(unit.file)
        iterator = iter(records)
        for _ in range(unit.start):
            next(iterator, None)
        return records, iterator

    def _gathered(self, records: Iterator[tuple[Record, list[str]]], unit: Unit) -> Iterator[Rows]:
        """Make slices of records."""
        read = {"jsonl": self._json, "csv": self._csv, "text": self._text}[unit.file.format]
        texts: list[Any] = []
        others: list[list[str | None]] = []
        size, slices = 0, 0
        for record, header in records:
            text, more = (record, []) if isinstance(record, UnreadableRow) else read(record, header, unit.file)
            texts.append(text)
            others.append(more)
            size += (len(text) if isinstance(text, str) else 0) + ROW_CHARACTERS
            if size >= SLICE_CHARACTERS:
                yield self._rows(texts, others)
                texts, others, size, slices = [], [], 0, slices + 1
        if texts or not slices:
            yield self._rows(texts, others)

    def _rows(self, texts: list[Any], others: list[list[str | None]]) -> Rows:
        options = self._options
        width = (options.language_column is not None) + (options.id is not None) + len(options.carry)
        columns: list[Any] = list(zip(*(row or [None] * width for row in others), strict=True))
        columns = columns or [()] * width
        languages = list(columns.pop(0)) if options.language_column is not None else None
        return Rows(texts, languages, [pa.array(column, pa.string()) for column in columns])

    @property
    def _named(self) -> tuple[str, ...]:
        """The columns besides the texts: language, id, carried."""
        options = self._options
        return tuple(name for name in (options.language_column, options.id, *options.carry) if name is not None)

    def _json(self, record: Any, _header: list[str], _file: InputFile) -> tuple[Any, list[str | None]]:
        try:
            fields = orjson.loads(record)
        except orjson.JSONDecodeError:
            return UnreadableRow(_MALFORMED_JSON), []
        if not isinstance(fields, dict):
            return UnreadableRow(_NO_OBJECT), []
        return fields.get(self._options.text), [_as_string(fields.get(name)) for name in self._named]

    def _csv(self, record: Any, header: list[str], file: InputFile) -> tuple[Any, list[str | None]]:
        places = {name: place for place, name in enumerate(header)}
        if lacking := [name for name in self._options.columns if name not in places]:
            raise InputMismatch(f"{file.uri} has no column {lacking[0]!r}. There are: {', '.join(header)}.")
        if len(record) != len(header):
            detail = f"The row has {len(record)} fields, and the header has {len(header)}."
            return UnreadableRow(RowError("malformed_csv", detail)), []
        return _valid(record[places[self._options.text]]), [
            value if isinstance(value := _valid(record[places[name]]), str) else None for name in self._named
        ]

    def _text(self, record: Any, _header: list[str], file: InputFile) -> tuple[Any, list[str | None]]:
        if self._named:
            raise InputMismatch(f"{file.uri} is plain text, and has no column {self._named[0]!r}.")
        try:
            return record.decode(), []
        except UnicodeDecodeError:
            return UnreadableRow(NOT_UTF8), []

    def _parquet(self, unit: Unit) -> Iterator[Rows]:
        options, place = self._options, unit.file.place
        with place.system.open_input_file(place.path) as source:
            file = pq.ParquetFile(source, pre_buffer=False, buffer_size=1 << 20)
            check_columns(file.schema_arrow, options, unit.file)
            groups, skip = _groups(file.metadata, unit.start, unit.end)
            left = unit.end - unit.start
            for batch in file.iter_batches(_rows_at_once(file.metadata, groups), groups, columns=list(options.columns)):
                part = batch.slice(skip, left)
                skip = max(0, skip - batch.num_rows)
                left -= part.num_rows
                yield from self._slices(part)
                if not left:
                    return

    def _slices(self, batch: pa.RecordBatch) -> Iterator[Rows]:
        options = self._options
        start = 0
        for end in cuts(sizes_of(batch.column(options.text))):
            part = batch.slice(start, end - start)
            start = end
            language = options.language_column
            languages = None if language is None else values_of(part.column(language))
            kept = [part.column(name) for name in (options.id, *options.carry) if name is not None]
            yield Rows(values_of(part.column(options.text)), languages, kept)


def _groups(metadata: Any, start: int, end: int) -> tuple[list[int], int]:
    """Return the row groups with rows of a range, and how many rows of the first one come before."""
    groups: list[int] = []
    skip, first = 0, 0
    for number in range(metadata.num_row_groups):
        after = first + metadata.row_group(number).num_rows
        if first < end and start < after:
            skip = skip if groups else max(0, start - first)
            groups.append(number)
        first = after
    return groups, skip


def _rows_at_once(metadata: Any, groups: list[int]) -> int:
    """Return how many rows are decoded together, so that they take little memory however long their texts are."""
    rows: int = sum(metadata.row_group(number).num_rows for number in groups)
    size: int = sum(metadata.row_group(number).total_byte_size for number in groups)
    return max(1, min(_ROWS_AT_ONCE, rows * SLICE_CHARACTERS // max(1, size)))


def _as_string(value: Any) -> str | None:
    """Return a value of JSON as a column of strings holds it: strings as they are, others as JSON."""
    return value if value is None or isinstance(value, str) else orjson.dumps(value).decode()


def _valid(field: str) -> str | UnreadableRow:
    """Return a field of CSV unless it holds bytes that are not UTF-8."""
    if field.isascii():
        return field
    try:
        field.encode()
    except UnicodeEncodeError:
        return UnreadableRow(NOT_UTF8)
    return field
