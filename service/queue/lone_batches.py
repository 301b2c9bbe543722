"""Micro-batches that are analysed on the event loop itself, because nothing else is there to do.

The way to an NLP thread and back costs a lone short text as much as half of its analysis: two threads are woken, and
each waits for the GIL that the other still holds. When nothing runs and nothing waits but what has just come, the event
loop would only be idle meanwhile. So it analyses what is likely to take a millisecond or less by itself. A probe that
comes in between waits for so long, which is less than it waits for other requests of a turn.

Only what the kernels compute may run there: its time is bounded by the length of the text, whereas a component of
spaCy's, or an operator's own, may take any time or hang, and would take the probes with it (ADR 0034).
"""

from spanwise.schemas import Feature
from spanwise.service.queue.submission import MicroBatch

MILLISECONDS = 1.0
"""The most that a lone micro-batch may be likely to take."""
MOST_CHARACTERS = 2_000
"""What its texts may have together, whatever the estimate: estimates can be wrong."""


def never_hangs(batch: MicroBatch) -> bool:
    """Say whether the kernels compute all that is wanted of a short micro-batch, and nothing is to be loaded first."""
    if batch.characters > MOST_CHARACTERS:
        return False
    features: frozenset[Feature] | None = None
    for job in batch.jobs:
        analyzer, document = job.analyzer, job.document
        if document.features is not features:
            features = document.features
            if not analyzer.computes_in_kernels(features):
                return False
        if document.language_assumed and analyzer.detector is not None and not analyzer.detector.loaded:
            return False
    return True
