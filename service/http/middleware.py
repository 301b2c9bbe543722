"""Plain ASGI middleware around every request: its id, access-log line and metrics, and a 500 for unknown errors."""

import asyncio
import re
import uuid
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spanwise.service.errors import CallerGone, InternalError, ShuttingDown
from spanwise.service.http.request_record import RequestRecord
from spanwise.service.http.responses import ProblemResponse
from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger("spanwise.service.access")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_CALLER_GONE = 499  # nginx's number for a caller who closed the connection; for log and metrics, never sent


class RequestMiddleware:
    """Gives every request an id, echoes it on every response, and logs and counts the request when it is over.

    Every response also gets the headers of `security_headers.py`.

    An exception that no handler of the application has answered becomes a 500 here, and its type and frames go to the
    log. So this response has an id too, and uvicorn has no traceback to print.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics) -> None:
        self._app = app
        self._metrics = metrics

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        record = RequestRecord(_request_id(scope))
        record.attach(scope)
        header = (b"x-request-id", record.request_id.encode())

        async def send_with_id(message: Message) -> None:
            if message["type"] == "http.response.start":
                record.status = message["status"]
                message["headers"] = [*message.get("headers", ()), header, *record.security_headers]
            await send(message)

        method = scope["method"]
        if method == "HEAD":  # served as GET; uvicorn leaves the body out (RFC 9110, 9.3.2)
            scope = {**scope, "method": "GET"}
        try:
            await self._app(scope, receive, send_with_id)
        except CallerGone:
            record.status = _CALLER_GONE
        except asyncio.CancelledError:  # uvicorn cancels the requests that are left when its time to shut down is over
            if not record.status:
                record.code = ShuttingDown.code
                await ProblemResponse(ShuttingDown(), record.request_id)(scope, receive, send_with_id)
        except Exception as error:
            log.error("request_failed", request_id=record.request_id, exc_info=error)
            if not record.status:
                record.code = InternalError.code
                await ProblemResponse(InternalError(), record.request_id)(scope, receive, send_with_id)
        finally:
            seconds = perf_counter() - started
            self._metrics.answered(_operation(scope), record.status, seconds)
            _log_access(scope, method, record, seconds)


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return uuid.uuid4().hex


def _route(scope: Scope) -> str:
    """Return the path as its route declares it. A path without a route may hold anybody's text and is not logged."""
    if route := scope.get("route"):
        return str(route.path)
    return str(scope["path"]) if "endpoint" in scope else "unmatched"


def _operation(scope: Scope) -> str:
    """Return the route's name, which is its operation id; "unmatched" for a request that was refused before routing."""
    route = scope.get("route")
    return str(route.name) if route else "unmatched"


def _log_access(scope: Scope, method: str, record: RequestRecord, seconds: float) -> None:
    fields: dict[str, object] = {
        "request_id": record.request_id,
        "method": method if method in _METHODS else "other",
        "route": _route(scope),
        "status": record.status,
        "ms": round(seconds * 1000, 3),
    }
    if record.code:
        fields["code"] = record.code
    if record.body_bytes:
        fields["bytes"] = record.body_bytes
    if record.documents:
        fields["pipeline"] = ", ".join(sorted(record.pipelines))
        fields["documents"] = record.documents
        fields["characters"] = record.characters
        fields["queue_ms"] = round(record.queue_ms, 3)
        fields["nlp_ms"] = round(record.nlp_ms, 3)
        fields["encode_ms"] = round(record.encode_ms, 3)
    log.info("request", **fields)
