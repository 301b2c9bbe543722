"""What happens around every request, as plain ASGI: its id, its access line, and the last resort for errors."""

import asyncio
import re
import uuid
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spanwise.service.errors import CallerGone, InternalError, ShuttingDown
from spanwise.service.http.request_record import Observed
from spanwise.service.http.responses import ProblemResponse
from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger("spanwise.service.access")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_CALLER_GONE = 499  # nginx's number for a caller who hung up; it stands in the log, nobody receives it


class RequestMiddleware:
    """Gives every request an id, echoes it on every response, and logs and counts the request when it is over.

    An exception that nothing further in has answered becomes a 500 here, with its type and frames in the log: so
    also this response has its id, and the server has nothing left to print.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        seen = Observed(_request_id(scope))
        seen.attach(scope)
        header = (b"x-request-id", seen.request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                seen.status = message["status"]
                message["headers"] = [*message.get("headers", ()), header]
            await send(message)

        method = scope["method"]
        if method == "HEAD":  # as GET; the server leaves the body out (RFC 9110, 9.3.2)
            scope = {**scope, "method": "GET"}
        try:
            await self._app(scope, receive, send_with_id)
        except CallerGone:
            seen.status = _CALLER_GONE
        except asyncio.CancelledError:  # the server gives up what is left when its time is over
            if not seen.status:
                seen.code = ShuttingDown.code
                await ProblemResponse(ShuttingDown(), seen.request_id)(scope, receive, send_with_id)
        except Exception as error:
            log.error("request_failed", request_id=seen.request_id, exc_info=error)
            if not seen.status:
                seen.code = InternalError.code
                await ProblemResponse(InternalError(), seen.request_id)(scope, receive, send_with_id)
        finally:
            seconds = perf_counter() - started
            self._metrics.answered(_operation(scope), seen.status, seconds)
            _log_access(scope, method, seen, seconds)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """The path as the route declares it; a path that matches none can be anybody's text and is not told."""
    if route := scope.get("route"):
        return str(route.path)
    return str(scope["path"]) if "endpoint" in scope else "unmatched"


def _operation(scope: Scope) -> str:
    """The route's name, which is its operation id; a request that was refused before it found one has none."""
    route = scope.get("route")
    return str(route.name) if route else "unmatched"


def _log_access(scope: Scope, method: str, seen: Observed, seconds: float) -> None:
    fields: dict[str, object] = {
        "request_id": seen.request_id,
        "method": method if method in _METHODS else "other",
        "route": _route(scope),
        "status": seen.status,
        "ms": round(seconds * 1000, 3),
    }
    if seen.code:
        fields["code"] = seen.code
    if seen.body_bytes:
        fields["bytes"] = seen.body_bytes
    if seen.documents:
        fields["documents"] = seen.documents
        fields["characters"] = seen.characters
        fields["queue_ms"] = round(seen.queue_ms, 3)
        fields["nlp_ms"] = round(seen.nlp_ms, 3)
        fields["encode_ms"] = round(seen.encode_ms, 3)
    log.info("request", **fields)
