"""Micro-batches that are analysed on the event loop itself, because nothing else is there to do.

The way to an NLP thread and back costs a lone short text as much as half of its analysis: two threads are woken, and
each waits for the GIL that the other still holds. When nothing runs and nothing waits but what has just come, the event
loop would only be idle meanwhile, so it analyses by itself what is likely to take very little. A probe that comes in
between waits for so long, which is less than it waits for the other requests of a busy turn.

Only what the kernels compute may run there: its time is bounded by the length of the text, whereas a component of
spaCy's, or an operator's own, may take any time or hang, and would take the probes with it (ADR 0034).
"""

from spanwise.service.queue.submission import Job

MOST_CHARACTERS = 4_000
"""What its texts may have together, whatever the estimate: estimates can be wrong."""


def loop_milliseconds(threads: int) -> float:
    """Return the most that a micro-batch on the event loop may be likely to take, in a worker with so many NLP threads.

    A worker with one NLP thread has one CPU for its share. With more, the loop could read on while another CPU
    analyses, so less is kept from them.
    """
    return 2.0 if threads == 1 else 1.0


def never_hangs(job: Job) -> bool:
    """Say whether the kernels compute all that is wanted of a document, and nothing has to be loaded first."""
    analyzer, document = job.analyzer, job.document
    if document.language_assumed and analyzer.detector is not None and not analyzer.detector.loaded:
        return False
    return analyzer.computes_in_kernels(document.features)
