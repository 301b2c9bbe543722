"""Admission and micro-batches: what stands between the event loop and the NLP threads.

The queue is bounded in characters. What does not fit is refused at once, with a `Retry-After` from what waits and
how fast it drains. There is no timer: while a micro-batch is being analysed, what arrives gathers; the next one is
whatever has gathered, up to a budget of characters. An idle service so answers a lone request at once, and a busy
one fills its batches by itself. Whoever's deadline has passed, or who has hung up, leaves the queue before any work
is done for them.

The lines of streams wait in queues of their own. They are bounded by each stream's window rather than here, and take
turns with the requests: after a micro-batch of requests comes one of lines, and it is short, so that a stream which
always has more to send hardly delays anybody.
"""

import asyncio
from collections import OrderedDict
from collections.abc import Callable, Sequence
from concurrent.futures import ThreadPoolExecutor
from time import perf_counter

import structlog

from spanwise.pipelines import Analyzer, Document
from spanwise.service.errors import CallerGone, DeadlineExceeded, InternalError, Overloaded, ShuttingDown
from spanwise.service.queue.drain_rate import DrainRate
from spanwise.service.queue.submission import Job, Outcome, Submission, analyze_each
from spanwise.service.telemetry.metrics import Metrics

log = structlog.get_logger(__name__)

STREAM_SLICE_SECONDS = 0.001
"""How long a micro-batch of streams' lines is meant to take: about as long as one short text, twice."""


