"""The measured rate at which NLP threads drain the queue; `Retry-After` is computed from it."""

import math

_HALF_LIFE_SECONDS = 10.0  # of analysis, not of wall time: an idle service keeps its rate
_LONGEST_RETRY_AFTER = 600


class DrainRate:
    """Characters per second of one NLP thread, over the last ten or twenty seconds of its work."""

    def __init__(self) -> None:
        self._characters = 0.0
        self._seconds = 0.0

    def record(self, characters: int, seconds: float) -> None:
        """Record the characters of a micro-batch and the seconds that its analysis took."""
        fade = 0.5 ** (seconds / _HALF_LIFE_SECONDS)
        self._characters = self._characters * fade + characters
        self._seconds = self._seconds * fade + seconds

    @property
    def characters_per_second(self) -> float:
        """The rate of one thread; 0 as long as nothing was measured."""
        return self._characters / self._seconds if self._seconds else 0.0

    def retry_after(self, waiting_characters: int, threads: int) -> int:
        """Return the whole seconds, 1 to 600, until so many characters are likely to be done."""
        rate = self.characters_per_second * threads
        if not rate:
            return 1
        return max(1, min(_LONGEST_RETRY_AFTER, math.ceil(waiting_characters / rate)))
