"""What is known of a request while it is served: filled in along its way, read by the access log at its end."""

from dataclasses import dataclass

from starlette.requests import Request
from starlette.types import Scope

_KEY = "spanwise.observed"


@dataclass(slots=True)
class Observed:
    """One request. Times are in milliseconds."""

    request_id: str
    status: int = 0
    code: str | None = None
    body_bytes: int = 0
    documents: int = 0
    characters: int = 0
    queue_ms: float = 0.0
    nlp_ms: float = 0.0
    encode_ms: float = 0.0
    deadline: float = 0.0
    """When the caller stops waiting, on the event loop's clock."""

    def server_timing(self) -> str:
        """The times as the `Server-Timing` header tells them."""
        return f"queue;dur={self.queue_ms:.3f}, nlp;dur={self.nlp_ms:.3f}, encode;dur={self.encode_ms:.3f}"

    def attach(self, scope: Scope) -> None:
        """Make it known to everything further in."""
        scope[_KEY] = self


def observed(scope_or_request: Scope | Request) -> Observed:
    """The record of this request."""
    scope = scope_or_request.scope if isinstance(scope_or_request, Request) else scope_or_request
    record: Observed = scope[_KEY]
    return record
