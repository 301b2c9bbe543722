"""Traces: what a real receiver of OTLP is sent, and that nothing is sent unless it is asked for."""

import asyncio
import itertools
import sys
import time
from collections.abc import Iterator
from types import SimpleNamespace

import pytest
from opentelemetry.sdk.trace import ReadableSpan
from opentelemetry.sdk.trace.sampling import ALWAYS_ON
from structlog.testing import capture_logs

from spanwise.service.telemetry.trace_context import begin_trace
from spanwise.service.telemetry.tracing import Tracing, why_not
from tests.support.otlp_receiver import OtlpReceiver, attributes, otlp_receiver
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

TRACE, SPAN = "4bf92f3577b34da6a3ce929d0e0e4736", "00f067aa0ba902b7"


@pytest.fixture
def receiver(monkeypatch: pytest.MonkeyPatch) -> Iterator[OtlpReceiver]:
    """Have spans sent to a receiver; the service sends what is left when it stops."""
    with otlp_receiver() as receiver:
        monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", receiver.url)
        yield receiver


async def test_a_request_is_a_trace_of_its_stages(serving: Serving, receiver: OtlpReceiver) -> None:
    """The request's span continues the caller's; admission, queue, analysis and encoding are within, in order."""
    sent = {"traceparent": f"00-{TRACE}-{SPAN}-01", "X-Request-ID": "abc"}
    async with serving() as client:
        await client.post("/v1/entities", json={"text": "Xyzzy7 met Tim Cook."}, headers=sent)
        await client.get("/livez", headers=sent)
    (request,) = receiver.named("POST /v1/entities")
    assert (request.trace_id.hex(), request.parent_span_id.hex()) == (TRACE, SPAN)
    assert request.kind == request.SPAN_KIND_SERVER
    found = attributes(request)
    assert found["http.response.status_code"] == 200
    assert found["http.route"] == "/v1/entities"
    assert found["spanwise.request_id"] == "abc"
    assert found["spanwise.characters"] == 20
    stages = [receiver.named(name)[0] for name in ("admission", "queue", "analysis", "encoding")]
    for stage in stages:
        assert stage.trace_id == request.trace_id
        assert stage.parent_span_id == request.span_id
        assert request.start_time_unix_nano <= stage.start_time_unix_nano <= stage.end_time_unix_nano
        assert stage.end_time_unix_nano <= request.end_time_unix_nano
    times = [time for stage in stages for time in (stage.start_time_unix_nano, stage.end_time_unix_nano)]
    assert times == sorted(times)
    assert len(receiver.spans) == 6, "a probe has no spans"
    assert receiver.resources[0]["service.name"] == "spanwise"
    assert b"Xyzzy7" not in receiver.bytes


async def test_a_micro_batch_is_linked_to_its_requests_and_they_to_it(serving: Serving, receiver: OtlpReceiver) -> None:
    """Requests that are analysed together share the span of a micro-batch, which has a trace of its own."""
    async with serving() as client:
        await asyncio.gather(*(client.post("/v1/entities", json={"text": f"text {n}"}) for n in range(8)))
    requests = {span.span_id: span for span in receiver.named("POST /v1/entities")}
    batches = {span.span_id: span for span in receiver.named("micro-batch")}
    analyses = {span.parent_span_id: span for span in receiver.named("analysis")}
    assert len(requests) == 8
    linked = [link.span_id for batch in batches.values() for link in batch.links]
    assert sorted(linked) == sorted(requests)
    for batch in batches.values():
        assert not batch.parent_span_id
        assert attributes(batch)["spanwise.documents"] == len(batch.links)
        for link in batch.links:
            assert [back.span_id for back in analyses[link.span_id].links] == [batch.span_id]


