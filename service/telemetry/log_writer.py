"""Write log lines without making anybody wait: a bounded queue, and one thread that writes what is in it.

When stdout is stuck and the queue is full, lines are dropped and counted, and the count is logged as soon as a line can
be written again.
"""

import os
import threading
import time
from collections.abc import Callable
from queue import Empty, SimpleQueue
from typing import Any

_GATHER_SECONDS = 0.02  # after the first line: one wake-up and one write for all lines that come in the meantime

_Later = tuple[Callable[[Any], bytes], object]


class LogWriter:
    """A bounded queue of lines and the one thread that writes them to a file descriptor."""

    def __init__(self, descriptor: int, queue_lines: int, render: Callable[[str, dict[str, Any]], bytes]) -> None:
        """`render` makes a line of an event and its fields, for the lines that the writer adds by itself."""
        self._descriptor = descriptor
        self.render = render
        self._most = queue_lines
        self._queue: SimpleQueue[bytes | _Later | threading.Event] = SimpleQueue()
        """Lines, lines that are still to be rendered, and events that are set once all before them is written."""
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
        if self._queue.qsize() < self._most:
            self._queue.put(line)
        else:
            self._drop(1)

    def put_later(self, render: Callable[[Any], bytes], entry: object) -> None:
        """Queue a line that the writer's thread makes of an entry. Never waits, as `put`."""
        if self._queue.qsize() < self._most:
            self._queue.put((render, entry))
        else:
            self._drop(1)

    def flush(self, timeout: float = 2.0) -> None:
        """Wait until the queued lines are written, for `timeout` seconds at most."""
        if self._thread.is_alive():
            written = threading.Event()
            self._queue.put(written)
            written.wait(timeout)

    def close(self, timeout: float = 2.0) -> None:
        """Write the queued lines, for `timeout` seconds at most, and end the thread."""
        self._closing.set()
        self._queue.put(b"")  # wakes the thread
        self._thread.join(timeout)

    def _run(self) -> None:
        while not (self._closing.is_set() and self._queue.empty()):
            entries = [self._queue.get()]
            if not self._closing.is_set():
                time.sleep(_GATHER_SECONDS)
            try:
                while len(entries) < self._most:
                    entries.append(self._queue.get_nowait())
            except Empty:
                pass
            lines = [self._line(one) for one in entries if not isinstance(one, threading.Event)]
            taken, dropped = len(lines), self._dropped
            if dropped > self._reported:
                lines.append(self.render("log_lines_dropped", {"lines": dropped - self._reported, "in_all": dropped}))
            if self._write(b"".join(lines)):
                self._reported = dropped
            else:
                self._drop(taken)
            for one in entries:
                if isinstance(one, threading.Event):
                    one.set()

    def _line(self, entry: bytes | _Later) -> bytes:
        if isinstance(entry, bytes):
            return entry
        render, what = entry
        try:
            return render(what)
        except Exception as error:  # noqa: BLE001 - the thread must not end
            return self.render("log_line_lost", {"error": type(error).__name__})

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
