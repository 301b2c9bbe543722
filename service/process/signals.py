"""SIGTERM and SIGINT: finish what was accepted before the server stops listening.

uvicorn's own answer to a signal is to close its listening socket at once, so that nobody could be told that this
instance is going away. Here the first signal only begins the drain: `/readyz` answers 503, new work is refused with
`shutting_down`, what was accepted is finished. Then uvicorn gets the signal and the rest of the time allowed.
"""

import asyncio
import signal
import threading
from collections.abc import Awaitable, Callable, Iterator
from contextlib import contextmanager
from time import monotonic

import structlog
import uvicorn

log = structlog.get_logger(__name__)

_SIGNALS = (signal.SIGTERM, signal.SIGINT)
_LAST_ANSWERS_SECONDS = 1.0  # the least that uvicorn gets to send what was finished in the last moment


@contextmanager
def drain_on_signals(drain: Callable[[], Awaitable[bool]], seconds: float) -> Iterator[None]:
    """Within the block, the first signal calls `drain`, which takes `seconds` at most, and then stops uvicorn's server.

    A second SIGINT stops it at once. Where no uvicorn server of this thread handles signals, nothing is changed.
    """
    server = _server()
    if server is None:
        yield
        return
    loop = asyncio.get_running_loop()
    draining: asyncio.Task[None] | None = None

    async def drain_then_stop(number: signal.Signals) -> None:
        log.info("draining", signal=number.name, seconds=seconds)
        deadline = monotonic() + seconds
        await drain()
        left = max(_LAST_ANSWERS_SECONDS, deadline - monotonic())
        server.config.timeout_graceful_shutdown = left  # type: ignore[assignment]  # it is only ever a timeout
        server.handle_exit(number, None)

    def on_signal(number: signal.Signals) -> None:
        nonlocal draining
        if draining is None:
            draining = loop.create_task(drain_then_stop(number))
        elif number is signal.SIGINT:
            server.handle_exit(number, None)
            server.handle_exit(number, None)  # uvicorn: the second one forces

    before = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
    finally:
        for number, handler in before.items():
            loop.remove_signal_handler(number)
            signal.signal(number, handler)


def _server() -> uvicorn.Server | None:
    """The uvicorn server that handles this process's signals, if there is one."""
    if threading.current_thread() is not threading.main_thread():
        return None
    owner = getattr(signal.getsignal(signal.SIGTERM), "__self__", None)
    return owner if isinstance(owner, uvicorn.Server) else None
