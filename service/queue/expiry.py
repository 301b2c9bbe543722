"""The deadlines of submissions, without a timer for each: nearly all are done long before their deadline.

A deadline that is far away is kept in a table and looked at twice a second; a timer of the event loop is started only
for one that has come near. So the usual request pays for two operations on a dictionary, a tenth of a timer's price.
"""

import asyncio
from collections.abc import Callable

from spanwise.service.queue.submission import Submission

_SWEEP_SECONDS = 0.5
_NEAR_SECONDS = 1.0  # more than a sweep's interval, so that no deadline passes between two sweeps


class Expiry:
    """The deadlines of one worker's submissions. Used on the event loop alone."""

    def __init__(self, loop: asyncio.AbstractEventLoop, expire: Callable[[Submission], object]) -> None:
        """`expire` is called with a submission whose deadline has passed, unless it was discarded before."""
        self._loop = loop
        self._expire = expire
        self._far: dict[Submission, float] = {}
        """Times of the event loop, in seconds."""
        self._near: dict[Submission, asyncio.TimerHandle] = {}
        self._sweeping = False

    def add(self, submission: Submission, seconds: float) -> None:
        """Let a submission expire after so many seconds."""
        if seconds < _NEAR_SECONDS:
            self._near[submission] = self._loop.call_later(seconds, self._end, submission)
            return
        self._far[submission] = self._loop.time() + seconds
        if not self._sweeping:
            self._sweeping = True
            self._loop.call_later(_SWEEP_SECONDS, self._sweep)

    def discard(self, submission: Submission) -> None:
        """Forget the deadline of a submission."""
        if self._far.pop(submission, None) is None and (timer := self._near.pop(submission, None)) is not None:
            timer.cancel()

    def _end(self, submission: Submission) -> None:
        self._near.pop(submission, None)
        self._expire(submission)

    def _sweep(self) -> None:
        """Start the timers of deadlines that have come near."""
        now = self._loop.time()
        near = [(one, time - now) for one, time in self._far.items() if time - now < _NEAR_SECONDS]
        for submission, seconds in near:
            del self._far[submission]
            self._near[submission] = self._loop.call_later(max(seconds, 0.0), self._end, submission)
        self._sweeping = bool(self._far)
        if self._sweeping:
            self._loop.call_later(_SWEEP_SECONDS, self._sweep)
