"""Cut a corpus into units of work: ranges of rows or of bytes of one file, each with a part of the output as its own.

A unit's name is made of everything that its output depends on: the file with its size and version, the range, the
options, the pipelines' digests and the version of this package. A part of that name is therefore that unit's output,
and needs no other record that the unit is done.

Where a unit ends depends on the file and on the size of units alone. Parquet is cut at rows, between row groups where
that fits; lines and CSV at bytes; a compressed file cannot be entered in the middle, so its units follow each other,
and where one ends is known when it is done.
"""

import contextlib
import csv
import hashlib
import io
import re
from collections.abc import Iterator
from dataclasses import dataclass, replace
from typing import Any, Final

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from spanwise.bulk.input_columns import check_alike, schema_of
from spanwise.bulk.input_files import InputFile
from spanwise.bulk.records import LONGEST_LINE, open_records
from spanwise.bulk.row_options import RowOptions

SMALLEST_UNIT: Final = 2 << 20
LARGEST_UNIT: Final = 16 << 20
UNKNOWN: Final = -1
_UNITS_WANTED: Final = 128
_NOT_IN_NAMES = re.compile(r"[^A-Za-z0-9._-]+")


@dataclass(frozen=True, slots=True)
class Unit:
    """A range of one file. Rows of Parquet and of compressed files are counted from 0; of others, bytes are."""

    file: InputFile
    start: int
    end: int
    """Exclusive; `UNKNOWN` of a compressed file, which is read for as long as the size of units says."""
    size: int
    """Its share of the file's bytes, for the progress."""
    most_rows: int | None = None
    """No more rows than that, where the job has a limit."""

    def name(self, job: str) -> str:
        """Return the unit's name in a job with this digest; names sort as the rows of a file do."""
        return f"{name_of_file(self.file, job)}-{self.start:015d}"


def name_of_file(file: InputFile, job: str) -> str:
    """Return what the names of a file's units begin with, in a job with this digest."""
    identity = [job, file.uri, file.size, file.version, file.format, file.codec, file.delimiter]
    digest = hashlib.sha256(orjson.dumps(identity)).hexdigest()[:16]
    return f"{_NOT_IN_NAMES.sub('_', file.name)[:80] or 'input'}-{digest}"


def unit_bytes(files: list[InputFile]) -> int:
    """Return the size of units for a corpus: small enough to share out, large enough that parts are not too many."""
    size = SMALLEST_UNIT
    while size < LARGEST_UNIT and size * _UNITS_WANTED < sum(one.size for one in files):
        size *= 2
    return size


def plan(files: list[InputFile], size: int, options: RowOptions, limit: int | None = None) -> Iterator[Unit]:
    """Yield the units of the files, lazily: a compressed file has its first one alone.

    Raises `InputMismatch` for a file that lacks a column, or has one of another type than the first file.
    """
    left = limit
    first: pa.Schema | None = None
    for file in files:
        if left == 0:
            return
        schema = schema_of(file, options)
        first = first or schema
        check_alike(schema, first, options, file)
        for unit in _plan_file(file, size, options.text, left):
            yield unit
            if left is not None:
                left -= min(left, unit.most_rows or 0)


def following(unit: Unit, start: int) -> Unit:
    """Return the unit of a compressed file that begins where this one has ended."""
    left = None if unit.most_rows is None else unit.most_rows - (start - unit.start)
    return replace(unit, start=start, size=0, most_rows=left)


def _plan_file(file: InputFile, size: int, text: str, limit: int | None) -> Iterator[Unit]:
    if file.format == "parquet":
        yield from _plan_parquet(file, size, text, limit)
        return
    if limit is not None:
        yield from _plan_rows(file, limit)
    elif file.codec is not None:
        yield Unit(file, 0, UNKNOWN, file.size)
    elif file.format == "csv":
        yield from _plan_csv(file, size)
    else:
        for start in range(0, file.size, size):
            end = min(start + size, file.size)
            yield Unit(file, start, end, end - start)


def _plan_rows(file: InputFile, limit: int) -> Iterator[Unit]:
    """Yield one unit of the first rows of a file of lines or CSV, for a job with a limit."""
    rows = 0
    with open_records(file) as records:
        for _ in records:
            rows += 1
            if rows == limit:
                break
        end = records.position
    if rows:
        size = file.size if file.codec else end
        yield Unit(file, 0, UNKNOWN if file.codec else end, size, rows)


def _plan_parquet(file: InputFile, size: int, text: str, limit: int | None) -> Iterator[Unit]:
    """Cut by the sizes that the footer tells of the column of texts: several row groups together, or one in pieces."""
    with file.place.system.open_input_file(file.place.path) as source:
        metadata = pq.read_metadata(source)
    column = _column_number(metadata, text)
    start, rows, gathered = 0, 0, 0
    left = metadata.num_rows if limit is None else min(limit, metadata.num_rows)
    share = file.size / max(1, metadata.num_rows)

    def unit(first: int, count: int) -> Unit:
        return Unit(file, first, first + count, round(count * share), None if limit is None else count)

    for number in range(metadata.num_row_groups):
        group = metadata.row_group(number)
        own, count = group.column(column).total_uncompressed_size, min(group.num_rows, left)
        left -= count
        if not count:
            continue
        if rows and gathered + own > size:
            yield unit(start, rows)
            start, rows, gathered = start + rows, 0, 0
        rows, gathered = rows + count, gathered + own
        pieces = -(-gathered // size)
        if pieces > 1:
            step = -(-rows // pieces)
            for first in range(0, rows, step):
                yield unit(start + first, min(step, rows - first))
            start, rows, gathered = start + rows, 0, 0
    if rows:
        yield unit(start, rows)


def _column_number(metadata: Any, name: str) -> int:
    names = [metadata.schema.column(number).path for number in range(metadata.num_columns)]
    return names.index(name) if name in names else 0


def _plan_csv(file: InputFile, size: int) -> Iterator[Unit]:
    """Cut between records. A quoted field may hold line ends, so what has quotes is parsed from the beginning on."""
    with io.BufferedReader(file.place.system.open_input_file(file.place.path)) as source:
        start = position = len(_record(source, file.delimiter))
        while position < file.size:
            source.seek(position)
            window = source.read(size)
            if b'"' not in window:
                tail = window.rfind(b"\n") + 1
                position += tail if position + len(window) < file.size and tail else len(window)
                if not tail and position < file.size:
                    source.seek(position)
                    position += len(_record(source, file.delimiter))
            else:
                source.seek(position)
                while position < start + size and (record := _record(source, file.delimiter)):
                    position += len(record)
            yield Unit(file, start, position, position - start)
            start = position


def _record(source: Any, delimiter: str) -> bytes:
    """Read one record of CSV, which has several lines where a quoted field has."""
    lines: list[bytes] = []

    def read() -> Iterator[str]:
        while line := source.readline():
            lines.append(line)
            yield line.decode("utf-8", "surrogateescape")

    csv.field_size_limit(LONGEST_LINE)
    with contextlib.suppress(csv.Error):  # the reader of records meets the same error at the same place
        next(csv.reader(read(), delimiter=delimiter), None)
    return b"".join(lines)
