"""A client that sends requests at a steady rate, whether or not earlier ones were answered (an open loop).

It speaks just enough HTTP/1.1 over as many kept-alive connections as are needed at once, and costs some tens of
microseconds a request, so that it takes little from a server on the same machine.
"""

import asyncio
import re
from collections import deque
from dataclasses import dataclass
from time import perf_counter

_HEAD = re.compile(rb"HTTP/1\.1 (\d{3})")
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_RETRY_AFTER = re.compile(rb"\r\nretry-after: *(\d+)", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Answer:
    """An answer's status (0: the connection broke), its seconds since the request, and its `Retry-After`, if any."""

    status: int
    seconds: float
    retry_after: int | None = None


class _Connection(asyncio.Protocol):
    """One connection, with at most one request at a time."""

    def __init__(self) -> None:
        self._received = bytearray()
        self._answer: asyncio.Future[bytes] | None = None
        self.transport: asyncio.Transport | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport

    def send(self, request: bytes) -> "asyncio.Future[bytes]":
        """Send a request; the future is the answer's head, or b"" when the connection breaks."""
        self._answer = asyncio.get_running_loop().create_future()
        self._received.clear()
        if self.transport is None or self.transport.is_closing():
            self._answer.set_result(b"")
        else:
            self.transport.write(request)
        return self._answer

    def data_received(self, data: bytes) -> None:
        self._received += data
        end = self._received.find(b"\r\n\r\n")
        if end >= 0 and self._answer and not self._answer.done():
            head = bytes(self._received[:end])
            length = _LENGTH.search(head)
            if len(self._received) >= end + 4 + (int(length[1]) if length else 0):
                self._answer.set_result(head)

    def connection_lost(self, _: Exception | None) -> None:
        self.transport = None
        if self._answer and not self._answer.done():
            self._answer.set_result(b"")


class Client:
    """Sends requests to one server, each over a connection that is idle, or a new one."""

    def __init__(self, host: str, port: int) -> None:
        self._host, self._port = host, port
        self._idle: deque[_Connection] = deque()

    async def post(self, path: str, body: bytes) -> Answer:
        """Send a JSON body and wait for the answer."""
        head = (
            f"POST {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nContent-Type: application/json\r\n"
            f"Content-Length: {len(body)}\r\n\r\n"
        )
        return await self._ask(head.encode() + body)

    async def get(self, path: str) -> Answer:
        """Ask over a connection of its own, as probes do."""
        request = f"GET {path} HTTP/1.1\r\nHost: {self._host}:{self._port}\r\nConnection: close\r\n\r\n"
        return await self._ask(request.encode(), keep=False)

    async def _ask(self, request: bytes, *, keep: bool = True) -> Answer:
        started = perf_counter()
        try:
            connection = await self._connection(fresh=not keep)
            head = await connection.send(request)
        except OSError:
            head = b""
        seconds = perf_counter() - started
        status, retry_after = _HEAD.match(head), _RETRY_AFTER.search(head)
        if status is None:
            return Answer(0, seconds)
        if connection.transport is not None and not connection.transport.is_closing():
            if keep and b"connection: close" not in head.lower():
                self._idle.append(connection)
            else:
                connection.transport.close()
        return Answer(int(status[1]), seconds, int(retry_after[1]) if retry_after else None)

    async def _connection(self, *, fresh: bool) -> _Connection:
        while self._idle and not fresh:
            connection = self._idle.pop()
            if connection.transport is not None and not connection.transport.is_closing():
                return connection
        _, made = await asyncio.get_running_loop().create_connection(_Connection, self._host, self._port)
        return made

    def close(self) -> None:
        """Close the idle connections."""
        for connection in self._idle:
            if connection.transport is not None:
                connection.transport.close()
        self._idle.clear()
