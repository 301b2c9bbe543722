"""How fast the NLP threads drain the queue, as measured: what `Retry-After` is computed from."""

import math

_HALF_LIFE_SECONDS = 10.0  # of work, not of wall time: an idle service forgets nothing
_LONGEST_RETRY_AFTER = 600


class DrainRate:
    """Characters per second of one NLP thread, over the last ten or twenty seconds of its work."""

    def __init__(self) -> None:
        self._characters = 0.0
        self._seconds = 0.0

    def record(self, characters: int, seconds: float) -> None:
        """A micro-batch of so many characters took so long."""
        fade = 0.5 ** (seconds / _HALF_LIFE_SECONDS)
        self._characters = self._characters * fade + characters
        self._seconds = self._seconds * fade + seconds

    @property
    def characters_per_second(self) -> float:
        """0 as long as nothing was measured."""
        return self._characters / self._seconds if self._seconds else 0.0

    def retry_after(self, waiting_characters: int, threads: int) -> int:
        """Whole seconds, at least 1, until so many characters are likely to be done."""
        rate = self.characters_per_second * threads
        if not rate:
            return 1
        return max(1, min(_LONGEST_RETRY_AFTER, math.ceil(waiting_characters / rate)))
