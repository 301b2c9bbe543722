"""One request and its answer, between a connection and the application: ASGI's `receive` and `send`."""

import asyncio
from collections.abc import Callable
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import structlog
from starlette.types import Message, Scope

from spanwise.service.errors import InternalError

if TYPE_CHECKING:
    from spanwise.service.http.protocol import HttpProtocol

log = structlog.get_logger(__name__)

EXCHANGE = "spanwise.exchange"
"""The key of the `Exchange` in a request's scope, for what goes beyond ASGI: see its `whole_body` and `on_gone`.

The start of an answer may bring all of the body besides, as `WHOLE_BODY`: then both are written at once.
"""
WHOLE_BODY = "spanwise.whole_body"

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_MOST_UNREAD_BODY = 64 * 1024  # bytes of a body that wait for the application before the connection reads no more
_JOINED_BYTES = 16 * 1024  # a longer body is not copied behind its head
_NO_BODY = (HTTPStatus.NO_CONTENT, HTTPStatus.NOT_MODIFIED)
_CONTINUE = b"HTTP/1.1 100 Continue\r\n\r\n"


class Exchange:
    """One request and its answer. The connection puts the body in; the application takes it out and answers."""

    def __init__(self, connection: "HttpProtocol", scope: Scope, *, keep_alive: bool, expects_continue: bool) -> None:
        self.scope = scope
        self.keep_alive = keep_alive
        """Whether the connection stays open once the answer is complete."""
        self.started = False
        self.answered = False
        self.gone = False
        """True once the caller has left, or can get no answer any more."""
        self.task: asyncio.Task[Any] | None = None
        """What runs this exchange; None while nothing does."""
        self.on_gone: Callable[[], object] | None = None
        """Called when the caller leaves before its answer is complete."""
        self._connection = connection
        self._expects_continue = expects_continue
        self._body: list[bytes] = []
        self._body_bytes = 0
        self._more_body = True
        self._news = False
        """Whether `receive` has something to return."""
        self._wake: asyncio.Event | None = None
        self._to_send: int | None = None
        """Bytes of the answer's body that have not been sent, or None where the answer is sent in chunks."""
        self._chunked = False
        self._is_head = scope["method"] == "HEAD"
        self._is_old = scope["http_version"] == "1.0"
        scope[EXCHANGE] = self

    async def run(self) -> None:
        """Have the application serve the request. Never raises."""
        connection = self._connection
        try:
            await connection.application(self.scope, self.receive, self.send)
        except BaseException as error:  # a cancellation, too, must not leave the caller waiting
            log.error("request_failed", exc_info=error)
        if not self.answered and not self.gone:
            connection.refuse(InternalError())
        connection.finished(self)
        self.scope = {}  # the two refer to each other

    async def receive(self) -> Message:
        """Return what has arrived of the body, or wait for more; at the end wait for the caller to leave."""
        if self._expects_continue and not self.gone:
            self._expects_continue = False
            self._connection.transport.write(_CONTINUE)
        if not self._news and not self.gone and not self.answered:
            self._connection.resume_reading()
            if self._wake is None:
                self._wake = asyncio.Event()
            await self._wake.wait()
        self._news = False
        if self._wake is not None:
            self._wake.clear()
        if self.gone or self.answered:
            return {"type": "http.disconnect"}
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._body_bytes = 0
        self._connection.resume_reading()
        return {"type": "http.request", "body": body, "more_body": self._more_body}

    def whole_body(self, max_bytes: int) -> bytes | None:
        """Take the body out if all of it has arrived and it has no more bytes than that; else return None."""
        if self._more_body or self._expects_continue or self._body_bytes > max_bytes or self.gone or self.answered:
            return None
        self._news = False
        self._body_bytes = 0
        body = self._body[0] if len(self._body) == 1 else b"".join(self._body)
        self._body.clear()
        self._connection.resume_reading()
        return body

    def ask_for_a_sign_of_life(self) -> bool:
        """Send an interim answer; a caller that has left altogether resets it. Return False where none may be sent."""
        if self.started or self._is_old:
            return False
        self._connection.transport.write(_CONTINUE)
        return True

    def feed(self, body: bytes) -> bool:
        """Take a part of the body. Return False when much waits for the application, and reading should pause."""
        self._body.append(body)
        self._body_bytes += len(body)
        self._wake_up()
        return self._body_bytes <= _MOST_UNREAD_BODY

    def end(self) -> None:
        """Note that the body is complete."""
        self._more_body = False
        self._wake_up()

    def disconnect(self) -> None:
        """Note that the caller has left."""
        self.gone = True
        self._wake_up()
        if self.on_gone is not None:
            self.on_gone()

    def _wake_up(self) -> None:
        self._news = True
        if self._wake is not None:
            self._wake.set()

    async def send(self, message: Message) -> None:
        """Send the head of the answer or a part of its body. Wait before, while the caller does not read."""
        connection = self._connection
        if connection.writing_paused and not self.gone:
            await connection.writable()
        if self.gone:
            return
        if self.answered:
            raise RuntimeError("The answer is complete already.")
        if not self.started:
            head, body = self._head(message), message.get(WHOLE_BODY)
            if body is None:
                connection.transport.write(head)
                return
            if self._is_head or len(body) <= _JOINED_BYTES:
                connection.transport.write(head if self._is_head else head + body)
            else:
                connection.transport.writelines((head, body))
            self.answered = True
            self._wake_up()
            connection.answered(self)
        else:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))

    def _head(self, message: Message) -> bytes:
        """Return the head of the answer, and note how its body is sent. Raises RuntimeError for a line break in it."""
        status: int = message["status"]
        headers = message.get("headers", ())
        if self._connection.default_headers:
            headers = [*self._connection.default_headers, *headers]
        self.started = True
        self._expects_continue = False
        lines = [STATUS_LINES[status]]
        has_length = says_close = False
        self._chunked = not self._is_old and not self._is_head and status not in _NO_BODY
        for sent_name, value in headers:
            name = sent_name.lower()
            lines += (name, b": ", value, b"\r\n")
            if name == b"content-length":
                self._to_send, self._chunked, has_length = int(value), False, True
            elif name == b"connection":
                says_close = b"close" in value.lower()
        if says_close or self._connection.last_answer() or not (has_length or self._chunked or self._bodiless(status)):
            self.keep_alive = False
        if not self.keep_alive and not says_close:
            lines.append(b"connection: close\r\n")
        if self._chunked:
            lines.append(b"transfer-encoding: chunked\r\n")
        lines.append(b"\r\n")
        line_ends = 2 + len(headers) + (not self.keep_alive and not says_close) + self._chunked
        head = b"".join(lines)
        if not head.count(b"\n") == head.count(b"\r") == line_ends:
            raise RuntimeError("A header of the answer holds a line break.")
        return head

    def _bodiless(self, status: int) -> bool:
        return self._is_head or status in _NO_BODY

    def _send_body(self, body: bytes, *, more: bool) -> None:
        transport = self._connection.transport
        if self._is_head:
            self._to_send = None
        elif self._chunked:
            if body:
                transport.writelines((b"%x\r\n" % len(body), body, b"\r\n" if more else b"\r\n0\r\n\r\n"))
            elif not more:
                transport.write(b"0\r\n\r\n")
        else:
            if self._to_send is not None:
                self._to_send -= len(body)
                if self._to_send < 0:
                    raise RuntimeError("The answer is longer than its Content-Length.")
            if body:
                transport.write(body)
        if not more:
            if self._to_send:
                raise RuntimeError("The answer is shorter than its Content-Length.")
            self.answered = True
            self._wake_up()
            self._connection.answered(self)
