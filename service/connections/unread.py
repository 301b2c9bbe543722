"""The bytes of answers that wait in this process because their callers do not read them.

An answer that the kernel does not take stays in memory until its caller reads. Two rules bound what such callers cost.
Each must read at least 64 KiB, or all there is, in every `SPANWISE_WRITE_TIMEOUT_SECONDS`. And when all that waits is
more than `SPANWISE_MAX_UNREAD_BYTES`, callers are cut off until the rest fits, those first who have read nothing for
the longest time; the newest stays, so that an answer larger than the bound can be read.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Literal

from spanwise.service.connections.connection import Connection

LEAST_BYTES = 64 * 1024
"""What a caller must read of a waiting answer in each period."""


@dataclass(slots=True)
class _Wait:
    """One reader's bytes, and its progress. Times are the event loop's, in seconds."""

    size: int
    read_at: float
    """When the reader last took a byte, or began to wait."""
    period_size: int
    period_began: float


class Unread:
    """The readers of one worker that keep bytes waiting."""

    def __init__(
        self, max_bytes: int, seconds: float, on_cut_off: Callable[[Literal["write_timeout", "unread_limit"]], None]
    ) -> None:
        """`on_cut_off` gets the reason, `write_timeout` or `unread_limit`, once for each caller that is cut off."""
        self._max_bytes = max_bytes
        self._seconds = seconds
        self._on_cut_off = on_cut_off
        self._waits: dict[Connection, _Wait] = {}
        self.bytes = 0
        """All that waits; what readers have taken since the last sweep is still counted."""

    def __contains__(self, reader: Connection) -> bool:
        return reader in self._waits

    @property
    def over_limit(self) -> bool:
        """True while more waits than the bound, for admission to ask."""
        return self.bytes > self._max_bytes

    def add(self, reader: Connection, now: float) -> None:
        """Count the bytes of a reader from now on, and make room for them."""
        self.discard(reader)
        size = reader.unread_bytes()
        self._waits[reader] = _Wait(size, now, size, now)
        self.bytes += size
        if self.over_limit:
            self._measure(now)
            self._make_room(reader)

    def discard(self, reader: Connection) -> None:
        """Count a reader no more. One that is not counted is passed over."""
        if wait := self._waits.pop(reader, None):
            self.bytes -= wait.size

    def sweep(self, now: float) -> None:
        """Measure what waits, and cut off the callers that read too little."""
        self._measure(now)
        for reader, wait in list(self._waits.items()):
            if now - wait.period_began < self._seconds:
                continue
            if wait.period_size - wait.size < LEAST_BYTES:
                self._cut_off(reader, "write_timeout")
            else:
                wait.period_size, wait.period_began = wait.size, now

    def _measure(self, now: float) -> None:
        for reader, wait in self._waits.items():
            size = reader.unread_bytes()
            if size < wait.size:
                wait.read_at = now
            self.bytes += size - wait.size
            wait.size = size

    def _make_room(self, newest: Connection) -> None:
        """Cut off readers until what waits fits, but not the newest."""
        by_progress = sorted(self._waits, key=lambda reader: self._waits[reader].read_at)
        for reader in by_progress:
            if not self.over_limit:
                return
            if reader is not newest:
                self._cut_off(reader, "unread_limit")

    def _cut_off(self, reader: Connection, reason: Literal["write_timeout", "unread_limit"]) -> None:
        self.discard(reader)
        self._on_cut_off(reason)
        reader.cut_off()
