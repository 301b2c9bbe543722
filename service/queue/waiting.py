"""The documents that wait for an NLP thread, and the choice of the next micro-batch.

There are three lines: short requests, long requests, and lines of streams. Each has a lane for every pipeline. A
micro-batch is of one lane.

*Requests and streams* take turns when both wait, and a micro-batch of lines is short, so that a stream which always has
more to send hardly delays anybody (ADR 0012).

*Short and long requests* get one half of the threads' time each, as long as both wait and use their half. What the
short ones have used beyond the long ones is a balance, and they go first until it reaches half a micro-batch. So a
short request behind any amount of long ones is next, and the long ones are served however many short ones come
(ADR 0024 has the bounds).

*Pipelines* take turns by estimated cost: the lane that was served least is next. A lane that was empty starts level
with the one that was served last, so that nobody saves up.
"""

from operator import attrgetter

from spanwise.service.queue.lane import Budget, Lane
from spanwise.service.queue.submission import LONG, SHORT, STREAM, Job, Kind, MicroBatch, Submission

STREAM_SLICE = 1_000
"""Microseconds that a micro-batch of streams' lines is meant to take: about as long as two short texts."""


_served = attrgetter("served")


class WaitingJobs:
    """The three lines of one worker. Used on the event loop alone."""

    def __init__(self, budget: Budget) -> None:
        self.budget = budget
        self.characters = [0, 0, 0]
        """Characters that wait, by kind. Those of streams are bounded by the streams' windows."""
        self.costs = [0, 0, 0]
        """Estimated microseconds that wait, by kind."""
        self._lanes: tuple[dict[int, Lane], ...] = ({}, {}, {})
        """By kind, and the identity of the pipeline's analyzer."""
        self._level = [0, 0, 0]
        """By kind, where a lane starts that was empty."""
        self._balance = 0
        """Microseconds that short requests have used beyond long ones, since both wait."""
        self._streams_turn = False

    def __bool__(self) -> bool:
        """Say whether any document waits."""
        return any(self.costs)

    def add(self, submission: Submission, jobs: list[Job], characters: int, cost: int) -> None:
        """Put a request's documents, of so many characters and so much cost together, at the end of their line."""
        kind = submission.kind
        self.characters[kind] += characters
        self.costs[kind] += cost
        first = jobs[0].analyzer
        if len(jobs) == 1 or all(job.analyzer is first for job in jobs):
            submission.parts.append(self._lane(kind, id(first)).add(submission, jobs))
            return
        by_pipeline: dict[int, list[Job]] = {}
        for job in jobs:
            by_pipeline.setdefault(id(job.analyzer), []).append(job)
        for pipeline, some in by_pipeline.items():
            submission.parts.append(self._lane(kind, pipeline).add(submission, some))

    def remove(self, submission: Submission) -> list[Job]:
        """Take what still waits of a request out of its line, wherever in the line it is, and return it."""
        removed: list[Job] = []
        for part in submission.parts:
            removed += part.jobs
            part.lane.remove(part)
        self.characters[submission.kind] -= sum(job.facts[0] for job in removed)
        self.costs[submission.kind] -= sum(job.cost for job in removed)
        return removed

    def next_batch(self) -> MicroBatch | None:
        """Take the next micro-batch out. Returns None when nothing waits."""
        kind = self._next_kind()
        if kind is None:
            return None
        lane = min([lane for lane in self._lanes[kind].values() if lane.keys], key=_served)
        self._level[kind] = lane.served
        batch = lane.take(STREAM_SLICE if kind == STREAM else self.budget.cost)
        self.characters[kind] -= batch.characters
        self.costs[kind] -= batch.cost
        self._weigh(kind, batch.cost)
        return batch

    def charge(self, batch: MicroBatch, extra: float) -> None:
        """Let those who had a part in a micro-batch pay what it took beyond its estimate, in microseconds."""
        batch.lane.charge(batch, extra)
        self._weigh(batch.lane.kind, int(extra))

    def _lane(self, kind: Kind, pipeline: int) -> Lane:
        if (lane := self._lanes[kind].get(pipeline)) is None:
            lane = self._lanes[kind][pipeline] = Lane(kind, self.budget)
        if not lane.keys:
            lane.served = max(lane.served, self._level[kind])
        return lane

    def _next_kind(self) -> Kind | None:
        short, long, stream = self.costs
        if not (short and long):
            self._balance = 0
        requests: Kind | None = None
        if short or long:
            requests = SHORT if short and (not long or 2 * self._balance <= self.budget.cost) else LONG
        if stream and (requests is None or self._streams_turn):
            self._streams_turn = False
            return STREAM
        self._streams_turn = True
        return requests

    def _weigh(self, kind: Kind, cost: int) -> None:
        """Add a cost to the balance of short and long requests, which is bounded by one micro-batch either way."""
        if kind == SHORT:
            self._balance = min(self._balance + cost, self.budget.cost)
        elif kind == LONG:
            self._balance = max(self._balance - cost, -self.budget.cost)
