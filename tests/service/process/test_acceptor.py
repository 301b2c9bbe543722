"""Workers share out their connections: one that has more than another leaves new ones to that one, for a moment."""

import asyncio
import errno
import os
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing

import pytest
from structlog.testing import capture_logs

from spanwise.service.process import acceptor as module
from spanwise.service.process.acceptor import Acceptor
from spanwise.service.process.connection_counts import ConnectionCounts

pytestmark = pytest.mark.anyio

OTHER, MINE = 0, 1
"""The slots of another worker and of this one."""


class Worker:
    """An acceptor with the connections that it has made, and callers."""

    def __init__(self, counts: ConnectionCounts, stack: ExitStack) -> None:
        self.counts = counts
        self.made = 0
        self._stack = stack
        self.listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        self.acceptor = Acceptor(self.listener, counts, self._protocol)
        stack.callback(self.acceptor.close)

    def _protocol(self) -> asyncio.Protocol:
        self.made += 1
        return asyncio.Protocol()

    def call(self) -> None:
        """Connect one more caller."""
        self._stack.enter_context(socket.create_connection(self.listener.getsockname()))

    async def until_made(self, number: int) -> None:
        """Wait until so many connections were accepted."""
        async with asyncio.timeout(10):
            while self.made < number:  # noqa: ASYNC110 - a connection is no event
                await asyncio.sleep(0.001)


@pytest.fixture
async def worker() -> AsyncIterator[Worker]:
    """Return a worker beside another one, which accepts none itself."""
    with closing(ConnectionCounts.create()) as counts, ExitStack() as stack:
        counts.add(1)
        counts.add(os.getpid())
        yield Worker(counts, stack)
        stack.close()
        await asyncio.sleep(0)


async def test_who_has_no_more_than_another_accepts_at_once(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """It takes connections up to one more than the other has, counts them, and leaves the next."""
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 60)
    worker.counts.set(OTHER, 2)
    for _ in range(5):
        worker.call()
    await worker.until_made(3)
    assert worker.counts.get(MINE) == 3
    await asyncio.sleep(0.05)
    assert worker.made == 3
    worker.counts.set(OTHER, 4)
    await worker.until_made(5)


async def test_what_nobody_takes_is_accepted_after_a_moment(worker: Worker) -> None:
    """A stopped worker costs a few milliseconds for some connections, and then none for a while."""
    worker.counts.set(OTHER, 0)
    worker.acceptor.count(7)
    for _ in range(20):
        worker.call()
    await worker.until_made(20)


async def test_what_another_takes_is_not_waited_for(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The patience with the next connection begins anew."""
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 0.2)
    worker.counts.set(OTHER, 0)
    worker.acceptor.count(7)
    worker.call()
    await asyncio.sleep(0.1)
    worker.listener.accept()[0].close()  # as the other worker does
    await asyncio.sleep(0.2)
    worker.call()
    await asyncio.sleep(0.05)
    assert worker.made == 0
    await worker.until_made(1)


async def test_a_worker_that_accepts_none_gets_none_left(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """One that is still starting, or leaves, is not waited for."""
    monkeypatch.setattr(module, "_PATIENCE_SECONDS", 60)
    worker.acceptor.count(50)
    worker.call()
    await worker.until_made(1)


async def test_who_stops_accepting_says_so(worker: Worker) -> None:
    """From then on nobody leaves it a connection, and its end of the socket is closed, so that the port can be free."""
    assert worker.counts.fewest_of_others(OTHER) == 0
    worker.acceptor.close()
    assert worker.counts.fewest_of_others(OTHER) > 1_000_000
    assert worker.listener.fileno() == -1
    worker.acceptor.close()


async def test_without_descriptors_it_tries_again_later(worker: Worker, monkeypatch: pytest.MonkeyPatch) -> None:
    """The failure is one line of the log, and the connection is accepted once there is a descriptor."""
    monkeypatch.setattr(module, "_EXHAUSTED_SECONDS", 0.05)
    accept, failures = socket.socket.accept, iter([OSError(errno.EMFILE, "Too many open files")])

    def failing(listener: socket.socket) -> object:
        for error in failures:
            raise error
        return accept(listener)

    monkeypatch.setattr(socket.socket, "accept", failing)
    with capture_logs() as log:
        worker.call()
        await worker.until_made(1)
    assert [line["event"] for line in log] == ["accepting_failed"]