class Batcher:
    """One per worker. Everything but the analysis itself happens on the event loop."""

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
        """`document_characters`: what a document costs a micro-batch beyond its own characters."""
        self._executor = executor
        self._threads = threads
        self._max_queued = max_queued_characters
        self._budget = batch_characters
        self._per_document = document_characters
        self._metrics = metrics or Metrics()
        self._loop = asyncio.get_running_loop()
        self._queues: dict[tuple[str, bool], OrderedDict[Job, None]] = {}  # by language, and whether it is streamed
        self._streams_turn = False
        self._running: dict[int, tuple[float, int]] = {}
        self._batches = 0
        self._dispatching = False
        self._submissions: set[Submission] = set()
        self._accepting = True
        self._drain_deadline: float | None = None
        self._idle = asyncio.Event()
        self._idle.set()
        self.queued_characters = 0  # of requests; what streams have waiting is bounded by their windows
        self.drain_rate = DrainRate()

    @property
    def accepting(self) -> bool:
        """False from the moment a shutdown begins."""
        return self._accepting

    def longest_run(self) -> float:
        """Seconds since the oldest micro-batch that is not done yet was started; 0 when none runs."""
        now = perf_counter()
        return max((now - started for started, _ in self._running.values()), default=0.0)

    def stalled(self, seconds: float) -> bool:
        """Whether a micro-batch has run for so long, or work waits although nothing runs."""
        waiting = any(self._queues.values())
        return self.longest_run() > seconds or (waiting and not self._running and not self._dispatching)

    async def wait(
        self, submission: Submission, seconds: float, on_disconnect: "asyncio.Future[None] | None" = None
    ) -> None:
        """Wait until every document has its outcome, `seconds` at most.

        Raises `DeadlineExceeded`, `ShuttingDown` when a drain gives it up, or `CallerGone` once `on_disconnect` is
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
        """After so many seconds its future gets a `DeadlineExceeded`, unless the timer is cancelled."""
        return self._loop.call_later(seconds, self._give_up, submission, DeadlineExceeded)

    def withdraw(self, submission: Submission) -> None:
        """Take out of the queue what is still in it; whoever admitted must call this, or `wait`, in the end."""
        submission.finished = submission.finished or perf_counter()
        self._withdraw(submission)

    def retry_after(self) -> int:
        """Whole seconds until what waits and runs now is likely to be done."""
        running = sum(characters for _, characters in self._running.values())
        return self.drain_rate.retry_after(self.queued_characters + running, self._threads)

    def admit(
        self, request_id: str, work: Sequence[tuple[Analyzer, Document]], *, streamed: bool = False
    ) -> Submission:
        """Queue the documents of a request, all or none; its `outcomes` will be in the order of `work`.

        Raises `ShuttingDown`, or `Overloaded` unless it is a line of a stream. Whoever admits must `wait`.
        """
        if not self._accepting:
            raise ShuttingDown(self.retry_after())
        characters = 0 if streamed else sum(len(document.text) for _, document in work)
        if self.queued_characters + characters > self._max_queued:
            raise Overloaded(self.retry_after())
        submission = Submission(
            request_id, [None] * len(work), self._loop.create_future(), perf_counter(), streamed, pending=len(work)
        )
        for index, (analyzer, document) in enumerate(work):
            job = Job(submission, index, analyzer, document)
            submission.queued.add(job)
            self._queues.setdefault((analyzer.language, streamed), OrderedDict())[job] = None
        self.queued_characters += characters
        self._metrics.admitted(work)
        self._submissions.add(submission)
        self._idle.clear()
        self._dispatch_soon()
        return submission

    def _give_up(self, submission: Submission, error: Callable[[], Exception]) -> None:
        if not submission.future.done():
            self._withdraw(submission)
            submission.future.set_exception(error())

    def _withdraw(self, submission: Submission) -> None:
        """Take out of the queue what is still in it."""
        for job in submission.queued:
            self._metrics.dropped(job.analyzer.language, len(job.document.text))
            self._take(self._queues[job.analyzer.language, submission.streamed], job)
        submission.queued.clear()
        self._submissions.discard(submission)
        if not self._submissions and not self._running:
            self._idle.set()

    def _dispatch_soon(self) -> None:
        """Once this turn of the event loop is over, so that what arrived in one turn shares a batch."""
        if not self._dispatching:
            self._dispatching = True
            self._loop.call_soon(self._dispatch)

    def _dispatch(self) -> None:
        self._dispatching = False
        while len(self._running) < self._threads and (batch := self._next_batch()):
            self._batches += 1
            number, started = self._batches, perf_counter()
            self._running[number] = started, sum(len(job.document.text) for job in batch)
            for job in batch:
                job.submission.started = job.submission.started or started
            self._executor.submit(self._run, number, batch)

    def _next_batch(self) -> list[Job]:
        """What waits for one analyzer, the one whose first document has waited longest, up to the budget.

        Requests and streams take turns when both wait.
        """
        kinds = {streamed for (_, streamed), queue in self._queues.items() if queue}
        if not kinds:
            return []
        turn = self._streams_turn if len(kinds) > 1 else kinds.pop()
        self._streams_turn = not turn
        waiting = [queue for (_, streamed), queue in self._queues.items() if queue and streamed == turn]
        queue = min(waiting, key=lambda queue: next(iter(queue)).submission.submitted)
        batch: list[Job] = []
        left = self._slice() if turn else self._budget
        while queue:
            job = next(iter(queue))
            length = len(job.document.text)
            if batch and length + self._per_document > left:
                break
            self._take(queue, job)
            job.submission.queued.discard(job)
            left -= length + self._per_document
            batch.append(job)
        return batch

    def _take(self, queue: "OrderedDict[Job, None]", job: Job) -> None:
        del queue[job]
        if not job.submission.streamed:
            self.queued_characters -= len(job.document.text)

    def _slice(self) -> int:
        """The budget of a micro-batch of lines, in characters."""
        rate = self.drain_rate.characters_per_second
        return min(self._budget, int(rate * STREAM_SLICE_SECONDS)) if rate else self._budget

    def _run(self, number: int, batch: list[Job]) -> None:
        """On an NLP thread."""
        started = perf_counter()
        outcomes = analyze_each(batch[0].analyzer, [job.document for job in batch])
        seconds = perf_counter() - started
        self._loop.call_soon_threadsafe(self._finish, number, batch, outcomes, seconds)

    def _finish(self, number: int, batch: list[Job], outcomes: list[Outcome], seconds: float) -> None:
        _, characters = self._running.pop(number)
        self.drain_rate.record(characters, seconds)
        self._metrics.analyzed(batch[0].analyzer.language, outcomes, characters, seconds)
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
                request_id = job.submission.request_id
                log.error("analysis_failed", request_id=request_id, document=job.index, exc_info=outcome)

    async def drain(self, seconds: float) -> bool:
        """Accept nothing more and finish what was accepted. After `seconds` the rest is refused: False.

        Only the first call sets the time: a later one waits for what is left of it.
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
