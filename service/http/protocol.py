"""uvicorn's HTTP/1.1 with our own answer to malformed requests, a bound on headers, an event for lost connections."""

import asyncio
import uuid
from typing import Any

from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from spanwise.service.errors import MalformedRequest
from spanwise.service.http.responses import ProblemResponse
from spanwise.service.http.security_headers import API_HEADERS

MAX_HEADER_BYTES = 64 * 1024
"""The most that the names and values of one request's headers and its URL may have together. httptools has no limit."""
_BYTES_PER_HEADER = 32  # counted for each header beyond its own bytes, as HTTP/2 does (RFC 9113, 6.5.2)

CONNECTION_LOST = "spanwise.connection_lost"
"""The key of an `asyncio.Event` in a request's scope, set when the connection is lost.

ASGI's own `http.disconnect` reaches an application only once it has received all of the body that came before.
"""


class HttpProtocol(HttpToolsProtocol):
    """uvicorn's protocol over httptools, with the three changes that this module describes."""

    _header_bytes = 0

    def on_message_begin(self) -> None:
        """Start to count the header bytes of the next request."""
        self._header_bytes = 0
        super().on_message_begin()

    def on_url(self, url: bytes) -> None:
        """Count the URL. Raise when the sum is over the limit: the parser turns that into a 400."""
        self._count(url)
        super().on_url(url)

    def on_header(self, name: bytes, value: bytes) -> None:
        """Count a header. Raise when the sum is over the limit: the parser turns that into a 400."""
        self._count(name + value)
        super().on_header(name, value)

    def on_headers_complete(self) -> None:
        """Put the event of a lost connection into the scope, before the application gets it."""
        scope: Any = self.scope
        scope[CONNECTION_LOST] = asyncio.Event()
        super().on_headers_complete()

    def connection_lost(self, exc: Exception | None) -> None:
        """Set the event of the request that is being served."""
        if self.cycle is not None:
            scope: Any = self.cycle.scope
            scope[CONNECTION_LOST].set()
        super().connection_lost(exc)

    def _count(self, part: bytes) -> None:
        self._header_bytes += len(part) + _BYTES_PER_HEADER
        if self._header_bytes > MAX_HEADER_BYTES:
            raise ValueError("too many bytes of headers")

    def send_400_response(self, msg: str) -> None:  # noqa: ARG002 - uvicorn's own text is not sent
        """Send problem details and close the connection. The application never sees this request."""
        request_id = uuid.uuid4().hex
        response = ProblemResponse(MalformedRequest(MAX_HEADER_BYTES), request_id)
        headers = [
            *response.raw_headers,
            (b"x-request-id", request_id.encode()),
            *API_HEADERS,
            (b"connection", b"close"),
        ]
        lines = b"".join(name + b": " + value + b"\r\n" for name, value in headers)
        self.transport.write(b"HTTP/1.1 400 Bad Request\r\n" + lines + b"\r\n" + bytes(response.body))
        self.transport.close()
