"""The span of a micro-batch, linked to the requests whose texts it has analysed, as far as those are sampled."""

from spanwise.service.queue.submission import MicroBatch
from spanwise.service.telemetry.tracing import Tracing, new_span_id, new_trace_id


def send_batch_span(tracing: Tracing, batch: MicroBatch, end: float) -> None:
    """Send the span of a micro-batch that is done, if any of its requests is sampled; they learn its ids.

    The span has a trace of its own, because it belongs to several requests.
    """
    if not any(job.submission.trace is not None and job.submission.trace.sampled for job in batch.jobs):
        return
    submissions = {id(job.submission): job.submission for job in batch.jobs}.values()
    traces = {id(trace): trace for one in submissions if (trace := one.trace) is not None and trace.sampled}.values()
    ids = new_trace_id(), new_span_id()
    analyzer = batch.jobs[0].analyzer
    tracing.send(
        "micro-batch",
        ids,
        batch.started,
        end,
        attributes={
            "spanwise.pipelines": analyzer.title,
            "spanwise.engine": analyzer.engine_name,
            "spanwise.documents": len(batch.jobs),
            "spanwise.characters": batch.characters,
            "spanwise.requests": len(submissions),
        },
        links=[(trace.trace_id, trace.span_id) for trace in traces],
    )
    for trace in traces:
        trace.note_batch(*ids)
