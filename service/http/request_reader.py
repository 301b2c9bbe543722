"""Read requests from the bytes of a connection, with httptools as the parser.

The parser never sees more than it needs. A request's head is gathered until it is whole, and checked against the
grammar (`request_head.py`); then the parser gets the head, and after that the body and nothing more. So a head is
bounded as it arrives, nothing that follows a request can spoil it, and an upgrade that is offered is ignored.
"""

from typing import Any, Protocol
from urllib.parse import unquote

import httptools

from spanwise.service.errors import HeadersTooLarge, MalformedRequest
from spanwise.service.http import request_head
from spanwise.service.http.chunk_pieces import ChunkPieces

_CHECKED = frozenset({b"host", b"content-length", b"transfer-encoding", b"connection", b"expect"})


_HTTP2_PREFACE = b"PRI * HTTP/2.0\r\n\r\n"
"""What a caller sends first who takes HTTP/2 for granted (RFC 9113, 3.4)."""


class Receiver(Protocol):
    """What takes the requests that are read."""

    def request_begins(self) -> None:
        """Take a request, whose head the reader's attributes hold."""

    def body_arrives(self, body: bytes) -> None:
        """Take a part of the request's body."""

    def request_ends(self) -> None:
        """Note that the request is complete. The reader expects the next one."""


