"""The content codings that are understood, gzip and zstd, both ways and a bounded step at a time.

A short body may unpack to a thousand times its size. So nothing here unpacks more than 64 KiB at once: whoever reads
counts what comes out, and stops (ADR 0045). gzip is the standard library's zlib. zstd's library is imported by the
first body or answer that needs it: that takes some 10 ms and 1.5 MB.
"""

import sys
import zlib
from collections.abc import Iterator
from typing import Any, Literal, Protocol

Coding = Literal["gzip", "zstd"]

CODINGS: dict[bytes, Coding] = {b"gzip": "gzip", b"x-gzip": "gzip", b"zstd": "zstd"}
"""The codings by their names in headers (RFC 9110, 8.4.1.3; RFC 8878, 7.2)."""

STEP_BYTES = 64 * 1024
"""At most so much comes out of one step, which takes a fraction of a millisecond (`python -m benchmarks.codings`)."""

_SLICE_BYTES = 16 * 1024  # what zlib has not used of a slice is copied at every step
_GZIP = 16 + zlib.MAX_WBITS
_FASTEST = 1  # the level of both: the next ones save little of JSON and take twice the time
_LARGEST_WINDOW_LOG = 23  # 8 MiB, what every reader of zstd over HTTP must take and none more (RFC 9659)
_MOST_MEMBERS = 1000  # beyond them those of a body must hold 1 KiB each: an empty one of 9 bytes costs 25 µs
_LEAST_OF_A_MEMBER = 1024


class BrokenCoding(Exception):
    """The bytes are not of the coding that was declared, or they end before it does."""


class _Member(Protocol):
    """What unpacks one gzip member, or one zstd frame."""

    @property
    def eof(self) -> bool:
        """Whether it is complete."""

    @property
    def unused_data(self) -> bytes:
        """What follows a complete one."""

    def decompress(self, data: bytes, max_length: int, /) -> bytes:
        """Return what the data unpacks to, up to that length."""


class _Packer(Protocol):
    """What packs one answer."""

    def compress(self, data: bytes, /) -> bytes:
        """Take a part, and return what is packed by now."""

    def flush(self) -> bytes:
        """Return the rest."""


class Decoder:
    """Unpacks one body, which arrives in parts. A body may consist of several members one behind the other."""

    def __init__(self, coding: Coding) -> None:
        self.unpacked = 0
        """The bytes that have come out."""
        self._coding = coding
        self._member: _Member | None = None
        self._members = 0

    def feed(self, data: bytes) -> Iterator[bytes]:
        """Yield what this part unpacks to, in pieces of at most 64 KiB. Raises `BrokenCoding`.

        Exhaust it before the next part, or give up the decoder.
        """
        for start in range(0, len(data), _SLICE_BYTES):
            rest = data[start : start + _SLICE_BYTES]
            while rest or self._member is not None:
                piece, rest = self._step(rest)
                if piece:
                    self.unpacked += len(piece)
                    yield piece
                elif not rest:
                    break

    def end(self) -> None:
        """Raise `BrokenCoding` unless what was fed is complete."""
        if self._member is not None or not self._members:
            raise BrokenCoding

    def _step(self, data: bytes) -> tuple[bytes, bytes]:
        """Return what comes out, and what of the data is left for the next step."""
        if self._member is None:
            self._member = self._next_member()
        try:
            piece = self._member.decompress(data, STEP_BYTES)
        except _errors(self._coding) as error:
            raise BrokenCoding from error
        if not self._member.eof:
            return piece, getattr(self._member, "unconsumed_tail", b"")  # zstd's decoder keeps the rest itself
        rest, self._member = self._member.unused_data, None
        return piece, rest

    def _next_member(self) -> _Member:
        self._members += 1
        if self._members > _MOST_MEMBERS + self.unpacked // _LEAST_OF_A_MEMBER:
            raise BrokenCoding
        if self._coding == "gzip":
            return zlib.decompressobj(_GZIP)
        zstd = _zstd()
        frame: _Member = zstd.ZstdDecompressor(
            options={zstd.DecompressionParameter.window_log_max: _LARGEST_WINDOW_LOG}
        )
        return frame


class Encoder:
    """Packs one answer, whose parts come one after the other."""

    def __init__(self, coding: Coding) -> None:
        if coding == "gzip":
            self._packer: _Packer = zlib.compressobj(_FASTEST, zlib.DEFLATED, _GZIP)
        else:
            self._packer = _zstd().ZstdCompressor(level=_FASTEST)

    def add(self, data: bytes) -> bytes:
        """Return what can be sent by now, which may be nothing."""
        return self._packer.compress(data)

    def add_last(self, data: bytes) -> bytes:
        """Return the rest, with the last part of the answer in it."""
        return self._packer.compress(data) + self._packer.flush()


def loaded(coding: Coding) -> bool:
    """Whether the coding's library is imported, so that its first use does not hold up the event loop."""
    return coding == "gzip" or "backports.zstd" in sys.modules


def load(coding: Coding) -> None:
    """Import the coding's library."""
    if coding == "zstd":
        _zstd()


def _errors(coding: Coding) -> type[Exception]:
    """Return what the coding's library raises for bytes that are not of it."""
    error: type[Exception] = zlib.error if coding == "gzip" else _zstd().ZstdError
    return error


def _zstd() -> Any:
    """Return the library of zstd."""
    from backports import zstd  # noqa: PLC0415 - few need it

    return zstd
