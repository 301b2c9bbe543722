"""HTTP/1.1 as uvicorn speaks it, with our own answer to what is no HTTP, a bound on headers, and word of who left."""

import asyncio
import uuid
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from spanwise.service.errors import MalformedRequest
from spanwise.service.http.responses import ProblemResponse

MAX_HEADER_BYTES = 64 * 1024
"""Names and values of one request's headers, and its URL. httptools itself knows no limit."""
_PER_HEADER = 32  # what one costs beyond its bytes, as HTTP/2 counts (RFC 9113, 6.5.2)


CONNECTION_LOST = "spanwise.connection_lost"
"""In a request's scope: an event. ASGI tells of a lost connection only those who have read all that came before it."""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over httptools."""

    _header_bytes = 0

    def on_message_begin(self) -> None:
        """Count anew."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Raise, which the parser makes a 400, when the URL is too long."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Raise, which the parser makes a 400, when there is too much."""
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """The request is about to be handed over."""
        scope: Any = self.scope
        scope[CONNECTION_LOST] = asyncio.Event()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Tell the request that is being served."""
        if self.cycle is not None:
            scope: Any = self.cycle.scope
            scope[CONNECTION_LOST].set()
        super().connection_lost(exc)

    def _count(self, part: bytes) -> None:
        self._header_bytes += len(part) + _PER_HEADER
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError("too many bytes of headers")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's text is not ours
        """Problem details, like every error; nothing of the application has seen this request."""
        request_id = uuid.uuid4().hex
        error = MalformedRequest(f"This is not HTTP/1.1, or has more than {MAX_HEADER_BYTES} bytes of headers.")
        response = ProblemResponse(error, request_id)
        headers = [*response.raw_headers, (b"x-request-id", request_id.encode()), (b"connection", b"close")]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + bytes(response.body))
        self.transport.close()
