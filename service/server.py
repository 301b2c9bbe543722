"""Running the service as uvicorn's workers: one process, or several that share a listening socket."""

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


def serve(settings: Settings, listener: socket.socket) -> None:
    """Serve until a signal ends it. Exits with 3 when the start fails.

    A single uvicorn raises the signal again once it has shut down, to die of it: the caller handles that.
    """
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
    else:
        uvicorn.Server(config).run(sockets=[listener])
