"""Bytes as they arrive, cut into lines: never more than one line is kept, and of a line over the limit nothing is."""

from collections.abc import Iterator


class LineSplitter:
    """Gives the lines of what it is fed, without their line feeds; None stands for a line over the limit.

    Linear in the bytes, however they are cut up.
    """

    def __init__(self, max_line_bytes: int) -> None:
        self._max = max_line_bytes
        self._begun = bytearray()
        self._too_long = False

    def feed(self, chunk: bytes) -> Iterator[bytes | None]:
        """The lines that end in this chunk, cut one by one as they are asked for: exhaust it before the next chunk."""
        start = 0
        while (end := chunk.find(b"\n", start)) >= 0:
            self._add(chunk, start, end)
            yield self._line()
            start = end + 1
        self._add(chunk, start, len(chunk))

    def rest(self) -> Iterator[bytes | None]:
        """The last line, where no line feed ended it."""
        if self._begun or self._too_long:
            yield self._line()

    def _add(self, chunk: bytes, start: int, end: int) -> None:
        if self._too_long or len(self._begun) + end - start > self._max:
            self._too_long = True
            self._begun.clear()
        else:
            self._begun += memoryview(chunk)[start:end]

    def _line(self) -> bytes | None:
        line = None if self._too_long else bytes(self._begun)
        self._begun.clear()
        self._too_long = False
        return line
