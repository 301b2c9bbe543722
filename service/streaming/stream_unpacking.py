"""Unpack the compressed body of a stream as it arrives: 64 KiB at a time, for as long as documents come out of it.

A step takes the event loop a small part of what the lines cost that come out of it. What costs next to
nothing to send is the danger: blank lines, and lines over the limit, which unpack to a thousand times their size and
get no analysis. So a body may unpack to no more of these than ten times the bytes that arrived, and what two lines may
have.
"""

import asyncio
from collections.abc import Iterator

from spanwise.service.errors import BrokenBody, UnpackedTooLarge
from spanwise.service.http.content_codings import BrokenCoding, Coding, Decoder, load, loaded

_MOST_EXPANSION = 10


class StreamUnpacking:
    """The unpacking of one stream."""

    def __init__(self, coding: Coding, max_line_bytes: int) -> None:
        """Begin to unpack. The coding's library must be loaded."""
        self._coding = coding
        self._decoder = Decoder(coding)
        self._allowance = 2 * max_line_bytes
        self._arrived = 0
        self._taken = 0
        """The bytes of lines that were more than white space and within the limit."""

    @classmethod
    async def begin(cls, coding: Coding, max_line_bytes: int) -> "StreamUnpacking":
        """Load the coding's library in a thread, where that is to be done, and begin."""
        if not loaded(coding):
            await asyncio.to_thread(load, coding)
        return cls(coding, max_line_bytes)

    def feed(self, chunk: bytes) -> Iterator[bytes]:
        """Yield what a part of the body unpacks to.

        Raises `BrokenBody`, and `UnpackedTooLarge` where too much of it was no document. Call `took` for each line.
        """
        self._arrived += len(chunk)
        try:
            for piece in self._decoder.feed(chunk):
                yield piece
                self._check()
        except BrokenCoding:
            raise BrokenBody(self._coding) from None

    def took(self, line: bytes | None) -> None:
        """Note a line that came out; None is one over the limit."""
        if line and not line.isspace():
            self._taken += len(line) + 1

    def end(self) -> None:
        """Raise `BrokenBody` where the body ended too early."""
        try:
            self._decoder.end()
        except BrokenCoding:
            raise BrokenBody(self._coding) from None

    def _check(self) -> None:
        allowed = self._allowance + _MOST_EXPANSION * self._arrived
        if self._decoder.unpacked - self._taken > allowed:
            raise UnpackedTooLarge(allowed)
