"""Spans for OpenTelemetry, of the requests that are sampled: sent by OTLP over HTTP, from a thread of its own.

Nothing is done here unless the standard `OTEL_*` variables ask for traces and the extra `spanwise[otel]` is installed.
Spans are made when a request or a micro-batch is over, from times that are taken anyway: so a request that is not
sampled costs no more than the decision. Attributes are numbers, and names of ours or of the operator's; never a text.
"""

import os
import time
from collections.abc import Mapping, Sequence
from importlib.metadata import version
from random import getrandbits
from typing import TYPE_CHECKING, Literal

import structlog

from spanwise.service.telemetry.trace_context import Trace

if TYPE_CHECKING:
    from opentelemetry.sdk.trace import SpanProcessor
    from opentelemetry.sdk.trace.sampling import Sampler
    from opentelemetry.trace import SpanContext

log = structlog.get_logger(__name__)

Attributes = Mapping[str, str | int | float | bool]
SpanIds = tuple[str, str]
"""Trace id and span id, in hexadecimal digits."""
Kind = Literal["server", "internal"]

_ENDPOINTS = ("OTEL_EXPORTER_OTLP_TRACES_ENDPOINT", "OTEL_EXPORTER_OTLP_ENDPOINT")
_CLOCK_WAS_SET_NS = 100_000_000
"""Two readings that differ by more mean that the wall clock was set. NTP corrects less than 128 ms by slewing it, and
`perf_counter` with it."""
_PROTOCOLS = ("OTEL_EXPORTER_OTLP_TRACES_PROTOCOL", "OTEL_EXPORTER_OTLP_PROTOCOL")


def why_not(environment: Mapping[str, str]) -> str | None:
    """Return why the variables ask for traces that cannot be sent; empty where they ask for none; None: they do."""
    if environment.get("OTEL_SDK_DISABLED", "").strip().lower() == "true":
        return ""
    exporter = environment.get("OTEL_TRACES_EXPORTER", "").strip().lower()
    if exporter == "none" or (not exporter and not any(environment.get(name) for name in _ENDPOINTS)):
        return ""
    if exporter not in ("", "otlp"):
        return "OTEL_TRACES_EXPORTER must be otlp or none"
    protocol = next((environment[name] for name in _PROTOCOLS if environment.get(name)), "http/protobuf")
    if protocol != "http/protobuf":
        return "spans are sent by http/protobuf alone; leave the protocol out or name that"
    return None


