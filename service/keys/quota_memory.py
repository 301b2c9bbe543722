"""What callers have taken of their quotas, in memory that all workers of a service share.

The supervisor makes the memory and hands its descriptor to every worker, so that a quota holds for all of them
together, and a worker that replaces another one goes on where that one was. Each caller has a slot, which is never
given to another:

    bytes  0-15  a digest of the caller's name; zeros: the slot is free
    bytes 16-23  when all requests that were taken have come back, a double, in seconds of the system's monotonic clock
    bytes 24-31  the same for characters

A worker locks the slot that it changes for some microseconds. One that cannot get the lock at once goes on without it
rather than make its event loop wait; at worst a request is then not counted.
"""

import fcntl
import hashlib
import mmap
import os
import struct
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager

import structlog

from spanwise.service.keys.quota import Quota, Spent, seconds_of, wait_for
from spanwise.service.keys.shared_file import file_in_memory

log = structlog.get_logger(__name__)

DESCRIPTOR_VARIABLE = "_SPANWISE_QUOTA_MEMORY"
"""The environment variable that tells a worker the number of the memory's descriptor."""

_SLOTS = 4096
_SLOT_BYTES = 32
_NAME_BYTES = 16
_BYTES = _SLOTS * _SLOT_BYTES
_TIMES = struct.Struct("=dd")
_TRIES = 50


@contextmanager
def shared_memory() -> Iterator[int]:
    """Within the block, have memory for all workers. Yields its descriptor, which every worker must be given."""
    descriptor = file_in_memory("spanwise-quotas", _BYTES)
    try:
        os.environ[DESCRIPTOR_VARIABLE] = str(descriptor)
        yield descriptor
    finally:
        os.environ.pop(DESCRIPTOR_VARIABLE, None)
        os.close(descriptor)


class QuotaMemory:
    """The slots. Without a descriptor they are this process's own."""

    def __init__(self, descriptor: int | None = None, clock: Callable[[], float] = time.monotonic) -> None:
        self._descriptor = descriptor
        self._memory = mmap.mmap(-1 if descriptor is None else descriptor, _BYTES)
        self._clock = clock
        self._offsets: dict[str, int] = {}

    @classmethod
    def of_this_process(cls) -> "QuotaMemory":
        """Return the memory that the supervisor has made; without a supervisor, memory of this process alone."""
        number = os.environ.get(DESCRIPTOR_VARIABLE, "")
        try:
            if number.isdigit() and os.fstat(int(number)).st_size == _BYTES:
                return cls(int(number))
        except OSError:  # a variable that was left in the environment; its descriptor is not ours
            pass
        return cls()

    def take_request(self, name: str, quota: Quota) -> tuple[float, Spent]:
        """Take a request, if both buckets allow one. Return the seconds to wait until then, and what is spent."""
        return self._take(name, quota, requests=1, characters=0, only_if_allowed=True)

    def charge(self, name: str, quota: Quota, characters: int) -> Spent:
        """Take characters, even more than are left, and return what is spent."""
        return self._take(name, quota, requests=0, characters=characters, only_if_allowed=False)[1]

    def _take(
        self, name: str, quota: Quota, *, requests: int, characters: int, only_if_allowed: bool
    ) -> tuple[float, Spent]:
        if (offset := self._offsets.get(name)) is None:
            offset = self._offsets[name] = self._claim(name)
        locked = self._lock(offset)
        try:
            now = self._clock()
            ends = _TIMES.unpack_from(self._memory, offset + _NAME_BYTES)
            spent = Spent(max(ends[0] - now, 0.0), max(ends[1] - now, 0.0))
            if only_if_allowed and (wait := wait_for(spent, quota)):
                return wait, spent
            spent = Spent(
                spent.requests + seconds_of(requests, quota.requests),
                spent.characters + seconds_of(characters, quota.characters),
            )
            _TIMES.pack_into(self._memory, offset + _NAME_BYTES, now + spent.requests, now + spent.characters)
            return 0.0, spent
        finally:
            if locked:
                self._unlock(offset)

    def _claim(self, name: str) -> int:
        """Return the offset of a caller's slot. Where all are taken, it is a slot that another caller has too."""
        digest = hashlib.blake2b(name.encode(), digest_size=_NAME_BYTES).digest()
        locked = self._lock(0, _BYTES)
        try:
            for offset in range(0, _BYTES, _SLOT_BYTES):
                holder = self._memory[offset : offset + _NAME_BYTES]
                if holder == digest:
                    return offset
                if not any(holder):
                    self._memory[offset : offset + _NAME_BYTES] = digest
                    return offset
        finally:
            if locked:
                self._unlock(0, _BYTES)
        log.warning("quota_slots_full", key=name, reason="too many names since the start; restart the service")
        return int.from_bytes(digest[:4]) % _SLOTS * _SLOT_BYTES

    def _lock(self, offset: int, length: int = 1) -> bool:
        if self._descriptor is None:
            return False
        for _ in range(_TRIES):
            try:
                fcntl.lockf(self._descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB, length, offset)
            except OSError:
                os.sched_yield()
            else:
                return True
        return False

    def _unlock(self, offset: int, length: int = 1) -> None:
        assert self._descriptor is not None  # noqa: S101 - only what was locked is unlocked
        fcntl.lockf(self._descriptor, fcntl.LOCK_UN, length, offset)
