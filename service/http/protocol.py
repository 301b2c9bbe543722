"""A connection: HTTP/1.1 between a socket and the application. uvicorn makes one of these for each that it accepts.

Requests are served one after the other: what a caller sends behind one waits until that one is answered. Every state in
which the service waits for its caller has a deadline, and what waits is bounded (`service/connections/`).
"""

import asyncio
import socket
import struct
import sys
import uuid
from enum import Enum, auto
from typing import Any, cast

from starlette.types import ASGIApp, Scope
from uvicorn.config import Config
from uvicorn.server import ServerState

from spanwise.service.connections.ages import Ages
from spanwise.service.connections.closings import Reason
from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.errors import (
    HeadersTooLarge,
    MalformedRequest,
    Overloaded,
    RequestTimeout,
    ServiceError,
)
from spanwise.service.http.exchange import STATUS_LINES, Exchange
from spanwise.service.http.request_reader import RequestReader, path_and_query
from spanwise.service.http.request_record import unsent_bytes
from spanwise.service.http.responses import ProblemResponse
from spanwise.service.http.security_headers import API_HEADERS
from spanwise.service.process.eager_start import start_at_once

CONNECTION_LOST = "spanwise.connection_lost"
"""The key of an `asyncio.Event` in a request's scope, set when the connection is lost.

ASGI's own `http.disconnect` reaches an application only once it has received all of the body that came before.
"""

PROBES = frozenset({"/livez", "/readyz", "/metrics"})
"""The paths that a connection beyond the bound may ask for."""

_ANSWERED_AT_ONCE = frozenset({"/livez", "/readyz"})
"""They wait for nothing, and whoever asks must not wait for the turns of a busy event loop (ADR 0056)."""

_HIGH_WATER = 16 * 1024  # bytes of answers in the process's memory from which on sending waits for the reader
_MOST_READ_AHEAD = 64 * 1024  # bytes behind a request that wait until it is answered; then reading pauses
_MOST_DISCARDED = 64 * 1024 * 1024  # bytes behind the last answer that are read and thrown away
_RETRY_SECONDS = 1  # of callers who are refused because there are too many connections
_ASGI = {"version": "3.0", "spec_version": "2.3"}
_RESET = struct.pack("ii", 1, 0)  # a linger of no time: closing resets the connection (socket(7), SO_LINGER)
_TCP_CLOSE = 7  # tcpi_state of a connection that the other side has reset (linux/tcp_states.h)
_HALF_CLOSE_ASKED = 0.1  # seconds in which most answers are there, so that they need no interim one before them
_HALF_CLOSE_CHECKS = (0.05, 1.0)  # seconds until the caller may have reset it, and until that is looked for again


class _Stage(Enum):
    """What the bytes that arrive next are."""

    REQUEST = auto()
    AHEAD = auto()  # what follows a request that is not answered yet
    DISCARD = auto()  # nobody will read them


