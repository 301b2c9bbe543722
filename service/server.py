"""Run the service: a supervisor, and worker processes in which uvicorn serves one listening socket.

`python -m spanwise.service.server LISTENER LIFELINE COUNTS`, with the numbers of two open sockets and of the memory in
which workers count their connections, is a worker; only the supervisor starts it so. `template.py` forks workers.
"""

import logging
import os
import signal
import socket
import sys
from collections.abc import Callable
from typing import TYPE_CHECKING, NoReturn

from spanwise.service.process.structlog_import import import_structlog_without_rich

if __name__ == "__main__":
    import_structlog_without_rich()

import uvicorn

from spanwise.service.http.protocol import HttpProtocol
from spanwise.service.process.connection_counts import ConnectionCounts
from spanwise.service.process.lifeline import RETIRE, Lifeline
from spanwise.service.process.worker_server import WorkerServer
from spanwise.service.settings import Settings
from spanwise.service.supervise import Options, execute

if TYPE_CHECKING:
    from fastapi import FastAPI

_BACKLOG = 2048
_WORKER = "spanwise.service.worker:create_worker_app"
_LAST_SECONDS = 10.0
"""What a worker may take to end beyond the time for its accepted work, before the supervisor kills it."""


class PortInUse(Exception):
    """The service cannot listen on the address; the message says why, on one line."""


def listen(host: str, port: int) -> socket.socket:
    """Return a listening socket that all workers will share. Raises `PortInUse`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
        listener.listen(_BACKLOG)  # not later: two processes can bind one port as long as neither listens
    except OSError as error:
        listener.close()
        raise PortInUse(f"Cannot listen on {host} port {port}: {error.strerror or error}.") from None
    return listener


def serve(settings: Settings, listener: socket.socket, url: str, hint: str) -> NoReturn:
    """Execute the supervisor in the place of this process, which serves until a signal ends it or its start fails."""
    execute(
        Options(
            listener.fileno(),
            url,
            hint,
            settings.workers,
            start_seconds=settings.worker_start_seconds,
            silence_seconds=settings.worker_silence_seconds,
            leave_seconds=settings.shutdown_delay_seconds + settings.shutdown_seconds + _LAST_SECONDS,
            log_level=settings.log_level,
            log_format=settings.log_format,
            log_queue_lines=settings.log_queue_lines,
        )
    )


def leave(*_: object) -> NoReturn:
    """End with exit status 0 at a signal that comes while nothing is served.

    That is before uvicorn handles signals, and when uvicorn raises the signal again after its shutdown. Without this
    handler PID 1 of a container would ignore the first, and an orderly shutdown would exit with 143 by the second.
    """
    flush_and_exit(0)


def flush_and_exit(status: int) -> NoReturn:
    """End the process at once, without waiting for its threads: one that analyses may never come back."""
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (AttributeError, OSError, ValueError):  # it is closed, full, or was never there
            continue
    logging.shutdown()
    os._exit(status)


def run_worker(listener: int, lifeline: int, counts: int, create_app: Callable[[], "FastAPI"] | str = _WORKER) -> None:
    """Serve in this process until it is told to leave. Raises `SystemExit` when the start fails."""
    for number in (signal.SIGTERM, signal.SIGINT, RETIRE):
        signal.signal(number, leave)
    signal.signal(signal.SIGHUP, signal.SIG_IGN)  # a terminal sends it to all processes; the supervisor answers it
    signal.pthread_sigmask(signal.SIG_SETMASK, ())  # a forked worker has held its signals back until here
    config = uvicorn.Config(
        create_app,
        factory=True,
        http=HttpProtocol,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        ws="none",
        lifespan="on",
        backlog=_BACKLOG,
    )
    server = WorkerServer(config, Lifeline(socket.socket(fileno=lifeline)), ConnectionCounts(counts))
    server.run(sockets=[socket.socket(fileno=listener)])


def _main() -> NoReturn:
    """Run a worker, and end its process with the status that says how it ended."""
    status: object = 0
    try:
        listener, lifeline, counts = map(int, sys.argv[1:4])
        run_worker(listener, lifeline, counts)
    except SystemExit as end:
        status = end.code
    flush_and_exit(status if isinstance(status, int) else 1)


if __name__ == "__main__":
    _main()
