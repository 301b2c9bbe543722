"""The list of host names that the service answers for: for everything but probes, and only where names are configured.

A page of another site can make a browser ask for its own name at our address (DNS rebinding); such a request names that
site in `Host`. Probes and scrapes name the pod's address instead, which nobody can configure in advance: `/livez`,
`/readyz` and `/metrics` answer whatever the host, and hold no caller's data.
"""

from collections.abc import Iterable

from starlette.types import ASGIApp, Receive, Scope, Send

from spanwise.service.errors import UnknownHost
from spanwise.service.http.request_record import record_of
from spanwise.service.http.responses import ProblemResponse

_FOR_ALL = frozenset({"/livez", "/readyz", "/metrics"})


class AllowedHostsMiddleware:
    """Refuses a request whose `Host` is not on the list, or that has none."""

    def __init__(self, app: ASGIApp, hosts: Iterable[str]) -> None:
        """`hosts` are names in lower case without ports; `*.example.com` stands for every name below a domain."""
        self._app = app
        self._names = frozenset(host for host in hosts if not host.startswith("*."))
        self._domains = tuple(host[1:] for host in hosts if host.startswith("*."))

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["path"] in _FOR_ALL or self._allows(scope):
            await self._app(scope, receive, send)
            return
        record = record_of(scope)
        error = UnknownHost()
        record.code = error.code
        error.headers["Server-Timing"] = record.server_timing()
        await ProblemResponse(error, record.request_id)(scope, receive, send)

    def _allows(self, scope: Scope) -> bool:
        named = [_host_name(value) for name, value in scope["headers"] if name == b"host"]
        return bool(named) and all(host in self._names or host.endswith(self._domains) for host in named)


def _host_name(value: bytes) -> str:
    """Return the name of a `Host` field in lower case, without its port and without the dot of the root domain."""
    host = str(value, "latin-1").strip().lower()
    if host.startswith("["):
        return host.partition("]")[0] + "]"
    return host.partition(":")[0].removesuffix(".")
