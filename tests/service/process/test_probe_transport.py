"""A probe that has arrived before its connection is accepted is answered, and the connection closed, in that turn."""

import asyncio
import socket
from collections.abc import AsyncIterator
from contextlib import ExitStack, closing
from types import SimpleNamespace
from typing import Any

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import Receive, Scope, Send

from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.http.protocol import HttpProtocol
from spanwise.service.process import probe_transport
from spanwise.service.process.acceptor import Acceptor
from spanwise.service.process.connection_counts import ConnectionCounts
from spanwise.service.process.probe_transport import ProbeTransport, probe_has_arrived
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import Metrics

pytestmark = pytest.mark.anyio

KUBELETS = b"GET /livez HTTP/1.1\r\nHost: 10.0.0.1:8000\r\nUser-Agent: kube-probe/1.34\r\nConnection: close\r\n\r\n"
HAPROXYS = b"GET /readyz HTTP/1.0\r\n\r\n"


class Service:
    """A listening acceptor with an application that says who asked, and its callers."""

    def __init__(self, stack: ExitStack) -> None:
        self.server: Any = SimpleNamespace(connections=set(), tasks=set(), total_requests=0, default_headers=[])
        self.state = SimpleNamespace(connections=OpenConnections(Settings(), Metrics()))
        self.waits = self.fails = False
        self._stack = stack
        self.listener = stack.enter_context(socket.create_server(("127.0.0.1", 0)))
        counts = stack.enter_context(closing(ConnectionCounts.create()))
        stack.callback(Acceptor(self.listener, counts, self._protocol).close)

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer, as the application."""
        if self.waits:
            await asyncio.sleep(0.01)
        if self.fails:
            raise ValueError
        await PlainTextResponse(f"{scope['path']} {scope['client']} {scope['server']}")(scope, receive, send)

    def _protocol(self) -> HttpProtocol:
        return HttpProtocol(SimpleNamespace(loaded_app=self), self.server, {})  # type: ignore[arg-type]

    def call(self, data: bytes) -> socket.socket:
        """Connect and send in one go, before the loop can accept. Return the caller's socket, which does not block."""
        caller = self._stack.enter_context(socket.create_connection(self.listener.getsockname()))
        caller.sendall(data)
        caller.setblocking(False)
        return caller


@pytest.fixture
async def service() -> AsyncIterator[Service]:
    """Return a service in the running loop."""
    with ExitStack() as stack:
        yield Service(stack)


async def all_of(caller: socket.socket) -> bytes:
    """Return what a caller is sent up to the end of its connection."""
    data = b""
    async with asyncio.timeout(10):
        while part := await asyncio.get_running_loop().sock_recv(caller, 65536):
            data += part
    return data


def transports(service: Service) -> list[bool]:
    """Return for each open connection whether it is served without a transport of the loop."""
    return [isinstance(one.transport, ProbeTransport) for one in service.server.connections]


@pytest.mark.parametrize("probe", [KUBELETS, HAPROXYS])
async def test_the_answer_is_that_of_a_probe_that_arrives_later(service: Service, probe: bytes) -> None:
    """Both ways give the same bytes but for the caller's port, and leave no connection behind."""
    early = service.call(probe)
    answer = await all_of(early)
    late = service.call(b"")
    await asyncio.sleep(0.02)
    assert transports(service) == [False]
    late.sendall(probe)
    expected = (await all_of(late)).replace(str(late.getsockname()).encode(), str(early.getsockname()).encode())
    assert answer == expected
    assert answer.startswith(b"HTTP/1.1 200 OK\r\n")
    assert b"connection: close\r\n" in answer
    await asyncio.sleep(0.01)
    assert not service.server.connections
    assert service.server.total_requests == 2


async def test_it_takes_one_turn_of_the_loop(service: Service) -> None:
    """The answer is there, and the connection is at its end, once the loop has looked at its sockets."""
    caller = service.call(KUBELETS)
    turns = 0
    answer = b""
    while not answer:
        turns += 1
        await asyncio.sleep(0)
        try:
            answer = caller.recv(65536)
        except BlockingIOError:
            assert turns < 5
    assert caller.recv(1) == b""
    assert turns <= 2


