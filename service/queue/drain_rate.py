"""The measured rate at which NLP threads drain the queue; `Retry-After` is computed from it."""

_HALF_LIFE_SECONDS = 10.0  # of work, not of wall time: an idle service keeps its rate
_AS_ESTIMATED = 1e6  # microseconds of estimated cost in a second, as long as nothing was measured
_TAKEN_FOR_GRANTED = 1.0  # second at that rate: the first text of a worker may take a hundred times its estimate


class DrainRate:
    """Estimated cost that one NLP thread gets done in a second, over the last ten or twenty seconds of its work.

    It is 1,000,000 (microseconds a second) where estimates are right and a thread goes from one micro-batch to the next
    without waiting. Wrong estimates and a busy event loop both show in it.
    """

    def __init__(self) -> None:
        self._seconds = _TAKEN_FOR_GRANTED
        self._cost = _TAKEN_FOR_GRANTED * _AS_ESTIMATED

    def record(self, cost: float, seconds: float) -> None:
        """Record the estimated cost of a micro-batch, and the seconds for which it kept a thread."""
        fade = 0.5 ** (seconds / _HALF_LIFE_SECONDS)
        self._cost = self._cost * fade + cost
        self._seconds = self._seconds * fade + seconds

    @property
    def cost_per_second(self) -> float:
        """The rate of one thread."""
        return self._cost / self._seconds
