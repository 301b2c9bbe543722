"""Read the records of a file of lines or CSV, compressed or not, from a place on, and know where each one ends.

Lines of white space alone are passed over, as `/v1/stream` does. A line that is far too long is dropped and told of, so
that a file that was named by mistake does not fill the memory.
"""

import csv
import io
from collections.abc import Iterator
from typing import Any, Final, Self

import pyarrow as pa

from spanwise.bulk.input_files import InputFile
from spanwise.bulk.row_errors import RowError, UnreadableRow

LONGEST_LINE: Final = 16 << 20
"""Bytes of one line, or characters of one field of CSV."""
_READ_BYTES: Final = 1 << 20
_BYTE_ORDER_MARK: Final = b"\xef\xbb\xbf"

_TOO_LONG = UnreadableRow(RowError("line_too_long", f"The line has more than {LONGEST_LINE} bytes."))
_MALFORMED = UnreadableRow(RowError("malformed_csv", "The row is no CSV: a quote may be missing."))

Record = bytes | list[str] | UnreadableRow
"""A line, the fields of a row, or what cannot be read."""


class Records:
    """The records of a file. `position` counts the bytes of the file, unpacked, that are read so far."""

    def __init__(self, source: io.BufferedReader, file: InputFile, start: int = 0) -> None:
        """Begin at a byte where a record begins or, of lines, at any byte: then with the first line from there on."""
        self._source, self._file = source, file
        self.header: list[str] = []
        """The names of the columns of CSV."""
        self.position = 0
        if file.format == "csv":
            csv.field_size_limit(LONGEST_LINE)
            self.header = next(iter(csv.reader(self._lines(), delimiter=file.delimiter)), [])
            if start > self.position:
                source.seek(start)
                self.position = start
        elif start:
            source.seek(start - 1)
            self.position = start - 1
            self._line()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *error: object) -> None:
        self._source.close()

    def __iter__(self) -> Iterator[Record]:
        return self._rows() if self._file.format == "csv" else self._texts()

    def _texts(self) -> Iterator[Record]:
        while line := self._line():
            if len(line) > LONGEST_LINE:
                yield _TOO_LONG
            elif line.strip():
                yield line.rstrip(b"\r\n")

    def _rows(self) -> Iterator[Record]:
        ended = False
        while not ended:
            reader = csv.reader(self._lines(), delimiter=self._file.delimiter)
            try:
                yield from filter(None, reader)
                ended = True
            except csv.Error:
                yield _MALFORMED

    def _lines(self) -> Iterator[str]:
        while line := self._line():
            yield line.decode("utf-8", "surrogateescape")

    def _line(self) -> bytes:
        """Return the next line with its end, of one that is too long a bit more than is allowed; empty at the end."""
        line = self._source.readline(LONGEST_LINE + 2)
        first, self.position = self.position == 0, self.position + len(line)
        if len(line) > LONGEST_LINE + 1 and not line.endswith(b"\n"):
            while more := self._source.readline(_READ_BYTES):
                self.position += len(more)
                if more.endswith(b"\n"):
                    break
        return line.removeprefix(_BYTE_ORDER_MARK) if first else line


def open_records(file: InputFile, start: int = 0) -> Records:
    """Open a file of lines or CSV at a byte; a compressed one is always read from its beginning."""
    place = file.place
    source: Any
    if file.codec is None:
        source = place.system.open_input_file(place.path)
    else:
        packed = place.system.open_input_stream(place.path, compression=None)
        source = pa.CompressedInputStream(packed, file.codec)
    return Records(io.BufferedReader(source, _READ_BYTES), file, start)
