"""One request and its answer, between a connection and the application: ASGI's `receive` and `send`."""

import asyncio
from http import HTTPStatus
from typing import TYPE_CHECKING

import structlog
from starlette.types import Message, Scope

from spanwise.service.errors import InternalError

if TYPE_CHECKING:
    from spanwise.service.http.protocol import HttpProtocol

log = structlog.get_logger(__name__)

STATUS_LINES = {status.value: f"HTTP/1.1 {status.value} {status.phrase}\r\n".encode() for status in HTTPStatus}
_MOST_UNREAD_BODY = 64 * 1024  # bytes of a body that wait for the application before the connection reads no more
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
        self.task: asyncio.Task[None]
        """What runs this exchange."""
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

    def ask_for_a_sign_of_life(self) -> bool:
        """Send an interim answer; a caller that has left altogether resets it. Return False where none may be sent."""
        if self.started or self.scope["http_version"] == "1.0":
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
            self._send_head(message)
        else:
            self._send_body(message.get("body", b""), more=message.get("more_body", False))

    def _send_head(self, message: Message) -> None:
        status: int = message["status"]
        headers = [*self._connection.default_headers, *message.get("headers", ())]
        self.started = True
        self._expects_continue = False
        lines = [STATUS_LINES[status]]
        has_length = says_close = False
        self._chunked = self.scope["http_version"] == "1.1" and not self._is_head and status not in _NO_BODY
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
        self._connection.transport.write(head)

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