class HttpProtocol(asyncio.Protocol):
    """One connection."""

    transport: asyncio.Transport

    def __init__(
        self,
        config: Config,
        server_state: ServerState,
        app_state: dict[str, Any],
        _loop: asyncio.AbstractEventLoop | None = None,
    ) -> None:
        """Take what uvicorn passes. The application must have an `OpenConnections` in its state."""
        self.application: ASGIApp = config.loaded_app
        self._loop = _loop or asyncio.get_running_loop()
        self._server = server_state
        self._app_state = app_state
        self._open: OpenConnections = config.loaded_app.state.connections
        self._reader = RequestReader(self)
        self._at_once = False
        """Whether the next request may be answered at once: one of each segment, so that many of them take turns."""
        self._lost = asyncio.Event()
        self._ages: Ages | None = None
        """What this connection waits for, if that has a deadline."""
        self._probes_only = False
        self._stage = _Stage.REQUEST
        self._ahead = b""
        self._eof = False
        self._discarded = 0
        self._exchange: Exchange | None = None
        """The exchange whose answer is not complete."""
        self._reading_paused = False
        self._writable: asyncio.Event | None = None
        self.writing_paused = False

    # The transport's calls.

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin to wait for the first head."""
        self.transport = cast("asyncio.Transport", transport)
        self.transport.set_write_buffer_limits(_HIGH_WATER)
        self._client, self._address = transport.get_extra_info("peername"), transport.get_extra_info("sockname")
        self._server.connections.add(self)  # type: ignore[arg-type]  # uvicorn calls `shutdown` and nothing else
        now = self._loop.time()
        self._probes_only = not self._open.add(self, now)
        self._wait(self._open.surplus if self._probes_only else self._open.silent)

    def data_received(self, data: bytes) -> None:
        """Take bytes of a request, or keep them until the one before is answered."""
        if self._stage is _Stage.REQUEST:
            self._at_once = True
            self._take(data)
            self._at_once = False
            if self._exchange is not None and self._exchange.task is None:
                self._run(self._exchange, start_at_once(self._exchange.run(), self._loop))
        elif self._stage is _Stage.AHEAD:
            self._ahead += data
            if len(self._ahead) > _MOST_READ_AHEAD:
                self._pause_reading()
        else:
            self._discarded += len(data)
            if self._discarded > _MOST_DISCARDED:
                self.transport.abort()

    def eof_received(self) -> bool:
        """Answer a whole request although its caller sends no more. Return whether the connection stays open."""
        self._eof = True
        if self._stage is not _Stage.AHEAD or self._exchange is None:
            self._close()
            return False
        if sys.platform == "linux":
            self._loop.call_later(_HALF_CLOSE_ASKED, self._ask_half_closed)
        return True

    def pause_writing(self) -> None:
        """Note that the caller reads more slowly than the answer is written."""
        self.writing_paused = True
        self._open.unread.add(self, self._loop.time())

    def resume_writing(self) -> None:
        """Note that the caller has read."""
        self.writing_paused = False
        self._open.unread.discard(self)
        if self._writable is not None:
            self._writable.set()

    def connection_lost(self, exc: Exception | None) -> None:  # noqa: ARG002 - the reason does not matter
        """End what is being served."""
        self._server.connections.discard(self)
        self._stop_waiting()
        self._open.discard(self)
        self._stage = _Stage.DISCARD
        self._ahead = b""
        self._lost.set()
        if self._exchange is not None:
            self._exchange.disconnect()
        self.writing_paused = False
        if self._writable is not None:
            self._writable.set()
        self._reader.close()

    # uvicorn's call.

    def shutdown(self) -> None:
        """Close when the request that is being served is answered; at once when there is none."""
        self._open.draining = True
        if self._exchange is None:
            self._close()

    # The calls of `service/connections/`.

    def expired(self, ages: Ages) -> None:
        """Close, because the caller kept the service waiting for too long."""
        self._ages = None
        if ages is self._open.lingering:
            if self in self._open.unread:  # which has a deadline of its own
                self._wait(ages)
            else:
                self.transport.abort()
            return
        if self._exchange is None and self._reader.amid_head:
            self._refuse(RequestTimeout(), "header_timeout")
        else:
            self._open.closings.note("idle_timeout" if ages is self._open.idle else "header_timeout")
            self._close()

    def evict(self) -> None:
        """Close, to make room for another connection."""
        self._stop_waiting()
        self.transport.abort()

    def unread_bytes(self) -> int:
        """Return how many bytes of answers the kernel has not taken, with those that the application holds back."""
        waiting = self.transport.get_write_buffer_size()
        return waiting + unsent_bytes(self._exchange.scope) if self._exchange is not None else waiting

    def cut_off(self) -> None:
        """Drop what waits for the caller, also in the kernel, and the connection."""
        peer: socket.socket = self.transport.get_extra_info("socket")
        peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET)
        self.transport.abort()

    # The exchange's calls.

    @property
    def default_headers(self) -> list[tuple[bytes, bytes]]:
        """The headers that uvicorn adds to every answer."""
        return self._server.default_headers

    async def writable(self) -> None:
        """Wait until the caller has read, or has left."""
        if self._writable is None:
            self._writable = asyncio.Event()
        self._writable.clear()
        await self._writable.wait()

    def resume_reading(self) -> None:
        """Read on, where reading was paused."""
        if self._reading_paused and not self._eof:
            self._reading_paused = False
            self.transport.resume_reading()

    def last_answer(self) -> bool:
        """Say whether the connection must close behind the answer that begins now."""
        return self._open.draining or (self._eof and not self._ahead)

    def answered(self, exchange: Exchange) -> None:
        """Go on to what follows an answer that is complete."""
        self._server.total_requests += 1
        self._exchange = None
        if self.transport.is_closing():
            return
        if not exchange.keep_alive:
            self._end()
        elif self._stage is _Stage.AHEAD:
            self._next()
        else:  # the rest of the request is still to come
            self.resume_reading()
            self._wait(self._open.silent)

    def finished(self, exchange: Exchange) -> None:
        """Forget the task of an exchange that is over."""
        if exchange.task is not None:
            self._server.tasks.discard(exchange.task)

    def refuse(self, error: ServiceError) -> None:
        """Answer with an error that no application has sent, and close."""
        exchange, self._exchange = self._exchange, None
        begun = exchange is not None and exchange.started
        if exchange is not None:
            exchange.disconnect()
        if not begun:
            request_id = uuid.uuid4().hex
            response = ProblemResponse(error, request_id)
            headers = [*response.raw_headers, (b"x-request-id", request_id.encode()), *API_HEADERS]
            headers.append((b"connection", b"close"))
            lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
            self.transport.write(STATUS_LINES[error.status] + lines + b"\r\n" + bytes(response.body))
        self._linger()

    # The reader's calls.

    def request_begins(self) -> None:
        """Hand a request to the application. Raises `MalformedRequest` for a target that is none."""
        reader = self._reader
        path, query = path_and_query(reader.target)
        if self._probes_only and not (path in PROBES and reader.complete):
            self._refuse(Overloaded(_RETRY_SECONDS), "connection_limit")
            return
        self._stop_waiting()
        scope: Scope = {
            "type": "http",
            "asgi": _ASGI,
            "http_version": reader.version.decode(),
            "server": self._address,
            "client": self._client,
            "scheme": "http",
            "root_path": "",
            "method": reader.method.decode(),
            "path": path,
            "raw_path": reader.target.partition(b"?")[0],
            "query_string": query,
            "headers": reader.headers,
            CONNECTION_LOST: self._lost,
        }
        if self._app_state:
            scope["state"] = self._app_state.copy()
        exchange = self._exchange = Exchange(
            self,
            scope,
            keep_alive=reader.keep_alive and not self._probes_only,
            expects_continue=reader.expects_continue and not reader.complete,
        )
        if self._at_once and path in _ANSWERED_AT_ONCE and reader.complete:
            self._at_once = False
        else:
            self._run(exchange, self._loop.create_task(exchange.run()))

    def body_arrives(self, body: bytes) -> None:
        """Give a part of the body to the exchange, unless the request is answered already."""
        if self._exchange is not None and not self._exchange.feed(body):
            self._pause_reading()

    def request_ends(self) -> None:
        """Go on from a request that is complete."""
        if self._exchange is not None:
            self._exchange.end()
            self._stage = _Stage.AHEAD
        elif self._stage is _Stage.REQUEST:  # it was answered before
            self._wait(self._open.idle)

    def _run(self, exchange: Exchange, task: "asyncio.Task[Any] | None") -> None:
        """Note what runs an exchange, unless it is over."""
        exchange.task = task
        if task is not None:
            self._server.tasks.add(task)

    # Reading.

    def _take(self, data: bytes) -> None:
        """Read requests, up to the end of one that is not answered yet."""
        try:
            while data and self._stage is _Stage.REQUEST:
                data = self._reader.take(data)
        except (MalformedRequest, HeadersTooLarge) as error:
            self._refuse(error, "malformed" if isinstance(error, MalformedRequest) else "headers_too_large")
            return
        if self._ages is self._open.idle and self._reader.amid_head:
            self._wait(self._open.silent)
        if data and self._stage is _Stage.AHEAD:
            self._ahead = data
            if len(data) > _MOST_READ_AHEAD:
                self._pause_reading()

    def _next(self) -> None:
        """Take up what has arrived behind an answered request, or wait for it."""
        self._stage = _Stage.REQUEST
        self._wait(self._open.idle)
        self.resume_reading()
        if self._ahead:
            ahead, self._ahead = self._ahead, b""
            self._take(ahead)
        if self._eof and self._stage is _Stage.REQUEST:
            self._close()

    def _pause_reading(self) -> None:
        if not self._reading_paused and not self._eof:
            self._reading_paused = True
            self.transport.pause_reading()

    # Waiting and closing.

    def _wait(self, ages: Ages) -> None:
        """Let the time for one thing run from now on, and no other."""
        if self._ages is not None:
            self._ages.discard(self)
        self._ages = ages
        ages.add(self, self._loop.time())

    def _stop_waiting(self) -> None:
        if self._ages is not None:
            self._ages.discard(self)
            self._ages = None

    def _ask_half_closed(self) -> None:
        """Ask a caller who has closed its sending half, and still waits, whether it is there."""
        if self._exchange is not None and not self.transport.is_closing() and self._exchange.ask_for_a_sign_of_life():
            self._loop.call_later(_HALF_CLOSE_CHECKS[0], self._check_half_closed)

    def _check_half_closed(self) -> None:
        """Notice that a caller who has closed its sending half has left altogether."""
        if self._exchange is None or self.transport.is_closing():
            return
        peer: socket.socket = self.transport.get_extra_info("socket")
        if peer.getsockopt(socket.IPPROTO_TCP, socket.TCP_INFO, 1)[0] == _TCP_CLOSE:
            self.transport.abort()
        else:
            self._loop.call_later(_HALF_CLOSE_CHECKS[1], self._check_half_closed)

    def _refuse(self, error: ServiceError, reason: Reason) -> None:
        """Refuse what the application does not get to see, and count the connection that this closes."""
        self._open.closings.note(reason)
        self.refuse(error)

    def _end(self) -> None:
        """Close behind the last answer."""
        if self._stage is _Stage.AHEAD and not self._ahead:
            self._close()
        else:
            self._linger()

    def _linger(self) -> None:
        """Close, but read on for a while: a caller that is still sending would be reset before it has its answer."""
        self._stage = _Stage.DISCARD
        self._ahead = b""
        if self._eof or self.transport.is_closing():
            self._close()
            return
        self._wait(self._open.lingering)
        self.resume_reading()
        self.transport.write_eof()

    def _close(self) -> None:
        """Close once everything is written, for which there is a time."""
        self._stage = _Stage.DISCARD
        self._wait(self._open.lingering)
        self.transport.close()
