"""Answers encoded by orjson: the bytes are made once and not validated again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from spanwise.schemas import Problem
from spanwise.service.errors import ServiceError
from spanwise.service.http.compressed_answers import LEAST_BYTES, Compression, coding_of_answer, headers_of_compressed
from spanwise.service.http.exchange import EXCHANGE, WHOLE_BODY

_JSON = b"application/json"
_PROBLEM_JSON = b"application/problem+json"

# After a body that is too large has been refused, this much of it is still read and thrown away, so that a caller who
# sends everything before reading gets the answer rather than a reset connection.
_LINGER_BYTES = 64 * 1024 * 1024
_LINGER_SECONDS = 10


class JSONResponse(Response):
    """A response whose body is JSON already. Its headers are built without Starlette's generic and slower code."""

    def __init__(
        self,
        body: bytes,
        status: int = 200,
        headers: Mapping[str, str] | None = None,
        media_type: bytes = _JSON,
    ) -> None:
        self.status_code = status
        self.body = body
        self.background = None
        self.raw_headers = [(b"content-type", media_type), (b"content-length", b"%d" % len(body))]
        for name, value in (headers or {}).items():
            self.raw_headers.append((name.lower().encode("latin-1"), value.encode("latin-1")))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:  # noqa: ARG002 - ASGI's signature
        """Send the answer, in one message where the server takes that, and compressed where the caller asks for it."""
        if len(self.body) >= LEAST_BYTES:
            coding = coding_of_answer(scope, len(self.body))
            if coding is not None:
                self.body = await Compression(coding).add(bytes(self.body), last=True)
                self.raw_headers = headers_of_compressed(self.raw_headers, coding, len(self.body))
        start = {"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers}
        if EXCHANGE in scope:
            start[WHOLE_BODY] = self.body
            await send(start)
        else:
            await send(start)
            await send({"type": "http.response.body", "body": self.body})

    @classmethod
    def of(cls, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> "JSONResponse":
        """Encode the content. For answers whose encoding time is not recorded."""
        return cls(orjson.dumps(content), status, headers)


class ProblemResponse(JSONResponse):
    """A `ServiceError` as problem details."""

    def __init__(self, error: ServiceError, request_id: str) -> None:
        super().__init__(orjson.dumps(problem(error, request_id)), error.status, error.headers, _PROBLEM_JSON)


class LingeringProblemResponse(ProblemResponse):
    """Problem details that are sent at once; then the request is read on for a while before the connection closes."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*self.raw_headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        waits_for_100 = any(name == b"expect" for name, _ in scope["headers"])  # then the caller sends no body
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await _throw_away(receive, 0 if waits_for_100 else _LINGER_BYTES)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


def problem(error: ServiceError, request_id: str) -> Problem:
    """Return the error as the object that is sent to the caller."""
    details = Problem(
        type=f"urn:spanwise:problem:{error.code}",
        title=error.title,
        status=error.status,
        detail=error.detail,
        code=error.code,
        request_id=request_id,
    )
    if error.errors:
        details["errors"] = error.errors
    return details


async def _throw_away(receive: Receive, max_bytes: int) -> None:
    """Read the request until its end, its caller's disconnect, or so many bytes."""
    while max_bytes > 0:
        message = await receive()
        max_bytes -= len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
