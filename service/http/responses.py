"""Answers encoded by orjson: the bytes are made once, and nothing validates them again."""

import asyncio
from collections.abc import Mapping
from contextlib import suppress

import orjson
from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from spanwise.schemas import Problem
from spanwise.service.errors import ServiceError

_JSON = b"application/json"
_PROBLEM_JSON = b"application/problem+json"

# After a body that is too large has been refused, this much of it is still read and thrown away, so that a caller who
# writes it all before reading gets the answer rather than a reset connection.
_LINGER_BYTES = 64 * 1024 * 1024
_LINGER_SECONDS = 10


class JSONResponse(Response):
    """Bytes that are JSON already. Its headers are built without Starlette's generic path."""

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

    @classmethod
    def of(cls, content: object, status: int = 200, headers: Mapping[str, str] | None = None) -> "JSONResponse":
        """Encode and wrap; for answers whose encoding nobody times."""
        return cls(orjson.dumps(content), status, headers)


class ProblemResponse(JSONResponse):
    """A `ServiceError` as problem details."""

    def __init__(self, error: ServiceError, request_id: str) -> None:
        problem = Problem(
            type=f"urn:spanwise:problem:{error.code}",
            title=error.title,
            status=error.status,
            detail=error.detail,
            code=error.code,
            request_id=request_id,
        )
        if error.errors:
            problem["errors"] = error.errors
        super().__init__(orjson.dumps(problem), error.status, error.headers, _PROBLEM_JSON)


class LingeringProblemResponse(ProblemResponse):
    """Answers at once, then reads on for a while before the connection is closed."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        headers = [*self.raw_headers, (b"connection", b"close")]
        await send({"type": "http.response.start", "status": self.status_code, "headers": headers})
        await send({"type": "http.response.body", "body": self.body, "more_body": True})
        waits_for_100 = any(name == b"expect" for name, _ in scope["headers"])  # then it will not send a body
        with suppress(TimeoutError):
            async with asyncio.timeout(_LINGER_SECONDS):
                await _throw_away(receive, 0 if waits_for_100 else _LINGER_BYTES)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _throw_away(receive: Receive, at_most: int) -> None:
    while at_most > 0:
        message = await receive()
        at_most -= len(message.get("body", b""))
        if message["type"] != "http.request" or not message.get("more_body", False):
            return
