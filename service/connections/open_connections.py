"""The open connections of a worker: a bound on their number, and deadlines for those that wait for their callers.

A connection beyond the bound serves probes alone (`/livez`, `/readyz`, `/metrics`), so that an orchestrator and
its monitoring still reach a worker whose connections are all taken. Before that, an idle connection makes room. The
bound leaves descriptors to the process itself, so that accepting a connection does not fail.
"""

import asyncio
import resource
from collections.abc import Callable
from typing import TYPE_CHECKING

import structlog

from spanwise.service.connections.ages import Ages
from spanwise.service.connections.closings import Closings
from spanwise.service.connections.connection import Connection
from spanwise.service.connections.unread import Unread
from spanwise.service.settings import Settings

if TYPE_CHECKING:  # prometheus_client must not be imported before the workers' folder is chosen
    from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

PROBE_CONNECTIONS = 32
"""Connections beyond the bound, which serve probes alone."""
_OWN_DESCRIPTORS = 96  # what a worker opens for itself (17 when it is ready) and some to spare
_MOST_BY_DEFAULT = 4096  # idle connections take memory too: see docs/reference/http.md
_LEAST = 8

_SWEEP_SECONDS = 0.5
_PROBE_SECONDS = 2.0  # how long a connection beyond the bound may take for its header block
_LINGER_SECONDS = 10.0  # how long a connection may stay that has had its last answer
_IDLE_BEFORE_EVICTION = 1.0  # an idle connection makes room only after this time: its caller may be about to send
_SILENT_BEFORE_EVICTION = 5.0  # as before, of a connection whose header block has not come


class OpenConnections:
    """Every open connection of one worker."""

    def __init__(self, settings: Settings, metrics: "Metrics") -> None:
        self.limit = connection_limit(settings.max_connections)
        self.draining = False
        """Set once a shutdown has begun: every answer from then on closes its connection."""
        self.closings = Closings(metrics)
        self.unread = Unread(settings.max_unread_bytes, settings.write_timeout_seconds, self.closings.note)
        self.silent = Ages(settings.header_timeout_seconds)
        """Connections whose header block, or whose rest of an answered request, has not come."""
        self.idle = Ages(settings.keep_alive_seconds)
        """Connections between two requests."""
        self.surplus = Ages(_PROBE_SECONDS)
        """Connections beyond the bound that have not sent a whole header block."""
        self.lingering = Ages(_LINGER_SECONDS)
        """Connections that have had their last answer."""
        self.on_change: Callable[[int], None] = _ignore
        """Called with the number of open connections when that has changed."""
        self._open: set[Connection] = set()
        self._metrics = metrics
        self._sweeping: asyncio.TimerHandle | None = None
        metrics.connection_limit.set(self.limit)

    def add(self, connection: Connection, now: float) -> bool:
        """Count a new connection. Return whether it may serve everything; otherwise it may serve probes alone."""
        self._open.add(connection)
        self.on_change(len(self._open))
        self._metrics.connections.set(len(self._open))
        if self._sweeping is None:
            self._sweep_later()
        if len(self._open) <= self.limit:
            return True
        if self._evict(self.idle.oldest(now, _IDLE_BEFORE_EVICTION)):
            return True
        if self._evict(self.silent.oldest(now, _SILENT_BEFORE_EVICTION)):
            return True
        if len(self._open) > self.limit + PROBE_CONNECTIONS:
            self._evict(self.surplus.oldest(now, 0))
        return False

    def discard(self, connection: Connection) -> None:
        """Count a connection no more; it is closed."""
        self._open.discard(connection)
        self.on_change(len(self._open))
        self.unread.discard(connection)
        self._metrics.connections.set(len(self._open))

    def _evict(self, connection: Connection | None) -> bool:
        if connection is None:
            return False
        self._open.discard(connection)
        self.closings.note("connection_limit")
        connection.evict()
        return True

    def _sweep_later(self) -> None:
        self._sweeping = asyncio.get_running_loop().call_later(_SWEEP_SECONDS, self._sweep)

    def _sweep(self) -> None:
        """Act on deadlines that have passed, as long as there are connections."""
        now = asyncio.get_running_loop().time()
        for ages in (self.silent, self.idle, self.surplus, self.lingering):
            ages.sweep(now)
        self.unread.sweep(now)
        self._metrics.unread_bytes.set(self.unread.bytes)
        if self._open:
            self._sweep_later()
        else:
            self._sweeping = None


def _ignore(_: int) -> None:
    """Tell nobody."""


def connection_limit(wanted: int) -> int:
    """Return how many connections a worker may have besides those for probes. 0 lets the descriptors decide."""
    descriptors, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    if descriptors == resource.RLIM_INFINITY:
        return wanted or _MOST_BY_DEFAULT
    room = max(_LEAST, descriptors - _OWN_DESCRIPTORS - PROBE_CONNECTIONS)
    if wanted > room:
        log.warning("connections_bounded_by_descriptors", wanted=wanted, limit=room, descriptors=descriptors)
    return min(wanted or _MOST_BY_DEFAULT, room)
