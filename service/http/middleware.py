"""Plain ASGI middleware around every request: its id, access-log line and metrics, and a 500 for unknown errors."""

import asyncio
import re
from random import getrandbits
from time import perf_counter

import structlog
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from spanwise.service.errors import CallerGone, InternalError, RateLimited, ShuttingDown
from spanwise.service.http.access_fields import caller_fields, is_routine
from spanwise.service.http.request_record import RequestRecord
from spanwise.service.http.request_spans import send_spans
from spanwise.service.http.responses import ProblemResponse
from spanwise.service.telemetry.access_log import AccessLogs
from spanwise.service.telemetry.metrics import Metrics
from spanwise.service.telemetry.trace_context import begin_trace
from spanwise.service.telemetry.tracing import Tracing

log = structlog.get_logger("spanwise.service.access")

_REQUEST_ID = re.compile(rb"[A-Za-z0-9._-]{1,128}")
_METHODS = frozenset({"GET", "HEAD", "POST", "PUT", "PATCH", "DELETE", "OPTIONS", "TRACE", "CONNECT"})
_OPENAPI = ("openapi", "get_openapi")  # what FastAPI calls the endpoint of the OpenAPI document, and its operation
_CALLER_GONE = 499  # nginx's number for a caller who closed the connection; for log and metrics, never sent


class RequestMiddleware:
    """Gives every request an id, echoes it on every response, and logs and counts the request when it is over.

    Every response also gets the headers of `security_headers.py`.

    An exception that no handler of the application has answered becomes a 500 here, and its type and frames go to the
    log. So this response has an id too, and uvicorn has no traceback to print.
    """

    def __init__(self, app: ASGIApp, metrics: Metrics, access_log: AccessLogs, tracing: Tracing | None = None) -> None:
        self._app = app
        self._tracing = tracing
        self._metrics = metrics
        self._access_log = access_log

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = perf_counter()
        self._metrics.arrived()
        record = RequestRecord(_request_id(scope))
        record.started = started
        record.attach(scope)
        record.trace = trace = begin_trace(scope["headers"])
        if self._tracing is not None:
            self._tracing.begin(trace)
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
            if record.code:
                self._metrics.had_problem(record.code)
            if record.key is not None:
                self._metrics.answered_key(record.key, record.characters, refused=record.code == RateLimited.code)
            route = _route(scope)
            write = self._access_log.routine if is_routine(route, record.status) else self._access_log.request
            write(_access_fields(scope, method, route, record, seconds))
            if self._tracing is not None and trace.sampled:
                send_spans(self._tracing, scope, record, (_method(method), route), started + seconds)
            trace.over = True


def _request_id(scope: Scope) -> str:
    for name, value in scope["headers"]:
        if name == b"x-request-id" and _REQUEST_ID.fullmatch(value):
            return str(value, "ascii")
    return f"{getrandbits(128):032x}"  # no secret: a system call for better ones costs as much as parsing the request


def _method(method: str) -> str:
    return method if method in _METHODS else "other"


def _route(scope: Scope) -> str:
    """Return the path as its route declares it. A path without a route may hold anybody's text and is not logged."""
    if route := scope.get("route"):
        return str(route.path)
    return str(scope["path"]) if "endpoint" in scope else "unmatched"


def _operation(scope: Scope) -> str:
    """Return the route's name, which is its operation id, or that of the function that shows a page.

    "unmatched" for a request that was refused before routing.
    """
    if route := scope.get("route"):
        return str(route.name)
    if endpoint := scope.get("endpoint"):
        function, operation = _OPENAPI
        return operation if endpoint.__name__ == function else str(endpoint.__name__)
    return "unmatched"


def _access_fields(scope: Scope, method: str, route: str, record: RequestRecord, seconds: float) -> dict[str, object]:
    fields: dict[str, object] = {
        "request_id": record.request_id,
        "method": _method(method),
        "route": route,
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
    fields.update(caller_fields(scope, record))
    if record.trace is not None:
        fields.update(record.trace.fields())
    return fields
