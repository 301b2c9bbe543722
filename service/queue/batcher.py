"""Admission and micro-batches: the way from the event loop to the NLP threads and back.

The queue is bounded in characters. A request that does not fit is refused at once, with a `Retry-After` computed from
the characters that wait and the rate at which they drain. There is no timer: while a micro-batch is being analysed,
documents gather, and the next micro-batch takes what has gathered, up to a budget of characters. So an idle service
answers a lone request at once, and a busy one fills its batches by itself. A request whose deadline has passed or
whose caller has gone leaves the queue before any work is done for it.

The lines of streams are bounded by each stream's window instead of here (see `waiting.py` for how they take turns).
"""

import asyncio
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import structlog

from spanwise.pipelines import Analyzer, Document
from spanwise.service.errors import CallerGone, DeadlineExceeded, InternalError, Overloaded, ShuttingDown
from spanwise.service.queue.drain_rate import DrainRate
from spanwise.service.queue.submission import Job, Outcome, Submission, analyze_each, encode_large
from spanwise.service.queue.waiting import WaitingJobs
from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)


class Batcher:
    """The queue of one worker. Everything but the analysis itself happens on the event loop."""

    def __init__(
        self,
        executor: ThreadPoolExecutor,
        threads: int,
        max_queued_characters: int,
        batch_characters: int,
        document_characters: int = 0,
        *,
        metrics: Metrics | None = None,
    ) -> None:
        """`document_characters` is what a document costs a micro-batch beyond its own characters."""
        self._executor = executor
        self._threads = threads
        self._max_queued = max_queued_characters
        self._metrics = metrics or Metrics()
        self._loop = asyncio.get_running_loop()
        self._waiting = WaitingJobs(batch_characters, document_characters)
        self._running: dict[int, tuple[float, int]] = {}
        """The micro-batches in analysis: when each was started, and its characters."""
        self._batches = 0
        self._dispatching = False
        self._submissions: set[Submission] = set()
        self._accepting = True
        self._drain_deadline: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.drain_rate = DrainRate()

    @property
    def queued_characters(self) -> int:
        """Characters of the requests that wait; the lines of streams are not counted."""
        return self._waiting.characters

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
        now = perf_counter()
        return max((now - started for started, _ in self._running.values()), default=0.0)

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
        submission.finished = submission.finished or perf_counter()
        self._withdraw(submission)

    def retry_after(self) -> int:
        """Return the whole seconds until the documents that wait or run now are likely to be done."""
        running = sum(characters for _, characters in self._running.values())
        return self.drain_rate.retry_after(self._waiting.characters + running, self._threads)

    def admit(
        self, request_id: str, work: Sequence[tuple[Analyzer, Document]], *, streamed: bool = False
    ) -> Submission:
        """Queue all documents of a request or none; `outcomes` of the submission will be in the order of `work`.

        Raises `ShuttingDown`, or `Overloaded` unless it is a line of a stream. The caller must `wait` or `withdraw`.
        """
        self.refuse_while_draining()
        characters = 0 if streamed else sum(len(document.text) for _, document in work)
        if self._waiting.characters + characters > self._max_queued:
            raise Overloaded(self.retry_after())
        submission = Submission(
            request_id, [None] * len(work), self._loop.create_future(), perf_counter(), streamed, pending=len(work)
        )
        for index, (analyzer, document) in enumerate(work):
            job = Job(submission, index, analyzer, document)
            submission.queued.add(job)
            self._waiting.add(job)
        self._metrics.admitted(work)
        self._submissions.add(submission)
        self._idle.clear()
        self._dispatch_soon()
        return submission

    def _give_up(self, submission: Submission, error: Callable[[], Exception]) -> None:
        """End a submission with an error, unless it has ended already."""
        if not submission.future.done():
            self._withdraw(submission)
            submission.future.set_exception(error())

    def _withdraw(self, submission: Submission) -> None:
        for job in submission.queued:
            self._metrics.dropped(job.analyzer, len(job.document.text))
            self._waiting.remove(job)
        submission.queued.clear()
        self._submissions.discard(submission)
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
        while len(self._running) < self._threads:
            batch = self._waiting.next_batch(self.drain_rate.characters_per_second)
            if not batch:
                break
            self._batches += 1
            number, started = self._batches, perf_counter()
            self._running[number] = started, sum(len(job.document.text) for job in batch)
            for job in batch:
                job.submission.started = job.submission.started or started
            self._executor.submit(self._run, number, batch)

    def _run(self, number: int, batch: list[Job]) -> None:
        """Analyse a micro-batch; runs on an NLP thread."""
        started = perf_counter()
        outcomes = encode_large(batch, analyze_each(batch[0].analyzer, [job.document for job in batch]))
        seconds = perf_counter() - started
        self._loop.call_soon_threadsafe(self._finish, number, batch, outcomes, seconds)

    def _finish(self, number: int, batch: list[Job], outcomes: list[Outcome], seconds: float) -> None:
        """Hand out the outcomes of a micro-batch, after the thread has got its next one."""
        _, characters = self._running.pop(number)
        self.drain_rate.record(characters, seconds)
        self._metrics.analyzed(batch[0].analyzer, outcomes, characters, seconds)
        self._dispatch()
        now = perf_counter()
        for job, outcome in zip(batch, outcomes, strict=True):
            submission = job.submission
            submission.outcomes[job.index] = InternalError() if isinstance(outcome, BaseException) else outcome
            submission.pending -= 1
            if not submission.pending and not submission.future.done():
                submission.finished = now
                submission.future.set_result(None)
        if not self._submissions and not self._running:
            self._idle.set()
        for job, outcome in zip(batch, outcomes, strict=True):
            if isinstance(outcome, BaseException):
                where = {"request_id": job.submission.request_id, "pipeline": job.analyzer.title, "document": job.index}
                log.error("analysis_failed", **where, exc_info=outcome)

    async def drain(self, seconds: float) -> bool:
        """Accept nothing more and finish what was accepted. After `seconds` refuse the rest and return False.

        The first call sets the time for all: a later one waits for what is left of it.
        """
        self._accepting = False
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
