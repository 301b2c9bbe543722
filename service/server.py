"""Run the service by uvicorn: in one process, or in several that share a listening socket."""

import socket
import sys

import uvicorn
from uvicorn.config import STARTUP_FAILURE
from uvicorn.supervisors import Multiprocess

from spanwise.service.http.protocol import HttpProtocol
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import configure_logging

_BACKLOG = 2048
_WORKER = "spanwise.service.worker:create_worker_app"


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
    listener.set_inheritable(True)
    return listener


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until a signal ends the service. Exit with status 3 when the start fails.

    A single uvicorn process raises the signal again once it has shut down: the caller must have a handler for it.
    """
    config = uvicorn.Config(
        _WORKER,
        factory=True,
        http=HttpProtocol,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        ws="none",
        lifespan="on",
        backlog=_BACKLOG,
    )
    if settings.workers > 1:
        configure_logging(settings.log_level, settings.log_format, settings.log_queue_lines)
        supervisor = Multiprocess(config, sockets=[listener])
        supervisor.run()
        if any(worker.exitcode == STARTUP_FAILURE for worker in supervisor.processes):
            sys.exit(STARTUP_FAILURE)
    else:
        uvicorn.Server(config).run(sockets=[listener])
