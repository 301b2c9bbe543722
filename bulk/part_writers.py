"""Write the rows of a part: as Parquet with the schema of `arrow_schema.py`, or as JSON Lines as of `/v1/stream`."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any, Protocol

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from spanwise.bulk.arrow import analysis_arrays, output_schema
from spanwise.bulk.job_identity import OutputFormat
from spanwise.bulk.row_analysis import Outcome
from spanwise.bulk.row_errors import RowError
from spanwise.bulk.row_options import RowOptions
from spanwise.bulk.unit_rows import Rows


class PartWriter(Protocol):
    """Writes one part. `encode` may run in several threads at once; `write` gets its results in the order of rows."""

    def encode(self, rows: Rows, outcomes: Sequence[Outcome]) -> Any:
        """Return rows and outcomes in the form that is written."""

    def write(self, encoded: Any) -> None:
        """Write what was encoded."""

    def close(self) -> None:
        """Complete the file."""


class ParquetWriter:
    """Gathers the arrays of a part, which is as small as a unit of work is, and writes them as one row group."""

    def __init__(self, path: Path, options: RowOptions, kept_types: Sequence[pa.DataType]) -> None:
        """Write to a path; `kept_types` are those of the id and of the columns that are carried."""
        self._path, self._options = path, options
        names = [name for name in (options.id, *options.carry) if name is not None]
        given = pa.schema([pa.field(name, type_) for name, type_ in zip(names, kept_types, strict=True)])
        self._schema = output_schema(options, given)
        self._batches: list[pa.RecordBatch] = []

    def encode(self, rows: Rows, outcomes: Sequence[Outcome]) -> pa.RecordBatch:
        """Return the rows as a record batch."""
        return pa.RecordBatch.from_arrays([*rows.kept, *analysis_arrays(outcomes, self._options)], schema=self._schema)

    def write(self, encoded: pa.RecordBatch) -> None:
        """Keep a record batch."""
        self._batches.append(encoded)

    def close(self) -> None:
        """Write the file."""
        table = pa.Table.from_batches(self._batches, self._schema)
        pq.write_table(table, self._path, compression="zstd", row_group_size=max(1, table.num_rows))
        self._batches = []


class LinesWriter:
    """Writes a line for each row: a `BatchResult`, whose `index` counts the rows of the part from 0.

    Columns that are carried through stand beside it, in `carried`.
    """

    def __init__(self, path: Path, options: RowOptions) -> None:
        """Write to a path."""
        self._file = path.open("wb")
        self._options = options
        self._index = 0

    def encode(self, rows: Rows, outcomes: Sequence[Outcome]) -> list[tuple[bytes, bytes]]:
        """Return the lines, each in two pieces between which its index comes."""
        kept = [column.to_pylist() for column in rows.kept]
        ids = kept.pop(0) if self._options.id is not None else [None] * len(outcomes)
        carried = list(zip(*kept, strict=True)) if kept else [()] * len(outcomes)
        return [self._line(*row) for row in zip(ids, carried, outcomes, strict=True)]

    def write(self, encoded: list[tuple[bytes, bytes]]) -> None:
        """Write lines."""
        pieces: list[bytes] = []
        for before, after in encoded:
            pieces += (before, b"%d" % self._index, after)
            self._index += 1
        self._file.write(b"".join(pieces))

    def close(self) -> None:
        """Close the file."""
        self._file.close()

    def _line(self, name: Any, carried: Sequence[Any], outcome: Outcome) -> tuple[bytes, bytes]:
        line: dict[str, Any] = {} if name is None else {"id": str(name)}
        if isinstance(outcome, RowError):
            status, line["error"] = b"error", outcome._asdict()
        else:
            status, line["analysis"] = b"ok", outcome
        if carried:
            line["carried"] = dict(zip(self._options.carry, carried, strict=True))
        return b'{"status":"%s","index":' % status, b"," + orjson.dumps(line, default=str)[1:] + b"\n"


def open_part(
    output_format: OutputFormat, path: Path, options: RowOptions, kept_types: Sequence[pa.DataType]
) -> PartWriter:
    """Return the writer of a part."""
    return LinesWriter(path, options) if output_format == "jsonl" else ParquetWriter(path, options, kept_types)
