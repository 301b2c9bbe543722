"""Probes are answered within the turn of the event loop that reads them, one in each segment that arrives."""

import asyncio
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.http.protocol import HttpProtocol
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio


class Transport(asyncio.Transport):
    """Keeps what is written."""

    def __init__(self) -> None:
        super().__init__()
        self.written = b""
        self.closed = False

    def set_write_buffer_limits(self, high: int | None = None, low: int | None = None) -> None:
        """Pass over the limits."""

    def write(self, data: Any) -> None:
        """Keep bytes."""
        self.written += bytes(data)

    def is_closing(self) -> bool:
        """Return whether it was closed."""
        return self.closed

    def close(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def write_eof(self) -> None:
        """Note that it was closed."""
        self.closed = True

    def can_write_eof(self) -> bool:
        """Return true."""
        return True

    def get_write_buffer_size(self) -> int:
        """Return 0: all was sent."""
        return 0

    def pause_reading(self) -> None:
        """Pass over it."""

    def resume_reading(self) -> None:
        """Pass over it."""


class App:
    """Answers with the path, at once or after a turn of the event loop."""

    def __init__(self) -> None:
        self.state = SimpleNamespace(connections=OpenConnections(Settings(), Metrics()))
        self.waits = False

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer."""
        if self.waits:
            await asyncio.sleep(0)
        await PlainTextResponse(scope["path"])(scope, receive, send)


def connected(app: App) -> tuple[HttpProtocol, Transport]:
    """Return a connection to the application."""
    state: Any = SimpleNamespace(connections=set(), tasks=set(), total_requests=0, default_headers=[])
    protocol = HttpProtocol(SimpleNamespace(loaded_app=app), state, {})  # type: ignore[arg-type]
    transport = Transport()
    protocol.connection_made(transport)
    return protocol, transport


def get(path: str, headers: str = "") -> bytes:
    """Return a request."""
    return f"GET {path} HTTP/1.1\r\nHost: x\r\n{headers}\r\n".encode()


async def until_answers(transport: Transport, count: int) -> None:
    """Wait until so many answers were written."""
    async with asyncio.timeout(5):
        while transport.written.count(b"HTTP/1.1 200") < count:  # noqa: ASYNC110 - a write is no event
            await asyncio.sleep(0)


@pytest.mark.parametrize("path", ["/livez", "/readyz"])
@pytest.mark.parametrize("headers", ["", "Connection: close\r\n", "Content-Length: 0\r\n"])
async def test_a_probe_waits_for_no_turn(path: str, headers: str) -> None:
    """Its answer is written before the call that brings its bytes returns, and the connection goes on as it should."""
    protocol, transport = connected(App())
    protocol.data_received(get(path, headers))
    assert transport.written.startswith(b"HTTP/1.1 200 OK\r\n")
    assert transport.written.endswith(path.encode())
    assert transport.closed == ("close" in headers)
    if not transport.closed:
        protocol.data_received(get(path))
        assert transport.written.count(b"HTTP/1.1 200") == 2
    protocol.connection_lost(None)


async def test_of_many_probes_in_a_segment_one_is_answered_at_once() -> None:
    """A caller that sends thousands of them must not keep the loop from everybody else."""
    protocol, transport = connected(App())
    protocol.data_received(get("/livez") * 5 + get("/v1/pipelines"))
    assert transport.written.count(b"HTTP/1.1 200") == 1
    await until_answers(transport, 6)
    assert transport.written.endswith(b"/v1/pipelines")
    protocol.connection_lost(None)


async def test_others_are_served_by_tasks() -> None:
    """A request that may take long begins in the next turn, as before."""
    protocol, transport = connected(App())
    protocol.data_received(get("/v1/pipelines"))
    assert transport.written == b""
    await until_answers(transport, 1)
    protocol.connection_lost(None)


async def test_a_probe_whose_answer_waits_is_served_all_the_same() -> None:
    """A middleware may wait; the rest is a task's then, and what follows waits for it."""
    app = App()
    app.waits = True
    protocol, transport = connected(app)
    protocol.data_received(get("/livez") + get("/readyz"))
    assert transport.written == b""
    await until_answers(transport, 2)
    assert transport.written.endswith(b"/readyz")
    protocol.connection_lost(None)
