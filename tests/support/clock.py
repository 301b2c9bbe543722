"""A clock that a test sets."""


class Clock:
    """Tells the time that it was set to, in seconds. It stands still."""

    def __init__(self, now: float = 1000.0) -> None:
        self.now = now

    def __call__(self) -> float:
        """Return the time."""
        return self.now
