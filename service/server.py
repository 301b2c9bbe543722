"""Running the service as uvicorn's workers: one process, or several that share a listening socket."""

import signal
import socket

import uvicorn
from uvicorn.supervisors import Multiprocess

from service.settings import Settings

_WORKER = "service.worker:create_worker_app"


class PortInUse(Exception):
    """The address cannot be listened on; the message says why, on one line."""


def listen(host: str, port: int) -> socket.socket:
    """A bound socket that all workers will share. Raises `PortInUse`."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    listener = socket.socket(family)
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
    try:
        listener.bind((host, port))
    except OSError as error:
        listener.close()
        raise PortInUse(f"Cannot listen on {host} port {port}: {error.strerror or error}.") from None
    listener.set_inheritable(True)
    return listener


def serve(settings: Settings, listener: socket.socket) -> int:
    """Serve until a signal ends it. Returns the exit code: 0 after an orderly end."""
    config = uvicorn.Config(
        _WORKER,
        factory=True,
        workers=settings.workers,
        log_config=None,
        access_log=False,
        proxy_headers=False,
        server_header=False,
        date_header=False,
        ws="none",
        lifespan="on",
        timeout_keep_alive=75,
        backlog=2048,
    )
    if settings.workers > 1:
        Multiprocess(config, sockets=[listener]).run()
        return 0
    # uvicorn raises a signal again once it has shut down, to die of it. That would make an orderly end exit with 143.
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: None)
    server = uvicorn.Server(config)
    server.run(sockets=[listener])
    return 0
