"""What the access line says of the caller and the worker, and which requests are too common to be logged."""

import os
from functools import lru_cache
from ipaddress import ip_address

from starlette.types import Scope

from spanwise.service.http.request_record import RequestRecord

_ROUTINE = frozenset({"/livez", "/readyz", "/metrics"})
_BAD_REQUEST = 400


def is_routine(route: str, status: int) -> bool:
    """Say whether a request is a probe or a scrape that was answered well: some 57,000 a day, logged at debug."""
    return route in _ROUTINE and 0 < status < _BAD_REQUEST


def caller_fields(scope: Scope, record: RequestRecord) -> dict[str, object]:
    """Return the worker's process id, the caller's address, and the name of the API key that was sent."""
    fields: dict[str, object] = {"pid": os.getpid()}
    if client := scope.get("client"):
        fields["client"] = _address(client[0])
    if record.key is not None:
        fields["key"] = record.key
    return fields


@lru_cache(maxsize=1024)
def _address(host: str) -> str:
    """Return an address. What a proxy has passed on and is none may be anybody's text, and is not logged."""
    try:
        return str(ip_address(host.partition("%")[0]))
    except ValueError:
        return "unknown"
