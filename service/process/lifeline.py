"""A worker's end of the socket that ties it to its supervisor.

The worker sends a byte a second from its event loop. The first byte says that it serves, a missing one that the loop
does not turn. The supervisor sends nothing. It closes its end to retire the worker, and the kernel closes that end when
the supervisor dies, so a worker that has lost its supervisor leaves in the same way.
"""

import os
import signal
import socket
import threading
from contextlib import suppress

RETIRE = signal.SIGUSR1
"""The signal at which a worker stops listening, finishes what its connections ask for, and ends."""

BEAT, LEAVING = b".", b"L"
"""What a worker says: its event loop turns; it is about to leave by itself, so another should take its place."""


class Lifeline:
    """The worker's end, with a thread that sends this process `RETIRE` once the supervisor's end is closed."""

    def __init__(self, end: socket.socket) -> None:
        self._end = end
        threading.Thread(target=self._wait_for_the_end, name="lifeline", daemon=True).start()

    def beat(self) -> None:
        """Say that the event loop turns. Never waits."""
        self._say(BEAT)

    def announce_leaving(self) -> None:
        """Say that this worker is about to leave. Never waits."""
        self._say(LEAVING)

    def _say(self, word: bytes) -> None:
        with suppress(OSError):  # the supervisor is gone, or has not read for hours
            self._end.send(word, socket.MSG_DONTWAIT | socket.MSG_NOSIGNAL)

    def _wait_for_the_end(self) -> None:
        with suppress(OSError):
            while self._end.recv(1):
                pass
        os.kill(os.getpid(), RETIRE)
