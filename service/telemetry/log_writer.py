"""Write log lines without making anybody wait: a bounded queue, and one thread that writes what is in it.

When stdout is stuck and the queue is full, lines are dropped and counted, and the count is logged as soon as a line can
be written again.
"""

import os
import threading
import time
from collections.abc import Callable
from contextlib import suppress
from queue import Empty, Full, Queue
from typing import Any

_GATHER_SECONDS = 0.02  # after the first line: one wake-up and one write for all lines that come in the meantime


class LogWriter:
    """A bounded queue of lines and the one thread that writes them to a file descriptor."""

    def __init__(self, descriptor: int, queue_lines: int, render: Callable[[str, dict[str, Any]], bytes]) -> None:
        """`render` makes a line of an event and its fields, for the lines that the writer adds by itself."""
        self._descriptor = descriptor
        self.render = render
        self._queue: Queue[bytes] = Queue(queue_lines)
        self.on_drop: Callable[[int], object] = lambda _: None
        """Called with the number of lines dropped, whenever some are, by whichever thread drops them."""
        self._dropped = 0
        self._reported = 0
        self._lock = threading.Lock()
        self._closing = threading.Event()
        self._thread = threading.Thread(target=self._run, name="log-writer", daemon=True)
        self._thread.start()

    @property
    def dropped(self) -> int:
        """How many lines were dropped so far."""
        return self._dropped

    def put(self, line: bytes) -> None:
        """Queue a line that ends in a line feed. Never waits: drops the line when the queue is full."""
        try:
            self._queue.put_nowait(line)
        except Full:
            self._drop(1)

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until the queued lines are written, for `timeout` seconds at most."""
        deadline = time.monotonic() + timeout
        while self._queue.unfinished_tasks and self._thread.is_alive() and time.monotonic() < deadline:
            time.sleep(_GATHER_SECONDS / 2)

    def close(self, timeout: float = 2.0) -> None:
        """Write the queued lines, for `timeout` seconds at most, and end the thread."""
        self._closing.set()
        with suppress(Full):
            self._queue.put_nowait(b"")  # wakes the thread
        self._thread.join(timeout)

    def _run(self) -> None:
        while not (self._closing.is_set() and self._queue.empty()):
            lines = [self._queue.get()]
            if not self._closing.is_set():
                time.sleep(_GATHER_SECONDS)
            try:
                while len(lines) < self._queue.maxsize:
                    lines.append(self._queue.get_nowait())
            except Empty:
                pass
            taken, dropped = len(lines), self._dropped
            if dropped > self._reported:
                lines.append(self.render("log_lines_dropped", {"lines": dropped - self._reported, "in_all": dropped}))
            if self._write(b"".join(lines)):
                self._reported = dropped
            else:
                self._drop(taken)
            for _ in range(taken):
                self._queue.task_done()

    def _write(self, data: bytes) -> bool:
        """Write all of it, however long that takes. Return False if it cannot be written."""
        view = memoryview(data)
        while view:
            try:
                view = view[os.write(self._descriptor, view) :]
            except BlockingIOError:
                time.sleep(_GATHER_SECONDS)
            except OSError:  # stdout is closed, the reader of the pipe is gone, or the disk is full
                return False
        return True

    def _drop(self, lines: int) -> None:
        with self._lock:
            self._dropped += lines
        self.on_drop(lines)