class RequestReader:
    """The reader of one connection. Its attributes describe the request that began last."""

    def __init__(self, receiver: Receiver) -> None:
        self.method = b""
        self.target = b""
        self.version = b"1.1"
        self.headers: list[tuple[bytes, bytes]] = []
        """Names in lower case, values without the white space around them."""
        self.keep_alive = True
        self.expects_continue = False
        self.complete = False
        """Whether all of it has been read."""
        self._receiver = receiver
        self._parser: Any = httptools.HttpRequestParser(self)
        self._head = b""
        """The first part of a head that is not whole yet."""
        self._in_body = False
        self._hosts = 0
        self._length: int | None = None
        """The length of the body, where a header tells it."""
        self._left = 0
        """The bytes of that body that are still to come."""
        self._pieces: ChunkPieces | None = None
        """Where the body comes in chunks, its pieces."""
        self._body: list[bytes] = []

    @property
    def amid_head(self) -> bool:
        """Whether a head has begun to arrive that is not whole yet."""
        return bool(self._head)

    def close(self) -> None:
        """Let go of the parser and the receiver, which refer to each other."""
        del self._parser, self._receiver

    def take(self, data: bytes) -> bytes:
        """Read a head, or a part of a body. Return the bytes behind what was read.

        Raises `MalformedRequest` or `HeadersTooLarge`; the reader must not be used after that.
        """
        if not self._in_body:
            return self._take_head(data)
        if self._pieces is None:
            body, rest = data[: self._left], data[self._left :]
            self._left -= len(body)
            self._parse_body(body)
            return rest
        piece, rest = self._pieces.cut(data)
        has_data = self._parse_body(piece)
        if not self._pieces.framing_fits(piece, has_data=has_data):
            raise MalformedRequest("There is too much between the body's chunks, or behind them.")
        return rest

    def _take_head(self, data: bytes) -> bytes:
        seen = len(self._head)
        if seen:
            data = self._head + data
        while data.startswith(b"\r\n"):  # an empty line before a request is ignored (RFC 9112, 2.2)
            data = data[2:]
        end = data.find(request_head.END)
        if end < 0 and len(data) <= request_head.MAX_HEAD_BYTES:
            if request_head.hopeless(data, seen):
                raise MalformedRequest
            self._head = data
            return b""
        end += len(request_head.END)
        head = data[:end]
        if (
            len(head) > request_head.MAX_HEAD_BYTES
            or end < len(request_head.END)
            or request_head.too_many_headers(head)
        ):
            raise HeadersTooLarge(request_head.MAX_HEAD_BYTES, request_head.MAX_HEADERS)
        self._head = b""
        self._parse_head(head)
        self._in_body = not self.complete
        self._receiver.request_begins()
        if self.complete:
            self._receiver.request_ends()
        return data[end:]

    def _parse_head(self, head: bytes) -> None:
        match = request_head.HEAD.fullmatch(head)
        if match is None:
            if head == _HTTP2_PREFACE:
                raise MalformedRequest("This service speaks HTTP/1.1, and not HTTP/2 by prior knowledge.")
            raise MalformedRequest
        self.method, self.target, self.version = match.groups()
        self.headers = []
        self.keep_alive = self.version == b"1.1"
        self.expects_continue = self.complete = False
        self._hosts = 0
        self._length = self._pieces = None
        try:
            self._parser.feed_data(head)
        except httptools.HttpParserUpgrade:  # the parser would take the body for another protocol
            self._parser = httptools.HttpRequestParser(self)
            self._parse_head(request_head.without_upgrade(head))
        except httptools.HttpParserError as error:
            cause = error.__context__
            raise cause if isinstance(cause, MalformedRequest) else MalformedRequest() from None
        self._check_together()

    def on_header(self, name: bytes, value: bytes) -> None:
        """Take a header from the parser. The parser turns a `MalformedRequest` into an error of its own."""
        if self._in_body:  # a trailer
            return
        name, value = name.lower(), value.strip(b" \t")
        self.headers.append((name, value))
        if name in _CHECKED:
            self._check(name, value)

    def _check(self, name: bytes, value: bytes) -> None:
        """Take note of a header that matters here. Raises `MalformedRequest`."""
        if name == b"host":
            self._hosts += 1
            if not request_head.HOST.fullmatch(value):
                raise MalformedRequest("The Host header is no host.")
        elif name == b"connection":
            if value != b"keep-alive" and b"close" in [token.strip(b" \t") for token in value.lower().split(b",")]:
                self.keep_alive = False
        elif name == b"content-length":
            if self._length is not None or not request_head.CONTENT_LENGTH.fullmatch(value):
                raise MalformedRequest("Send one Content-Length, a number of bytes.")
            self._length = self._left = int(value)
        elif name == b"transfer-encoding":
            if self._pieces is not None or value.lower() != b"chunked":
                raise MalformedRequest("The only Transfer-Encoding understood is chunked.")
            self._pieces = ChunkPieces()
        else:
            self.expects_continue = value.lower() == b"100-continue" and self.version == b"1.1"

    def _check_together(self) -> None:
        """Raise `MalformedRequest` where headers contradict each other, or one is missing."""
        if self._pieces is not None and (self._length is not None or self.version == b"1.0"):
            raise MalformedRequest("Send either a Content-Length or, in HTTP/1.1, Transfer-Encoding: chunked.")
        if self._hosts != 1 and (self._hosts or self.version == b"1.1"):
            raise MalformedRequest("Send exactly one Host header.")

    def _parse_body(self, part: bytes) -> bool:
        """Parse a part of the body, and hand on what it holds. Return whether that is anything."""
        try:
            self._parser.feed_data(part)
        except httptools.HttpParserError:
            raise MalformedRequest("The body's chunks are malformed.") from None
        body, self._body = self._body, []
        if body:
            self._receiver.body_arrives(body[0] if len(body) == 1 else b"".join(body))
        if self.complete:
            self._in_body = False
            self._receiver.request_ends()
        return bool(body)

    def on_body(self, body: bytes) -> None:
        """Take a part of the body from the parser."""
        self._body.append(body)

    def on_message_complete(self) -> None:
        """Note that the parser has read all of the request."""
        self.complete = True


def path_and_query(target: bytes) -> tuple[str, bytes]:
    """Split a request's target. Raises `MalformedRequest`."""
    if target.startswith(b"/") and b"#" not in target:
        raw_path, _, query = target.partition(b"?")
    else:
        try:
            url = httptools.parse_url(target)
        except httptools.HttpParserInvalidURLError:
            raise MalformedRequest("The request's target is no path.") from None
        raw_path, query = url.path or b"/", url.query or b""
    path = raw_path.decode("ascii")
    return (unquote(path) if "%" in path else path), query
