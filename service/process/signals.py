"""SIGTERM, SIGINT and `RETIRE`: finish accepted work before uvicorn stops listening.

uvicorn by itself closes its listening socket at the first signal, so that new callers get no answer at all. Here the
first SIGTERM or SIGINT only begins a drain: `/readyz` answers 503, new work is refused with `shutting_down`, accepted
work is finished. Then uvicorn gets the signal, and the rest of the time allowed. `RETIRE` is for a worker whose place
another one takes: it refuses nothing, but stops listening (see `retirement.py`), and then drains.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic
from typing import Protocol

import structlog
import uvicorn

from spanwise.service.process.lifeline import RETIRE
from spanwise.service.process.retirement import finish_connections, stop_listening
from spanwise.service.process.worker_server import WorkerServer

log = structlog.get_logger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT, RETIRE)
_START_SECONDS = 0.05  # between two looks whether uvicorn listens already
_LAST_ANSWERS_SECONDS = 1.0  # what uvicorn gets at least, to send the answers that were finished last


class Drain(Protocol):
    """`Runtime.drain`: accept nothing more and finish what was accepted."""

    def __call__(self, *, delayed: bool) -> Awaitable[bool]:
        """Drain, at first still accepting for a while if it is `delayed`. Return False if the time was too short."""


Retire = Callable[[], None]
"""Makes this process leave as at the signal `RETIRE`."""


@contextmanager
def drain_on_signals(drain: Drain, seconds: float) -> Iterator[Retire | None]:
    """Within the block, drain at the first signal, which takes `seconds` at most, and then stop uvicorn's server.

    A second SIGTERM changes nothing; a second SIGINT stops the server at once. Yields what makes this process retire,
    or None where no uvicorn server handles this thread's signals: nothing is changed there.
    """
    server = _uvicorn_server()
    if server is None:
        yield None
        return
    loop = asyncio.get_running_loop()
    draining: asyncio.Task[None] | None = None
    hurry = asyncio.Event()

    async def drain_then_stop(received: signal.Signals, *, delayed: bool = True) -> None:
        log.info("draining", signal=received.name, seconds=seconds)
        deadline = monotonic() + seconds
        await drain(delayed=delayed)
        left = max(_LAST_ANSWERS_SECONDS, deadline - monotonic())
        # uvicorn declares an int, but only passes it on as a timeout.
        server.config.timeout_graceful_shutdown = left  # type: ignore[assignment]
        server.handle_exit(signal.SIGTERM if received is RETIRE else received, None)

    async def retire_then_stop() -> None:
        log.info("retiring", seconds=seconds)
        if isinstance(server, WorkerServer):
            server.lifeline.announce_leaving()
        while not server.started:  # noqa: ASYNC110 - uvicorn has no event for it
            await asyncio.sleep(_START_SECONDS)
        stop_listening(server)
        await finish_connections(server, seconds, hurry)
        await drain_then_stop(RETIRE, delayed=False)

    def on_signal(received: signal.Signals) -> None:
        nonlocal draining
        if draining is None:
            draining = loop.create_task(retire_then_stop() if received is RETIRE else drain_then_stop(received))
        elif received is signal.SIGINT and hurry.is_set():
            server.handle_exit(received, None)
            server.handle_exit(received, None)  # uvicorn stops without waiting at the second call
        if received is not RETIRE:
            hurry.set()  # a worker that retires has less time from now on

    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield lambda: on_signal(RETIRE)
    finally:
        for number, handler in previous.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _uvicorn_server() -> uvicorn.Server | None:
    """Return the uvicorn server that handles this process's signals, if there is one."""
    if threading.current_thread() is not threading.main_thread():
        return None
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner if isinstance(owner, uvicorn.Server) else None
