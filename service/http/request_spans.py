"""The spans of a request that is sampled: the request, its admission, its wait, its analysis and its encoding."""

from starlette.types import Scope

from spanwise.service.http.access_fields import caller_fields, is_routine
from spanwise.service.http.request_record import RequestRecord
from spanwise.service.queue.submission import STREAM, Submission
from spanwise.service.telemetry.trace_context import Trace
from spanwise.service.telemetry.tracing import Tracing, new_span_id

_SERVER_ERROR = 500


def send_spans(tracing: Tracing, scope: Scope, record: RequestRecord, operation: tuple[str, str], end: float) -> None:
    """Send the spans of a request that is over, unless it was a probe. `operation` is its method and its route.

    `end` is a time of `perf_counter`, and so is the record's `started`.
    """
    (method, route), start, trace = operation, record.started, record.trace
    if trace is None or is_routine(route, record.status):
        return
    attributes: dict[str, str | int | float | bool] = {
        "http.request.method": method,
        "http.route": route,
        "http.response.status_code": record.status,
        "spanwise.request_id": record.request_id,
    }
    caller = caller_fields(scope, record)
    for field, attribute in (("client", "client.address"), ("key", "spanwise.key")):
        if field in caller:
            attributes[attribute] = str(caller[field])
    if record.code:
        attributes["error.type"] = record.code
    if record.documents:
        attributes["spanwise.documents"] = record.documents
        attributes["spanwise.characters"] = record.characters
        attributes["spanwise.pipelines"] = ", ".join(sorted(record.pipelines))
    submission = trace.submission if isinstance(trace.submission, Submission) else None
    streamed = submission is not None and submission.kind == STREAM
    tracing.send(
        f"{method} {route}",
        (trace.trace_id, trace.span_id),
        start,
        end,
        parent_id=trace.parent_id,
        remote_parent=True,
        kind="server",
        attributes=attributes,
        links=trace.batches if streamed else (),
        failed=record.status >= _SERVER_ERROR,
    )
    if submission is not None and not streamed:
        _send_stages(tracing, trace, submission, record, end)


def _send_stages(tracing: Tracing, trace: Trace, submission: Submission, record: RequestRecord, end: float) -> None:
    def stage(name: str, begun: float, done: float, *, failed: bool = False) -> None:
        tracing.send(
            name,
            (trace.trace_id, new_span_id()),
            begun,
            done,
            parent_id=trace.span_id,
            links=trace.batches if name == "analysis" else (),
            failed=failed,
        )

    if not trace.queued:
        stage("admission", record.started, end, failed=True)
        return
    stage("admission", record.started, trace.queued)
    left = submission.started or submission.finished or end
    stage("queue", trace.queued, left)
    if submission.started:
        stage("analysis", submission.started, submission.finished or end)
    if record.encode_started:
        stage("encoding", record.encode_started, min(end, record.encode_started + record.encode_ms / 1000))
