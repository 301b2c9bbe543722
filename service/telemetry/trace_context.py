"""The trace that a request belongs to (W3C Trace Context), for every line that is logged while it is served.

This needs no OpenTelemetry. A caller's `traceparent` names the trace and the caller's own span; without one the request
begins a trace. Each request is a span of its own.
`tracing.py` makes spans of it, if they are asked for.
"""

import re
from collections.abc import Iterable
from contextvars import ContextVar
from random import getrandbits

from structlog.typing import EventDict, WrappedLogger

_TRACEPARENT = re.compile(rb"([0-9a-f]{2})-([0-9a-f]{32})-([0-9a-f]{16})-([0-9a-f]{2})(-.*)?")
_NO_TRACE = b"0" * 32
_NO_SPAN = b"0" * 16
_SAMPLED = 0x01
_MOST_LINKS = 128  # OpenTelemetry's own default for a span


class Trace:
    """The trace of one request, and the request's span in it. Ids are in hexadecimal digits."""

    __slots__ = (
        "batches",
        "over",
        "parent_id",
        "parent_sampled",
        "queued",
        "sampled",
        "span_id",
        "submission",
        "trace_id",
    )

    def __init__(self, trace_id: str, parent_id: str | None, *, parent_sampled: bool) -> None:
        self.trace_id = trace_id
        self.span_id = f"{getrandbits(64) | 1:016x}"  # not zero, which would be no id
        self.parent_id = parent_id
        """The caller's span; None where the caller has named none."""
        self.parent_sampled = parent_sampled
        """Whether the caller records its span."""
        self.sampled = False
        """Whether spans of this request are exported."""
        self.over = False
        """True once the request is answered. What its context still runs then, such as a timer, is not the request."""
        self.submission: object | None = None
        """What it has put into the queue, if it is sampled: the first of a stream's lines."""
        self.queued = 0.0
        """When it was in the queue, on the clock of `perf_counter`; 0 before."""
        self.batches: list[tuple[str, str]] = []
        """Trace id and span id of the micro-batches that have analysed its texts, if it is sampled."""

    def note_batch(self, trace_id: str, span_id: str) -> None:
        """Remember a micro-batch, up to as many as a span may have links."""
        if len(self.batches) < _MOST_LINKS:
            self.batches.append((trace_id, span_id))

    def fields(self) -> dict[str, str]:
        """Return the ids as fields of a log line."""
        return {"trace_id": self.trace_id, "span_id": self.span_id}


_current: ContextVar[Trace | None] = ContextVar("spanwise_trace", default=None)


def begin_trace(headers: Iterable[tuple[bytes, bytes]]) -> Trace:
    """Return the trace of a request that begins, from now on the current one of this task.

    A `traceparent` that is none, or that comes twice, counts as absent, as the specification asks.
    """
    sent: bytes | None = None
    for name, value in headers:
        if name == b"traceparent":
            sent = value if sent is None else b""
    trace = _continued(sent) if sent else None
    if trace is None:
        trace = Trace(f"{getrandbits(128) | 1:032x}", None, parent_sampled=False)  # all bits random: samplers want that
    _current.set(trace)
    return trace


def current_trace() -> Trace | None:
    """Return the trace of the request that this task serves; None outside of one."""
    trace = _current.get()
    return None if trace is None or trace.over else trace


def add_trace(_logger: WrappedLogger, _method: str, event: EventDict) -> EventDict:
    """Add the ids of the current trace to a log line, unless the line names one itself."""
    trace = _current.get()
    if trace is not None and not trace.over and "trace_id" not in event:
        event["trace_id"] = trace.trace_id
        event["span_id"] = trace.span_id
    return event


def _continued(sent: bytes) -> Trace | None:
    """Return the trace that a caller has named; None where the value is not valid."""
    match = _TRACEPARENT.fullmatch(sent.strip())
    if match is None:
        return None
    version, trace_id, parent_id, flags, more = match.groups()
    if version == b"ff" or (version == b"00" and more) or trace_id == _NO_TRACE or parent_id == _NO_SPAN:
        return None
    return Trace(trace_id.decode(), parent_id.decode(), parent_sampled=bool(int(flags, 16) & _SAMPLED))