def test_stages_do_not_overlap_however_the_clocks_are_read(monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans of one request share one reading of both clocks; only a wall clock that was set is read anew."""
    sent: list[ReadableSpan] = []
    late = itertools.count(0, -40)  # each reading of the wall clock is 40 ns earlier beside the other clock
    wall = {"set_back_by": 0}
    monkeypatch.setattr(
        "spanwise.service.telemetry.tracing.time.time_ns",
        lambda: time.perf_counter_ns() + 10**18 + next(late) - wall["set_back_by"],
    )
    tracing = Tracing(SimpleNamespace(on_end=sent.append), ALWAYS_ON, {})  # type: ignore[arg-type]
    ids = ("0" * 31 + "1", "0" * 15 + "1")
    tracing.send("queue", ids, start=1.0, end=2.0)
    tracing.send("analysis", ids, start=2.0, end=3.0)
    wall["set_back_by"] = 3_600 * 10**9
    tracing.send("encoding", ids, start=3.0, end=4.0)
    queue, analysis, encoding = sent
    assert queue.end_time == analysis.start_time
    assert analysis.end_time is not None
    assert encoding.start_time is not None
    assert analysis.end_time - encoding.start_time == pytest.approx(3_600 * 10**9, abs=10**6)


async def test_errors_and_streams_have_spans(serving: Serving, receiver: OtlpReceiver) -> None:
    """A refused request has its code; a stream is one span with links to the micro-batches of its lines."""
    async with serving(max_queued_characters=10, max_text_characters=10, max_batch_characters=10) as client:
        await client.post("/v1/entities", json={"text": ""})
        lines = b'{"text":"a"}\n{"text":"b"}\n'
        await client.post("/v1/stream", content=lines, headers={"Content-Type": "application/jsonl"})
        await client.get("/Xyzzy7")
    (refused,) = receiver.named("POST /v1/entities")
    assert attributes(refused)["error.type"] == "validation_failed"
    assert refused.status.code == refused.status.STATUS_CODE_UNSET, "it is the caller's mistake"
    (stream,) = receiver.named("POST /v1/stream")
    assert {link.span_id for link in stream.links} == {span.span_id for span in receiver.named("micro-batch")}
    assert attributes(stream)["spanwise.documents"] == 2
    assert receiver.named("GET unmatched")
    assert b"Xyzzy7" not in receiver.bytes


async def test_the_sampler_of_the_environment_decides(
    serving: Serving, receiver: OtlpReceiver, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Of traces that begin here a share is sent; a caller's decision goes before."""
    monkeypatch.setenv("OTEL_TRACES_SAMPLER", "parentbased_traceidratio")
    monkeypatch.setenv("OTEL_TRACES_SAMPLER_ARG", "0.25")
    async with serving() as client:
        for _ in range(5):
            await client.get("/v1/pipelines", headers={"traceparent": f"00-{TRACE}-{SPAN}-00"})
            await client.get("/v1/pipelines", headers={"traceparent": f"00-{'f' * 32}-{SPAN}-01"})
    assert [span.trace_id.hex() for span in receiver.spans] == ["f" * 32] * 5
    tracing = Tracing.of_environment()
    assert tracing
    traces = [begin_trace([]) for _ in range(4000)]
    for trace in traces:
        tracing.begin(trace)
    assert 800 < sum(trace.sampled for trace in traces) < 1200
    tracing.close()


@pytest.mark.parametrize(
    ("environment", "reason"),
    [
        ({}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_SDK_DISABLED": "true"}, ""),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a", "OTEL_TRACES_EXPORTER": "none"}, ""),
        ({"OTEL_EXPORTER_OTLP_METRICS_ENDPOINT": "http://a"}, ""),
        ({"OTEL_TRACES_EXPORTER": "otlp"}, None),
        ({"OTEL_EXPORTER_OTLP_ENDPOINT": "http://a"}, None),
        ({"OTEL_EXPORTER_OTLP_TRACES_ENDPOINT": "http://a"}, None),
        ({"OTEL_TRACES_EXPORTER": "console"}, "OTEL_TRACES_EXPORTER must be otlp or none"),
        (
            {"OTEL_TRACES_EXPORTER": "otlp", "OTEL_EXPORTER_OTLP_PROTOCOL": "grpc"},
            "spans are sent by http/protobuf alone; leave the protocol out or name that",
        ),
    ],
    ids=repr,
)
def test_the_standard_variables_say_whether_there_are_traces(environment: dict[str, str], reason: str | None) -> None:
    """Without them nothing is sent, and what cannot be done is named."""
    assert why_not(environment) == reason


def test_without_the_extra_the_log_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """The service starts all the same."""
    monkeypatch.setitem(sys.modules, "opentelemetry.exporter.otlp.proto.http.trace_exporter", None)
    with capture_logs() as lines:
        assert Tracing.of_environment({"OTEL_TRACES_EXPORTER": "otlp"}) is None
    assert lines == [
        {
            "event": "traces_off",
            "log_level": "warning",
            "reason": "the extra is not installed: pip install spanwise[otel]",
        }
    ]
    with capture_logs() as lines:
        assert Tracing.of_environment({}) is None
    assert lines == []


async def test_a_receiver_that_is_gone_disturbs_no_request(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """Spans that nobody takes are dropped."""
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_ENDPOINT", "http://127.0.0.1:1")
    monkeypatch.setenv("OTEL_EXPORTER_OTLP_TIMEOUT", "1")
    async with serving() as client:
        assert (await client.post("/v1/entities", json={"text": "a"})).status_code == 200
