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

    def attach(self, scope: Scope) -> None:
        """Make it known to everything further in."""
        scope[_KEY] = self


def observed(scope_or_request: Scope | Request) -> Observed:
    """The record of this request."""
    scope = scope_or_request.scope if isinstance(scope_or_request, Request) else scope_or_request
    record: Observed = scope[_KEY]
    return record
