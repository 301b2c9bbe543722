"""Compare readers of HTTP/1.1: the CPU time of a request, and what each lets pass that it should refuse (ADR 0023).

Run `python -m benchmarks.http_parsers`. The protocols serve an application that answers at once, over a transport that
keeps nothing, so that the figures are the protocol's own. zttp is compared where it is installed; it is no dependency.
"""

import asyncio
import logging
from collections.abc import Callable
from importlib.util import find_spec
from time import process_time
from types import SimpleNamespace
from typing import Any, cast

from fastapi import FastAPI
from starlette.types import Receive, Scope, Send
from uvicorn.config import Config
from uvicorn.protocols.http.h11_impl import H11Protocol
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol
from uvicorn.server import ServerState

from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.http.protocol import HttpProtocol
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import Metrics
from tests.service.http.test_smuggling import AMBIGUOUS, BAD_CHUNKS, CHUNKED
from tests.support.raw_http import LIVENESS, request, sized

_REQUESTS = 2000
_ROUNDS = 7
_TYPICAL = sized(b"Accept: */*", b"Accept-Encoding: gzip, deflate", b"Connection: keep-alive", b"User-Agent: a/1.0")


class _Transport:
    """A transport that counts what is written."""

    def __init__(self) -> None:
        self.answers: list[bytes] = []
        self.closing = False

    def get_extra_info(self, name: str) -> object:
        return ("127.0.0.1", 1) if name in {"peername", "sockname"} else None

    def write(self, data: bytes) -> None:
        self.answers.append(data)

    def writelines(self, data: tuple[bytes, ...]) -> None:
        self.answers += data

    def is_closing(self) -> bool:
        return self.closing

    def close(self) -> None:
        self.closing = True

    abort = write_eof = close

    def get_write_buffer_size(self) -> int:
        return 0

    def ignore(self, *_: object) -> None:
        """Stand for the methods that matter to no figure."""

    set_write_buffer_limits = pause_reading = resume_reading = set_protocol = ignore


async def _application(_scope: Scope, receive: Receive, send: Send) -> None:
    """Read the body and answer."""
    while (message := await receive()).get("more_body"):
        pass
    if message["type"] == "http.request":
        headers = [(b"content-type", b"application/json"), (b"content-length", b"18")]
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": b'{"status":"alive"}'})


def _protocols() -> dict[str, Callable[[], Any]]:
    """Return a maker of each protocol, by its name."""
    app = FastAPI()
    app.state.connections = OpenConnections(Settings(), Metrics())
    config = Config(_application, ws="none", log_config=None, access_log=False)
    config.load()
    ours = SimpleNamespace(loaded_app=cast("Any", _WithState(app.state)))
    state = ServerState()
    made: dict[str, Callable[[], Any]] = {
        "ours over httptools": lambda: HttpProtocol(cast("Config", ours), state, {}),
        "uvicorn over httptools": lambda: HttpToolsProtocol(config, state, {}),
        "uvicorn over h11": lambda: H11Protocol(config, state, {}),
    }
    if find_spec("zttp"):
        from uvicorn.protocols.http.zttp_impl import ZttpProtocol  # noqa: PLC0415 - only where it is installed

        made["uvicorn over zttp"] = lambda: ZttpProtocol(config, state, {})
    return made


class _WithState:
    """The application, with the state in which our protocol looks for the bounds."""

    def __init__(self, state: object) -> None:
        self.state = state

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        await _application(scope, receive, send)


async def _microseconds(make: Callable[[], Any], sent: bytes) -> float:
    """Return the CPU time of a request on a connection that is kept: the least of some rounds."""
    transport, protocol = _Transport(), make()
    protocol.connection_made(transport)
    least = float("inf")
    for _ in range(_ROUNDS):
        started = process_time()
        for _ in range(_REQUESTS):
            transport.answers.clear()
            protocol.data_received(sent)
            while not transport.answers:  # noqa: ASYNC110 - an event would be a part of what is measured
                await asyncio.sleep(0)
        least = min(least, (process_time() - started) / _REQUESTS * 1e6)
    protocol.connection_lost(None)
    return least


async def _is_served(make: Callable[[], Any], sent: bytes) -> bool:
    """Return whether a malformed request is handed to the application and answered 200."""
    transport, protocol = _Transport(), make()
    protocol.connection_made(transport)
    try:
        protocol.data_received(sent)
    except UnicodeDecodeError:  # zttp's protocol breaks the connection with a traceback
        return False
    for _ in range(10):
        await asyncio.sleep(0)
    served = b"".join(transport.answers).startswith(b"HTTP/1.1 200")
    protocol.connection_lost(None)
    return served


async def _run() -> None:
    made = _protocols()
    print(f"CPU, µs a request (least of {_ROUNDS} rounds)")
    for name, make in made.items():
        small, typical = await _microseconds(make, LIVENESS), await _microseconds(make, _TYPICAL)
        print(f"  {name:24}GET with 1 header {small:6.1f}    POST with 7 headers {typical:6.1f}")
    bad = {**AMBIGUOUS, **{name: request(CHUNKED, body=chunks) for name, chunks in BAD_CHUNKS.items()}}
    print(f"served although malformed, of {len(bad)} requests")
    for name, make in made.items():
        served = [case for case, sent in bad.items() if await _is_served(make, sent)]
        print(f"  {name:24}{len(served):3}  {'; '.join(served)}")


if __name__ == "__main__":
    logging.disable()
    asyncio.run(_run())
