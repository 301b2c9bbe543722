"""Connections that the service closes by itself: each is counted, and few are logged.

Whoever opens a thousand connections must not be able to write a thousand lines. The first closing for a reason is
logged at once; those that follow within a minute are logged together, at its end.
"""

import asyncio
from typing import TYPE_CHECKING, Literal, get_args

import structlog

if TYPE_CHECKING:  # prometheus_client must not be imported before the workers' folder is chosen
    from prometheus_client import Counter

    from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

Reason = Literal[
    "malformed",
    "headers_too_large",
    "header_timeout",
    "idle_timeout",
    "connection_limit",
    "write_timeout",
    "unread_limit",
]
REASONS: tuple[Reason, ...] = get_args(Reason)

SUMMARY_SECONDS = 60.0
"""How long closings for one reason are gathered before they are logged together."""


class Closings:
    """Counts and logs the connections of one worker that were closed, by reason."""

    def __init__(self, metrics: "Metrics") -> None:
        self._counters: dict[Reason, Counter] = {
            reason: metrics.connections_closed.labels(reason) for reason in REASONS
        }
        self._unlogged: dict[Reason, int] = {}
        """By reason, how many closings the next line will name. A reason is here while its minute lasts."""

    def note(self, reason: Reason) -> None:
        """Count a closing, and log it now or with others."""
        self._counters[reason].inc()
        if reason in self._unlogged:
            self._unlogged[reason] += 1
        else:
            self._log(reason, 1)

    def _log(self, reason: Reason, connections: int) -> None:
        self._unlogged[reason] = 0
        level = log.info if reason == "idle_timeout" else log.warning
        level("connections_closed", reason=reason, connections=connections)
        asyncio.get_running_loop().call_later(SUMMARY_SECONDS, self._summarise, reason)

    def _summarise(self, reason: Reason) -> None:
        if connections := self._unlogged.pop(reason):
            self._log(reason, connections)
