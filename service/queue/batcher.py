"""Micro-batches: the way of documents from the event loop to the NLP threads and back.

There is no timer: while a micro-batch is being analysed, documents gather, and the next micro-batch takes of what has
gathered, up to a budget of characters and of estimated cost. So an idle service answers a lone request at once, and a
busy one fills its batches by itself. A request whose deadline has passed or whose caller has gone leaves the queue
before any work is done for it.

`admission.py` says what may wait, `waiting.py` what goes next, `cost_model.py` what it is likely to cost.
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import Executor
from time import perf_counter

import structlog

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import Feature
from spanwise.service.errors import CallerGone, DeadlineExceeded, InternalError, ShuttingDown
from spanwise.service.queue.admission import Admission, Bound, character_bound
from spanwise.service.queue.cost_model import PipelineCosts, Rates, facts_of
from spanwise.service.queue.drain_rate import DrainRate
from spanwise.service.queue.lane import Budget
from spanwise.service.queue.overruns import log_overrun
from spanwise.service.queue.places import Size
from spanwise.service.queue.submission import (
    LONG,
    SHORT,
    STREAM,
    Job,
    MicroBatch,
    Outcome,
    Submission,
    analyze_each,
    encode_large,
)
from spanwise.service.queue.waiting import WaitingJobs
from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

_HASHED_BYTES = 64 * 1024
_NO_RATES = Rates()
_NO_FEATURES: frozenset[Feature] = frozenset()


class Batcher:
    """The queue of one worker. Everything but the analysis itself happens on the event loop."""

    def __init__(
        self,
        executor: Executor,
        threads: int,
        max_queued_characters: int,
        batch_characters: int,
        document_characters: int = 0,
        *,
        max_queued_seconds: float = 10,
        batch_seconds: float = 0.1,
        largest_request: int = 0,
        metrics: Metrics | None = None,
        clock: Callable[[], float] = perf_counter,
    ) -> None:
        """`document_characters` is what a document costs a micro-batch beyond its own characters.

        `max_queued_seconds` bounds the work that waits, by how long all threads together are likely to take for it.
        `largest_request` is the number of characters of the largest legal request. `clock` gives seconds.
        """
        self._executor = executor
        self._threads = threads
        self._metrics = metrics or Metrics()
        self._clock = clock
        self._loop = asyncio.get_running_loop()
        self._budget = Budget(batch_characters, document_characters, round(batch_seconds * 1e6))
        self._waiting = WaitingJobs(self._budget)
        self._costs: dict[int, PipelineCosts] = {}
        """By the identity of a pipeline's analyzer."""
        self._running: set[MicroBatch] = set()
        self._dispatching = False
        self._submissions: set[Submission] = set()
        self._accepting = True
        self._drain_deadline: float | None = None
        self._idle = asyncio.Event()
        """Set once a drain has nothing more to wait for."""
        self.drain_rate = DrainRate()
        cost = round(max_queued_seconds * 1e6) * threads
        self._admission = Admission(
            self._waiting,
            self.drain_rate,
            threads,
            character_bound(max_queued_characters, largest_request, batch_characters // 2),
            Bound(cost, short=cost // 2, long=cost // 2),  # as they share the threads, so that neither waits for longer
            clock=clock,
        )

    @property
    def queued_characters(self) -> int:
        """Characters of the requests that wait; the lines of streams are not counted."""
        return self._waiting.characters[SHORT] + self._waiting.characters[LONG]

    @property
    def accepting(self) -> bool:
        """False from the beginning of a drain on."""
        return self._accepting

    def refuse_while_draining(self) -> None:
        """Raise `ShuttingDown` from the beginning of a drain on."""
        if not self._accepting:
            raise ShuttingDown(self.retry_after())

    def longest_run(self) -> float:
        """Return the seconds since the oldest unfinished micro-batch was started; 0 when none runs."""
        now = self._clock()
        return max((now - batch.started for batch in self._running), default=0.0)

    def stalled(self, seconds: float) -> bool:
        """Say whether a micro-batch has run for longer than this, or documents wait although none runs."""
        return self.longest_run() > seconds or (bool(self._waiting) and not self._running and not self._dispatching)

    async def wait(
        self, submission: Submission, seconds: float, on_disconnect: "asyncio.Future[None] | None" = None
    ) -> None:
        """Wait until every document has its outcome, for `seconds` at most.

        Raises `DeadlineExceeded`; `ShuttingDown` when a drain runs out of time; `CallerGone` once `on_disconnect` is
        done.
        """
        expiry = self.expire_after(submission, seconds)
        if on_disconnect is not None:
            on_disconnect.add_done_callback(lambda _: self._give_up(submission, CallerGone))
        try:
            await submission.future
        finally:
            expiry.cancel()
            self.withdraw(submission)

    def expire_after(self, submission: Submission, seconds: float) -> asyncio.TimerHandle:
        """Start a timer that ends the submission with `DeadlineExceeded` after so many seconds."""
        return self._loop.call_later(seconds, self._give_up, submission, DeadlineExceeded)

    def withdraw(self, submission: Submission) -> None:
        """Take what is left of a submission out of the queue. Every admission must end by this call, or by `wait`."""
        submission.finished = submission.finished or self._clock()
        self._withdraw(submission)

    def retry_after(self) -> int:
        """Return the whole seconds until the documents that wait or run now are likely to be done."""
        return self._admission.retry_after()

    def price(self, analyzer: Analyzer, costs: PipelineCosts) -> None:
        """Set what a pipeline costs, as measured at the start. A pipeline that is not priced starts from constants."""
        self._costs[id(analyzer)] = costs

    def refuse_early(self, body: bytes) -> int:
        """Raise `Overloaded` for a body that would be refused after it was parsed. Return its hash, for `admit`."""
        ends = _HASHED_BYTES // 2
        identity = hash(body if len(body) <= _HASHED_BYTES else (len(body), body[:ends], body[-ends:]))
        self._admission.refuse_early(len(body), identity)
        return identity

    def admit(
        self,
        request_id: str,
        work: Sequence[tuple[Analyzer, Document]],
        *,
        streamed: bool = False,
        caller: int = 0,
        identity: int | None = None,
    ) -> Submission:
        """Queue all documents of a request or none; `outcomes` of the submission will be in the order of `work`.

        `caller` is the number of the caller's API key, with which callers take turns; `identity` is the hash of the
        body, by which a caller who was refused is known when it returns. Raises `ShuttingDown`, or `Overloaded` unless
        it is a line of a stream. The caller must `wait` or `withdraw`.
        """
        self.refuse_while_draining()
        future, now, documents = self._loop.create_future(), self._clock(), len(work)
        submission = Submission(request_id, [None] * documents, future, now, STREAM, caller, pending=documents)
        jobs: list[Job] = []
        characters = cost = 0
        pipeline: Analyzer | None = None
        features, rates = _NO_FEATURES, _NO_RATES
        for index, (analyzer, document) in enumerate(work):
            if analyzer is not pipeline or document.features is not features:
                pipeline, features = analyzer, document.features
                rates = self._costs_of(analyzer).rates_of(features)
            facts = facts_of(document.text)
            job = Job(submission, index, analyzer, document, rates, facts, rates.cost_of(facts))
            jobs.append(job)
            characters += facts[0]
            cost += job.cost
        if not streamed:
            submission.kind = SHORT if self._budget.is_half(characters, len(jobs), cost) else LONG
            self._admission.admit(Size(submission.kind, characters, cost), identity)
        self._waiting.add(submission, jobs, characters, cost)
        self._metrics.admitted(characters)
        self._submissions.add(submission)
        self._dispatch_soon()
        return submission

    def _costs_of(self, analyzer: Analyzer) -> PipelineCosts:
        if (costs := self._costs.get(id(analyzer))) is None:
            costs = self._costs[id(analyzer)] = PipelineCosts()
        return costs

    def _give_up(self, submission: Submission, error: Callable[[], Exception]) -> None:
        """End a submission with an error, unless it has ended already."""
        if not submission.future.done():
            self._withdraw(submission)
            submission.future.set_exception(error())

    def _withdraw(self, submission: Submission) -> None:
        if submission.pending:
            for job in self._waiting.remove(submission):
                self._metrics.dropped(job.analyzer, job.facts[0])
        self._submissions.discard(submission)
        if not self._accepting:
            self._notice_idleness()

    def _notice_idleness(self) -> None:
        if not self._submissions and not self._running:
            self._idle.set()

    def _dispatch_soon(self) -> None:
        """Dispatch once this turn of the event loop is over, so that requests of one turn share a batch."""
        if not self._dispatching:
            self._dispatching = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        """Start micro-batches until every thread has one or nothing waits."""
        self._dispatching = False
        while len(self._running) < self._threads and (batch := self._waiting.next_batch()):
            batch.started = started = self._clock()
            self._running.add(batch)
            self._admission.running_cost += batch.cost
            for job in batch.jobs:
                submission = job.submission
                submission.started = submission.started or started
            self._executor.submit(self._run, batch)

    def _run(self, batch: MicroBatch) -> None:
        """Analyse a micro-batch; runs on an NLP thread."""
        started = self._clock()
        outcomes = analyze_each(batch.jobs[0].analyzer, [job.document for job in batch.jobs])
        outcomes = encode_large(batch.jobs, outcomes)
        seconds = self._clock() - started
        self._loop.call_soon_threadsafe(self._finish, batch, outcomes, seconds)

    def _finish(self, batch: MicroBatch, outcomes: list[Outcome], seconds: float) -> None:
        """Hand out the outcomes of a micro-batch, after the thread has got its next one."""
        self._running.remove(batch)
        self._admission.running_cost -= batch.cost
        self.drain_rate.record(batch.cost, self._clock() - batch.started)
        analyzer = batch.jobs[0].analyzer
        if (extra := seconds * 1e6 - batch.cost) > self._budget.cost:
            self._waiting.charge(batch, extra)
            if log_overrun(batch, seconds):
                self._metrics.overran()
        self._dispatch()
        failed: list[tuple[Job, BaseException]] = []
        now = self._clock()
        for job, outcome in zip(batch.jobs, outcomes, strict=True):
            submission = job.submission
            if isinstance(outcome, BaseException):
                failed.append((job, outcome))
                outcome = InternalError()  # noqa: PLW2901 - what the caller is told of it
            submission.outcomes[job.index] = outcome
            submission.pending -= 1
            if not submission.pending and not submission.future.done():
                submission.finished = now
                submission.future.set_result(None)
        if not self._accepting:
            self._notice_idleness()
        done = len(outcomes) - len(failed)
        self._metrics.analyzed(analyzer, done, len(failed), batch.characters, seconds)
        for job, error in failed:
            where = {"request_id": job.submission.request_id, "pipeline": analyzer.title, "document": job.index}
            log.error("analysis_failed", **where, exc_info=error)
        self._costs_of(analyzer).learn(batch.jobs, seconds * 1e6)

    async def drain(self, seconds: float) -> bool:
        """Accept nothing more and finish what was accepted. After `seconds` refuse the rest and return False.

        The first call sets the time for all: a later one waits for what is left of it.
        """
        self._accepting = False
        self._notice_idleness()
        if self._drain_deadline is None:
            self._drain_deadline = self._loop.time() + seconds
        try:
            async with asyncio.timeout_at(self._drain_deadline):
                await self._idle.wait()
        except TimeoutError:
            retry_after = self.retry_after()
            for submission in tuple(self._submissions):
                self._give_up(submission, lambda: ShuttingDown(retry_after))
            return False
        return True
