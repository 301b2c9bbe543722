"""SIGTERM and SIGINT: finish accepted work before uvicorn stops listening.

uvicorn by itself closes its listening socket at the first signal, so that new callers get no answer at all. Here the
first signal only begins a drain: `/readyz` answers 503, new work is refused with `shutting_down`, accepted work is
finished. Then uvicorn gets the signal, and the rest of the time allowed.
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
_LAST_ANSWERS_SECONDS = 1.0  # what uvicorn gets at least, to send the answers that were finished last


@contextmanager
def drain_on_signals(drain: Callable[[], Awaitable[bool]], seconds: float) -> Iterator[None]:
    """Within the block, drain at the first signal, which takes `seconds` at most, and then stop uvicorn's server.

    A second SIGINT stops the server at once. Where no uvicorn server handles this thread's signals, change nothing.
    """
    server = _uvicorn_server()
    if server is None:
        yield
        return
    loop = asyncio.get_running_loop()
    draining: asyncio.Task[None] | None = None

    async def drain_then_stop(received: signal.Signals) -> None:
        log.info("draining", signal=received.name, seconds=seconds)
        deadline = monotonic() + seconds
        await drain()
        left = max(_LAST_ANSWERS_SECONDS, deadline - monotonic())
        # uvicorn declares an int, but only passes it on as a timeout.
        server.config.timeout_graceful_shutdown = left  # type: ignore[assignment]
        server.handle_exit(received, None)

    def on_signal(received: signal.Signals) -> None:
        nonlocal draining
        if draining is None:
            draining = loop.create_task(drain_then_stop(received))
        elif received is signal.SIGINT:
            server.handle_exit(received, None)
            server.handle_exit(received, None)  # uvicorn stops without waiting at the second call

    previous = {number: signal.getsignal(number) for number in _SIGNALS}
    for number in _SIGNALS:
        loop.add_signal_handler(number, on_signal, number)
    try:
        yield
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
