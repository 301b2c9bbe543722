"""What traces cost a request: `python -m benchmarks.traces`.

Two measurements in one process. The first is what every request pays although there are no traces: its ids, and their
place in the log line. The second serves requests without HTTP, with and without sampling, in turns, so that a noisy
machine disturbs all alike; spans go to an exporter that throws them away.
"""

import asyncio
import os
import statistics
import time
from typing import Any

import orjson
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.export import BatchSpanProcessor, SpanExporter, SpanExportResult
from opentelemetry.sdk.trace.sampling import TraceIdRatioBased
from starlette.types import Message

from spanwise.service.app import create_app
from spanwise.service.http.middleware import RequestMiddleware
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import configure_logging
from spanwise.service.telemetry.trace_context import add_trace, begin_trace
from spanwise.service.telemetry.tracing import Tracing

HEADERS = [
    (b"host", b"127.0.0.1:8000"),
    (b"user-agent", b"python-httpx/0.28"),
    (b"accept", b"*/*"),
    (b"content-type", b"application/json"),
    (b"content-length", b"67"),
]
TRACEPARENT = (b"traceparent", b"00-4bf92f3577b34da6a3ce929d0e0e4736-00f067aa0ba902b7-00")
BODY = orjson.dumps({"text": "Tim Cook loved Paris. The weather was awful."})
ROUNDS, REQUESTS = 60, 100


class _Nowhere(SpanExporter):
    def export(self, spans: Any) -> SpanExportResult:
        """Throw spans away, after encoding nothing."""
        assert all(isinstance(span, ReadableSpan) for span in spans)
        return SpanExportResult.SUCCESS


def microseconds_without_traces(headers: list[tuple[bytes, bytes]]) -> float:
    """Return what the ids of a request cost, the median of some rounds."""
    times = []
    for _ in range(50):
        started = time.process_time()
        for _ in range(2000):
            trace = begin_trace(headers)
            add_trace(None, "info", {})
            trace.over = True
        times.append((time.process_time() - started) / 2000)
    return statistics.median(times) * 1e6


async def _serve(app: Any, requests: int) -> float:
    """Serve requests one after the other. Return the seconds of CPU that the process took for one."""
    started = time.process_time()
    for _ in range(requests):
        messages: list[Message] = [{"type": "http.request", "body": BODY, "more_body": False}]

        async def receive(messages: list[Message] = messages) -> Message:
            return messages.pop() if messages else await asyncio.Future()

        async def send(message: Message) -> None:
            assert message.get("status", 200) == 200

        scope = {"type": "http", "method": "POST", "path": "/v1/entities", "query_string": b"", "headers": HEADERS}
        await app(
            {**scope, "client": ("127.0.0.1", 1), "server": ("127.0.0.1", 2), "http_version": "1.1"}, receive, send
        )
    return (time.process_time() - started) / requests


def _middleware_of(app: Any) -> RequestMiddleware:
    """Return the layer of the application that knows of traces; by default it is the outermost."""
    assert isinstance(app.front, RequestMiddleware)
    return app.front


async def microseconds_by_share() -> dict[str, float]:
    """Return the CPU time of a request: without traces, with 1 % sampled and with all.

    For each it is the median time without traces, times the median of the ratios within a round.
    """
    configure_logging("info", "json", 10_000, os.open(os.devnull, os.O_WRONLY))
    app = create_app(Settings(nlp_threads=1))
    async with app.router.lifespan_context(app):
        await _serve(app, REQUESTS)
        middleware, batcher = _middleware_of(app), app.state.runtime.batcher
        choices: dict[str, Tracing | None] = {"off": None}
        for share in (0.01, 1.0):
            processor = BatchSpanProcessor(_Nowhere())
            choices[f"{share:.0%} sampled"] = Tracing(processor, TraceIdRatioBased(share), {})
        times: dict[str, list[float]] = {name: [] for name in choices}
        for _ in range(ROUNDS):
            for name, tracing in choices.items():
                middleware._tracing = batcher.tracing = tracing  # noqa: SLF001
                times[name].append(await _serve(app, REQUESTS))
        middleware._tracing = batcher.tracing = None  # noqa: SLF001
    off = statistics.median(times["off"]) * 1e6
    return {
        name: off * statistics.median(one / base for one, base in zip(values, times["off"], strict=True))
        for name, values in times.items()
    }


def main() -> None:
    """Print both measurements."""
    for name, headers in (("without a traceparent", HEADERS), ("with one", [*HEADERS, TRACEPARENT])):
        print(f"ids of a request {name}, traces off: {microseconds_without_traces(headers):.2f} µs")
    by_share = asyncio.run(microseconds_by_share())
    for name, microseconds in by_share.items():
        print(f"CPU of a request, {name}: {microseconds:.0f} µs ({microseconds / by_share['off'] - 1:+.1%})")


if __name__ == "__main__":
    main()