@pytest.mark.parametrize(
    "data",
    [
        b"",
        KUBELETS[:-1],
        KUBELETS.replace(b"Connection: close\r\n", b""),
        KUBELETS.replace(b"close", b"keep-alive"),
        KUBELETS.replace(b"/livez", b"/livez/"),
        KUBELETS.replace(b"/livez", b"/LIVEZ"),
        KUBELETS.replace(b"/livez", b"/v1/entities"),
        KUBELETS.replace(b"GET", b"POST"),
        KUBELETS.replace(b"Host", b"Content-Length: 2\r\nHost") + b"{}",
        KUBELETS.replace(b"Host", b"Content-Length: 0\r\nHost"),
        KUBELETS.replace(b"Host", b"Transfer-Encoding: chunked\r\nHost"),
        KUBELETS + KUBELETS,
        KUBELETS.replace(b"kube", b"kube" * 1000),
        HAPROXYS.replace(b"\r\n\r\n", b"\r\nConnection: keep-alive\r\n\r\n"),
        HAPROXYS.replace(b"1.0", b"1.1"),
        KUBELETS.replace(b"Host: 10.0.0.1:8000\r\n", b""),
        KUBELETS.replace(b"Connection", b"Host: x\r\nConnection"),
        KUBELETS.replace(b"Connection: close", b"X: HTTP/1.0"),
        KUBELETS.replace(b"HTTP/1.1", b"HTTP/1.7"),
        KUBELETS.replace(b"GET", b"get"),
        KUBELETS.replace(b"kube", b"k" * (1024 - len(KUBELETS) + 4)) + b"more",
    ],
)
async def test_anything_else_gets_a_transport_of_the_loop(data: bytes) -> None:
    """It is left in the socket as it came."""
    ours, theirs = socket.socketpair()
    with ours, theirs:
        theirs.sendall(data)
        assert not probe_has_arrived(ours)
        ours.setblocking(False)
        if data:
            assert ours.recv(65536) == data


async def test_whoever_left_already_is_no_error(service: Service) -> None:
    """A caller that resets its connection before it is accepted leaves nothing behind."""
    caller = service.call(KUBELETS)
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")
    caller.close()
    await asyncio.sleep(0.02)
    assert not service.server.connections
    assert (await all_of(service.call(KUBELETS))).startswith(b"HTTP/1.1 200")


async def test_an_answer_that_waits_is_sent_all_the_same(service: Service) -> None:
    """A middleware may wait; the rest is a task's then, and the connection closes behind it."""
    service.waits = True
    caller = service.call(KUBELETS)
    await asyncio.sleep(0)
    assert (await all_of(caller)).startswith(b"HTTP/1.1 200")
    await asyncio.sleep(0.01)
    assert not service.server.connections


async def test_an_application_that_fails_is_a_500(service: Service) -> None:
    """The caller is told, and the connection is at its end: nothing waits for what it sends next."""
    service.fails = True
    answer = await all_of(service.call(KUBELETS))
    assert answer.startswith(b"HTTP/1.1 500")
    await asyncio.sleep(0.01)
    assert not service.server.connections


@pytest.mark.parametrize("broken", [b"Bad name: x", b"X : y", b" folded", b"A: b\nC: d"])
async def test_a_malformed_probe_is_refused_and_gone(service: Service, broken: bytes) -> None:
    """A connection that lingered would not learn that its caller has left."""
    probe = KUBELETS.replace(b"Connection", broken + b"\r\nConnection")
    assert (await all_of(service.call(probe))).startswith(b"HTTP/1.1 400")
    await asyncio.sleep(0.01)
    assert not service.server.connections


async def test_a_caller_who_cannot_be_written_to_is_gone(service: Service, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where the kernel does not take the answer, the connection ends."""

    class Full(ProbeTransport):
        def write(self, data: Any) -> None:
            self._connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1)
            super().write(bytes(data) + b"x" * 10_000_000)

    monkeypatch.setattr(probe_transport, "ProbeTransport", Full)
    caller = service.call(KUBELETS)
    await asyncio.sleep(0.05)
    assert not service.server.connections
    caller.close()
