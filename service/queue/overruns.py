"""The log line of a micro-batch that took much longer than estimated: what it was, without a word of its texts."""

import structlog

from spanwise.service.queue.submission import MicroBatch

FACTOR = 4
"""A micro-batch that takes so many times its estimated time is logged,"""
SECONDS = 0.5
"""if it also takes so many seconds more."""
_LOGGED_IDS = 10

log = structlog.get_logger(__name__)


def log_overrun(batch: MicroBatch, seconds: float) -> bool:
    """Log a micro-batch if it took far longer than estimated. Return whether it did."""
    jobs, estimated = batch.jobs, batch.cost / 1e6
    if seconds < FACTOR * estimated or seconds < estimated + SECONDS:
        return False
    ids = list(dict.fromkeys(job.submission.request_id for job in jobs))
    log.warning(
        "micro_batch_overran",
        pipeline=jobs[0].analyzer.title,
        seconds=round(seconds, 3),
        estimated_seconds=round(estimated, 3),
        documents=len(jobs),
        characters=batch.characters,
        symbols=sum(job.facts[1] for job in jobs),
        capitals=sum(job.facts[2] for job in jobs),
        features=sorted({feature for job in jobs for feature in job.document.features}),
        requests=len(ids),
        request_ids=ids[:_LOGGED_IDS],
    )
    return True