class Tracing:
    """Decides which requests are sampled, and hands their spans to the exporter."""

    def __init__(self, processor: "SpanProcessor", sampler: "Sampler", attributes: Attributes) -> None:
        """`attributes` describe this process to whoever receives the spans."""
        from opentelemetry import trace  # noqa: PLC0415 - most services send no traces
        from opentelemetry.sdk.resources import Resource  # noqa: PLC0415
        from opentelemetry.sdk.trace import ReadableSpan  # noqa: PLC0415
        from opentelemetry.sdk.trace.sampling import Decision, TraceIdRatioBased  # noqa: PLC0415
        from opentelemetry.sdk.util.instrumentation import InstrumentationScope  # noqa: PLC0415

        self._api, self._span, self._sampled = trace, ReadableSpan, Decision.RECORD_AND_SAMPLE
        root = getattr(sampler, "_root", sampler)  # of a sampler that asks parents first
        self._bound: int | None = root.bound if type(root) is TraceIdRatioBased else None
        """Below which the last 64 bits of an id are sampled: the SDK's own answer, some 5 µs sooner."""
        self._processor = processor
        self._sampler = sampler
        self._resource = Resource.create(attributes)
        self._scope = InstrumentationScope("spanwise", version("spanwise"))
        self._epoch = time.time_ns() - time.perf_counter_ns()

    @classmethod
    def of_environment(cls, environment: Mapping[str, str] = os.environ) -> "Tracing | None":
        """Return what the `OTEL_*` variables ask for; None for nothing. What cannot be had is logged."""
        reason = why_not(environment)
        if reason is None:
            try:
                return cls._exporting(environment)
            except ImportError:
                reason = "the extra is not installed: pip install spanwise[otel]"
            except ValueError:
                reason = "OpenTelemetry refuses the values of the OTEL_* variables"
        if reason:
            log.warning("traces_off", reason=reason)
        return None

    @classmethod
    def _exporting(cls, environment: Mapping[str, str]) -> "Tracing":
        from opentelemetry.exporter.otlp.proto.http.trace_exporter import OTLPSpanExporter  # noqa: PLC0415
        from opentelemetry.sdk.trace import TracerProvider  # noqa: PLC0415
        from opentelemetry.sdk.trace.export import BatchSpanProcessor  # noqa: PLC0415

        attributes: dict[str, str | int | float | bool] = {
            "service.version": version("spanwise"),
            "process.pid": os.getpid(),
        }
        if not environment.get("OTEL_SERVICE_NAME") and "service.name=" not in environment.get(
            "OTEL_RESOURCE_ATTRIBUTES", ""
        ):
            attributes["service.name"] = "spanwise"
        sampler = TracerProvider(shutdown_on_exit=False).sampler  # reads OTEL_TRACES_SAMPLER and its argument
        return cls(BatchSpanProcessor(OTLPSpanExporter()), sampler, attributes)

    def begin(self, trace: Trace) -> None:
        """Decide whether the spans of a request are sent. The caller's own decision counts where the sampler asks."""
        if trace.parent_id is None and self._bound is not None:
            trace.sampled = int(trace.trace_id[16:], 16) < self._bound
            return
        api, context = self._api, None
        if trace.parent_id is not None:
            flags = api.TraceFlags(api.TraceFlags.SAMPLED if trace.parent_sampled else api.TraceFlags.DEFAULT)
            parent = api.SpanContext(int(trace.trace_id, 16), int(trace.parent_id, 16), True, flags)
            context = api.set_span_in_context(api.NonRecordingSpan(parent))
        decision = self._sampler.should_sample(context, int(trace.trace_id, 16), "request", api.SpanKind.SERVER)
        trace.sampled = decision.decision is self._sampled

    def send(
        self,
        name: str,
        ids: SpanIds,
        start: float,
        end: float,
        *,
        parent_id: str | None = None,
        remote_parent: bool = False,
        kind: Kind = "internal",
        attributes: Attributes | None = None,
        links: Sequence[SpanIds] = (),
        failed: bool = False,
    ) -> None:
        """Hand a span that is over to the exporter. `start` and `end` are times of `perf_counter`. Never waits."""
        api = self._api
        flags = api.TraceFlags(api.TraceFlags.SAMPLED)

        def context(trace_id: str, span_id: str, *, remote: bool = False) -> "SpanContext":
            made: SpanContext = api.SpanContext(int(trace_id, 16), int(span_id, 16), remote, flags)
            return made

        epoch = self._epoch_of_perf_counter()
        self._processor.on_end(
            self._span(
                name,
                context=context(*ids),
                parent=context(ids[0], parent_id, remote=remote_parent) if parent_id else None,
                resource=self._resource,
                attributes=dict(attributes or {}),
                links=[api.Link(context(*link)) for link in links],
                kind=api.SpanKind.SERVER if kind == "server" else api.SpanKind.INTERNAL,
                status=api.Status(api.StatusCode.ERROR if failed else api.StatusCode.UNSET),
                start_time=epoch + round(start * 1e9),
                end_time=epoch + round(max(start, end) * 1e9),
                instrumentation_scope=self._scope,
            )
        )

    def _epoch_of_perf_counter(self) -> int:
        """Return what turns times of `perf_counter` into those of the wall clock, in ns.

        The two clocks cannot be read at the same instant, so every reading differs a little. All spans use the first
        one, in which stages that follow each other do not overlap, until the wall clock is set to another time.
        """
        epoch = time.time_ns() - time.perf_counter_ns()
        if abs(epoch - self._epoch) > _CLOCK_WAS_SET_NS:
            self._epoch = epoch
        return self._epoch

    def close(self) -> None:
        """Send what is left. Waits, so call it in a thread."""
        self._processor.shutdown()


def new_span_id() -> str:
    """Return the id of a span."""
    return f"{getrandbits(64) | 1:016x}"


def new_trace_id() -> str:
    """Return the id of a trace: random in all its bits, since samplers go by the last ones."""
    return f"{getrandbits(128) | 1:032x}"
