"""The documents that wait for an NLP thread, and the choice of the next micro-batch.

Every pipeline has two queues, one for requests and one for the lines of streams. When both kinds wait, they take
turns, and a micro-batch of lines is short, so that a stream which always has more to send hardly delays anybody.
"""

from collections import OrderedDict

from spanwise.service.queue.submission import Job

STREAM_SLICE_SECONDS = 0.001
"""How long a micro-batch of streams' lines is meant to take: about as long as two short texts."""


class WaitingJobs:
    """The queues of one worker. Used on the event loop alone."""

    def __init__(self, batch_characters: int, document_characters: int) -> None:
        """`document_characters` is what a document costs a micro-batch beyond its own characters."""
        self._budget = batch_characters
        self._per_document = document_characters
        self._queues: dict[tuple[int, bool], OrderedDict[Job, None]] = {}
        """By pipeline (the `id` of its analyzer), and whether the jobs are lines of streams."""
        self._streams_turn = False
        self.characters = 0
        """Characters of the requests that wait; those of streams are bounded by the streams' windows."""

    def __bool__(self) -> bool:
        """Say whether any document waits."""
        return any(self._queues.values())

    def add(self, job: Job) -> None:
        """Put a job at the end of its queue."""
        submission = job.submission
        self._queues.setdefault((id(job.analyzer), submission.streamed), OrderedDict())[job] = None
        if not submission.streamed:
            self.characters += len(job.document.text)

    def remove(self, job: Job) -> None:
        """Take a job out of its queue, wherever in the queue it is."""
        self._take(self._queues[id(job.analyzer), job.submission.streamed], job)

    def next_batch(self, characters_per_second: float) -> list[Job]:
        """Take jobs out of the queue whose first one has waited longest, up to the budget of characters.

        Requests and streams take turns when both wait. The rate at which the queue drains bounds a batch of lines; it
        is 0 where it is unknown. Returns an empty list when nothing waits.
        """
        kinds = {streamed for (_, streamed), queue in self._queues.items() if queue}
        if not kinds:
            return []
        streamed_now = self._streams_turn if len(kinds) > 1 else kinds.pop()
        self._streams_turn = not streamed_now
        waiting = [queue for (_, streamed), queue in self._queues.items() if queue and streamed == streamed_now]
        queue = min(waiting, key=lambda queue: next(iter(queue)).submission.submitted)
        left = self._budget
        if streamed_now and characters_per_second:
            left = min(left, int(characters_per_second * STREAM_SLICE_SECONDS))
        batch: list[Job] = []
        while queue:
            job = next(iter(queue))
            cost = len(job.document.text) + self._per_document
            if batch and cost > left:
                break
            self._take(queue, job)
            job.submission.queued.discard(job)
            left -= cost
            batch.append(job)
        return batch

    def _take(self, queue: "OrderedDict[Job, None]", job: Job) -> None:
        del queue[job]
        if not job.submission.streamed:
            self.characters -= len(job.document.text)
