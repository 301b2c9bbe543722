"""The supervisor with stand-ins for workers: what it does when the system starts no process, and at signals."""

import asyncio
import os
import signal
import socket
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from spanwise.service.process import supervisor as module
from spanwise.service.process.supervisor import CRASH_LOOP, Supervisor
from spanwise.service.process.worker_sources import ExecutedWorkers

STAND_IN = """
import signal, socket, sys
signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
end = socket.socket(fileno=int(sys.argv[2]))
end.send(b".")
end.recv(1)
"""


@pytest.fixture
def listener() -> Iterator[socket.socket]:
    """Return a listening socket."""
    with socket.socket() as listening:
        listening.bind(("127.0.0.1", 0))
        listening.listen()
        yield listening


def stand_in(listener: int, lifeline: int) -> Sequence[str]:
    """Return the command of a worker that serves at once, and ends when it is told to."""
    return [sys.executable, "-c", STAND_IN, str(listener), str(lifeline)]


def supervise(
    listener: socket.socket,
    command: Callable[[int, int], Sequence[str]],
    steps: Sequence[tuple[str, int, signal.Signals]],
    workers: int = 1,
) -> tuple[int, list[Any]]:
    """Run a supervisor; for each step, wait until an event was logged so often, then send it a signal.

    Return the exit status and the log.
    """

    async def run(log: list[Any]) -> int:
        source = ExecutedWorkers(command, listener)
        supervisor = Supervisor(source, workers, start_seconds=60, silence_seconds=60, leave_seconds=10)
        running = asyncio.create_task(supervisor.run())
        for event, number, sent in steps:
            async with asyncio.timeout(60):
                while sum(line["event"] == event for line in log) < number:  # noqa: ASYNC110 - the log has no event
                    await asyncio.sleep(0.02)
            os.kill(os.getpid(), sent)
        async with asyncio.timeout(60):
            return await running

    with capture_logs() as log:
        return asyncio.run(run(log)), log


def test_it_tries_again_when_the_system_starts_no_process(
    listener: socket.socket, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A start that the system refuses, for want of memory or descriptors, is tried again later."""
    monkeypatch.setattr(module, "_LONGEST_DELAY_SECONDS", 0.1)
    refusals = iter([True, True, False])

    def command(listener: int, lifeline: int) -> Sequence[str]:
        return ["/nonexistent"] if next(refusals) else stand_in(listener, lifeline)

    status, log = supervise(listener, command, [("worker_serves", 1, signal.SIGTERM)])
    assert status == 0
    assert [line["event"] for line in log].count("worker_not_started") == 2


def test_a_reload_for_which_the_system_starts_no_process_changes_nothing(listener: socket.socket) -> None:
    """The old worker stays, the log says why, and a later reload succeeds."""
    refusals = iter([False, True, False])

    def command(listener: int, lifeline: int) -> Sequence[str]:
        return ["/nonexistent"] if next(refusals) else stand_in(listener, lifeline)

    steps = [
        ("worker_serves", 1, signal.SIGHUP),
        ("reload_failed", 1, signal.SIGHUP),
        ("reloaded", 1, signal.SIGTERM),
    ]
    status, log = supervise(listener, command, steps)
    assert status == 0
    (failed,) = (line for line in log if line["event"] == "reload_failed")
    assert failed["reason"] == "No such file or directory"
    assert not [line for line in log if line["event"] in ("worker_died", "worker_killed")]


def test_workers_are_replaced_one_at_a_time(listener: socket.socket) -> None:
    """A worker leaves only when its successor serves, and the next is started only when it has ended."""
    steps = [("worker_serves", 2, signal.SIGHUP), ("reloaded", 1, signal.SIGTERM)]
    status, log = supervise(listener, stand_in, steps, workers=2)
    assert status == 0
    events = [line["event"] for line in log]
    assert events[events.index("reloading") : events.index("reloaded")] == [
        "reloading", *["worker_started", "worker_serves", "worker_ended"] * 2
    ]  # fmt: skip


def test_workers_that_never_serve_end_it(listener: socket.socket, monkeypatch: pytest.MonkeyPatch) -> None:
    """After five starts that failed the exit status is 1."""
    monkeypatch.setattr(module, "_LONGEST_DELAY_SECONDS", 0.01)
    status, log = supervise(listener, lambda *_: [sys.executable, "-c", "import sys; sys.exit(9)"], [])
    assert status == CRASH_LOOP
    assert [line["status"] for line in log if line["event"] == "worker_died"] == [9] * 5


def test_a_worker_that_announces_its_leaving_is_replaced_at_once(listener: socket.socket) -> None:
    """Its successor is started before it ends, and its end is no death."""
    leaving = STAND_IN.replace('end.send(b".")', 'end.send(b"."); end.send(b"L"); import time; time.sleep(1)')
    programs = iter([leaving, STAND_IN])

    def command(listener: int, lifeline: int) -> Sequence[str]:
        return [sys.executable, "-c", next(programs), str(listener), str(lifeline)]

    status, log = supervise(listener, command, [("worker_ended", 1, signal.SIGTERM)])
    assert status == 0
    events = [line["event"] for line in log]
    assert events.index("worker_leaves") < events.index("worker_started", 1) < events.index("worker_ended")
    assert "worker_died" not in events
