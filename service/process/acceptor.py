"""Accepts the connections of a worker, and leaves to other workers those that they should have.

Workers accept from one socket, and whoever wakes first takes a connection. A few lasting connections, as a pool of an
HTTP client or a proxy holds them, would so come to lie on one worker while another has none. Therefore a worker that
has more connections than another one leaves a new connection to that one for up to five milliseconds.
"""

import asyncio
import errno
import os
import select
import socket
from collections.abc import Callable
from typing import Any

import structlog

from spanwise.service.process.connection_counts import ConnectionCounts
from spanwise.service.process.eager_start import start_at_once
from spanwise.service.process.probe_transport import answer_probe, probe_has_arrived

log = structlog.get_logger(__name__)

_PATIENCE_SECONDS = 0.005
_LOOK_SECONDS = 0.001
_MOST_IN_VAIN = 3
_IMPATIENCE_SECONDS = 1.0
"""How long a worker takes every connection after it has left some in vain: the other may be stopped."""

_EXHAUSTED = {errno.EMFILE, errno.ENFILE, errno.ENOBUFS, errno.ENOMEM}
_EXHAUSTED_SECONDS = 1.0
"""How long nothing is accepted after the system had no descriptor or memory for a connection."""


class Acceptor:
    """A listening socket in an event loop; for uvicorn it is one of its servers."""

    def __init__(
        self,
        listener: socket.socket,
        counts: ConnectionCounts,
        protocol: Callable[[], asyncio.Protocol],
        loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Begin to accept in the running loop. `protocol` makes the protocol of a connection."""
        self._listener = listener
        self._counts = counts
        self._slot = counts.slot_of(os.getpid())
        self._protocol = protocol
        self._loop = loop or asyncio.get_running_loop()
        self._connecting: set[asyncio.Task[Any]] = set()
        self._later: asyncio.TimerHandle | None = None
        self._left_since: float | None = None
        """Since when a connection waits that another worker should take."""
        self._left_in_vain = 0
        self._takes_all_until = 0.0
        listener.setblocking(False)
        self.count(0)
        self._loop.add_reader(listener, self._accept)

    def count(self, connections: int) -> None:
        """Tell the other workers how many connections this one has."""
        if self._slot is not None:
            self._counts.set(self._slot, connections)

    def close(self) -> None:
        """Accept no more, and close the socket."""
        if self._later is not None:
            self._later.cancel()
            self._later = None
        if self._listener.fileno() >= 0:
            self._loop.remove_reader(self._listener)
            self._listener.close()
        if self._slot is not None:
            self._counts.set(self._slot, None)
            self._slot = None

    async def wait_closed(self) -> None:
        """Wait until every accepted connection has its protocol. Its further life is no concern of the acceptor."""
        await asyncio.gather(*self._connecting, return_exceptions=True)

    def _accept(self) -> None:
        """Accept one connection; if more wait, the loop calls again."""
        if self._leaves_it():
            self._pause(_LOOK_SECONDS)
            return
        try:
            connection, _ = self._listener.accept()
        except (BlockingIOError, InterruptedError, ConnectionAbortedError):
            return
        except OSError as error:
            if error.errno not in _EXHAUSTED:
                raise
            log.error("accepting_failed", reason=error.strerror, next_try_seconds=_EXHAUSTED_SECONDS)
            self._pause(_EXHAUSTED_SECONDS)
            return
        if self._slot is not None:
            self._counts.set(self._slot, self._counts.get(self._slot) + 1)  # until its protocol has it counted
        if probe_has_arrived(connection):
            answer_probe(connection, self._protocol(), self._loop)
            return
        task = start_at_once(self._connect(connection), self._loop)  # a probe waits for each turn of a busy loop
        if task is not None:
            self._connecting.add(task)
            task.add_done_callback(self._connecting.discard)

    async def _connect(self, connection: socket.socket) -> None:
        try:
            await self._loop.connect_accepted_socket(self._protocol, connection)
        except BaseException as error:
            connection.close()
            if self._slot is not None:
                self._counts.set(self._slot, max(0, self._counts.get(self._slot) - 1))
            if not isinstance(error, OSError):  # which means that the caller has left already
                raise

    def _pause(self, seconds: float) -> None:
        self._loop.remove_reader(self._listener)
        self._later = self._loop.call_later(seconds, self._go_on)

    def _go_on(self) -> None:
        self._later = None
        waiting = select.poll()
        waiting.register(self._listener, select.POLLIN)
        if not waiting.poll(0):  # another worker has taken it
            self._left_since = None
            self._left_in_vain = 0
        self._loop.add_reader(self._listener, self._accept)

    def _leaves_it(self) -> bool:
        """Return whether another worker should take the connection that waits, and has time left for that."""
        if self._slot is None or self._counts.get(self._slot) <= self._counts.fewest_of_others(self._slot):
            self._left_since = None
            self._left_in_vain = 0
            return False
        now = self._loop.time()
        if now < self._takes_all_until:
            return False
        if self._left_since is None:
            self._left_since = now
        if now - self._left_since < _PATIENCE_SECONDS:
            return True
        self._left_since = None
        self._left_in_vain += 1
        if self._left_in_vain == _MOST_IN_VAIN:
            self._left_in_vain = 0
            self._takes_all_until = now + _IMPATIENCE_SECONDS
        return False
