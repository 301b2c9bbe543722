"""The record of one request: filled in while the request is served, read by the access log at its end."""

from dataclasses import dataclass, field

from starlette.requests import Request
from starlette.types import Scope

from spanwise.service.http.content_codings import Coding
from spanwise.service.http.security_headers import API_HEADERS, Headers
from spanwise.service.keys.allowance import Allowance
from spanwise.service.telemetry.trace_context import Trace

_SCOPE_KEY = "spanwise.request_record"


@dataclass(slots=True)
class RequestRecord:
    """One request's id, sizes, times (in milliseconds) and outcome."""

    request_id: str
    started: float = 0.0
    """When its headers were there, on the clock of `perf_counter`."""
    status: int = 0
    """The status answered; 0 until the answer begins."""
    code: str | None = None
    """The code of the problem answered, if it was one."""
    body_bytes: int = 0
    """Bytes of the body as they arrived."""
    coding: Coding | None = None
    """In which the body is compressed."""
    documents: int = 0
    characters: int = 0
    pipelines: set[str] = field(default_factory=set)
    """The pipelines that served its texts, as answers name them."""
    queue_ms: float = 0.0
    nlp_ms: float = 0.0
    encode_ms: float = 0.0
    encode_started: float = 0.0
    """When the answer began to be encoded, on the clock of `perf_counter`; 0 before."""
    security_headers: Headers = API_HEADERS
    """What the answer gets besides its own headers."""
    unsent_bytes: int = 0
    """What of a large answer waits in the application until the connection takes it."""
    caller: int = 0
    """The number of the caller whose API key was sent; 0 where none are configured."""
    key: str | None = None
    """The name of the API key that was sent."""
    trace: Trace | None = None
    """The trace that the request belongs to."""
    allowance: Allowance | None = None
    """What the caller's quota allows, if it has one."""
    body_hash: int | None = None
    """By which the queue knows a request that it refused before."""
    deadline: float = 0.0
    """When the caller stops waiting, on the event loop's clock, in seconds."""

    def server_timing(self) -> str:
        """Return the times as the value of a `Server-Timing` header."""
        return f"queue;dur={self.queue_ms:.3f}, nlp;dur={self.nlp_ms:.3f}, encode;dur={self.encode_ms:.3f}"

    def attach(self, scope: Scope) -> None:
        """Put the record into the request's scope, where `record_of` finds it."""
        scope[_SCOPE_KEY] = self


def record_of(scope_or_request: Scope | Request) -> RequestRecord:
    """Return the record of this request."""
    scope = scope_or_request.scope if isinstance(scope_or_request, Request) else scope_or_request
    record: RequestRecord = scope[_SCOPE_KEY]
    return record


def unsent_bytes(scope: Scope) -> int:
    """Return what of a large answer waits in the application; 0 as long as the request has no record yet."""
    record: RequestRecord | None = scope.get(_SCOPE_KEY)
    return 0 if record is None else record.unsent_bytes
