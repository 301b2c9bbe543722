"""Split a byte stream into lines. Buffers at most one; a line over the limit is dropped and yielded as None."""

from collections.abc import Iterator


class LineSplitter:
    """Splits chunks of bytes into lines without their line feeds, in linear time however the chunks are cut."""

    def __init__(self, max_line_bytes: int) -> None:
        self._max = max_line_bytes
        self._buffer = bytearray()
        self._too_long = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """Yield the lines that end in this chunk, None for one over the limit. Exhaust it before the next chunk."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._add(chunk, start, end)
            yield self._line()
            start = end + 1
        self._add(chunk, start, len(chunk))

    def rest(self) -> Iterator[bytes | None]:
        """Yield the last line, if no line feed ended it."""
        if self._buffer or self._too_long:
            yield self._line()

    def _add(self, chunk: bytes, start: int, end: int) -> None:
        if self._too_long or len(self._buffer) + end - start > self._max:
            self._too_long = True
            self._buffer.clear()
        else:
            self._buffer += memoryview(chunk)[start:end]

    def _line(self) -> bytes | None:
        line = None if self._too_long else bytes(self._buffer)
        self._buffer.clear()
        self._too_long = False
        return line
