"""How many connections each worker has, in memory that all workers share.

The supervisor makes the memory, gives each worker a slot by its process id, and clears the slot when the process has
ended. Each worker writes the number of its own connections, and reads all.

    word 2 n      the process id of the worker in slot n; 0: the slot is free
    word 2 n + 1  its connections; the largest number: it accepts none
    the last word how many slots were ever used: no worker is behind them
"""

import mmap
import os

from spanwise.service.keys.shared_file import file_in_memory

_SLOTS = 1024
_WORD_BYTES = 4
_USED = 2 * _SLOTS
_BYTES = (2 * _SLOTS + 1) * _WORD_BYTES
_ACCEPTS_NONE = 2**32 - 1


class ConnectionCounts:
    """The shared memory."""

    def __init__(self, descriptor: int) -> None:
        """`descriptor` is a file of the memory's size, which this object closes."""
        self.descriptor = descriptor
        self._memory = mmap.mmap(descriptor, _BYTES)
        self._words = memoryview(self._memory).cast("I")

    @classmethod
    def create(cls) -> "ConnectionCounts":
        """Make new memory, in which all slots are free."""
        return cls(file_in_memory("spanwise-connections", _BYTES))

    def close(self) -> None:
        """Let go of the memory."""
        self._words.release()
        self._memory.close()
        os.close(self.descriptor)

    def add(self, pid: int) -> None:
        """Give a worker a slot. Where none is free, it goes without."""
        for slot in range(_SLOTS):
            if self._words[2 * slot] == 0:
                self._words[2 * slot + 1] = _ACCEPTS_NONE
                self._words[2 * slot] = pid
                self._words[_USED] = max(self._words[_USED], slot + 1)
                return

    def discard(self, pid: int) -> None:
        """Take the slot of a worker that has ended."""
        if (slot := self.slot_of(pid)) is not None:
            self._words[2 * slot] = 0

    def slot_of(self, pid: int) -> int | None:
        """Return the slot of a worker, or None."""
        return next((slot for slot in range(_SLOTS) if self._words[2 * slot] == pid), None)

    def set(self, slot: int, connections: int | None) -> None:
        """Write how many connections a worker has; None: it accepts no more."""
        self._words[2 * slot + 1] = _ACCEPTS_NONE if connections is None else connections

    def get(self, slot: int) -> int:
        """Return what a worker has written; a very large number if it accepts none."""
        return self._words[2 * slot + 1]

    def fewest_of_others(self, slot: int) -> int:
        """Return the fewest connections that another worker has; a very large number if no other one accepts any."""
        fewest, words = _ACCEPTS_NONE, self._words
        for other in range(words[_USED]):
            if other != slot and words[2 * other]:
                fewest = min(fewest, words[2 * other + 1])
        return fewest
