"""Places in line: what makes the `Retry-After` of a refusal hold.

Whoever is refused gets a place: a time at which the work before it is likely to be done, which `Retry-After` tells. The
times are handed out one after the other, for a half of what the queue drains, so that not everybody returns at once.
When a caller returns in time, by the very same body, room is there: from a second before its time on, requests without
a place leave some. Many callers never return. The share of those who do is measured, and shortens the line.

Nothing of a body is kept but a hash. A worker knows its own line only: who returns to another worker comes as anybody.
"""

from collections import deque
from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

from spanwise.service.queue.submission import Kind

_LEAD_SECONDS = 1.0  # how long before a place's time room is left for it
_GRACE_SECONDS = 5.0  # how late a caller may return
_MAX_PLACES = 30_000  # 8 MB
_LONGEST_SECONDS = 600.0
_PROMISED = 0.5  # of what the queue drains: times come no closer than that, or a few more who return would find it full
_EXPECTED_SHARE = 0.5  # of refused callers who return, until it is measured
_NEWEST_COUNTS = 0.02  # of the share of callers who return
_SMALLEST_SHARE = 0.05


class Size(NamedTuple):
    """What a request is to the queue: its kind, characters and estimated microseconds."""

    kind: Kind
    characters: int
    cost: int


@dataclass(slots=True, eq=False)
class _Place:
    identity: int
    kind: Kind
    time: float
    characters: int
    cost: int
    due: bool = False
    """Whether its caller may return now."""
    live: bool = True
    """False once its caller has returned or has let the time pass."""


class PlacesInLine:
    """The places of all requests that were refused."""

    def __init__(self, clock: Callable[[], float]) -> None:
        """`clock` gives seconds."""
        self._clock = clock
        self.given: dict[int, _Place] = {}
        """Who has a place, by identity."""
        self._coming: deque[_Place] = deque()
        self._due: deque[_Place] = deque()
        self._end = 0.0
        """The time of the next place."""
        self._returning = _EXPECTED_SHARE
        """The share of callers who return in time."""
        self.characters = [0, 0]
        """Characters of the requests that may return now, by kind."""
        self.costs = [0, 0]
        """Their estimated microseconds, by kind."""

    def advance(self) -> None:
        """Let time pass: call before `characters`, `costs` or `is_due` are read."""
        now = self._clock()
        while self._coming and self._coming[0].time - _LEAD_SECONDS <= now:
            place = self._coming.popleft()
            place.due = True
            self._due.append(place)
            self.characters[place.kind] += place.characters
            self.costs[place.kind] += place.cost
        while self._due and (not self._due[0].live or self._due[0].time + 1 + _GRACE_SECONDS <= now):
            if self._due[0].live:
                self._end_of(self._due[0], returned=False)
            self._due.popleft()

    def is_due(self, identity: int | None) -> bool:
        """Say whether a request returns at the time that it was told."""
        place = self.given.get(identity) if identity is not None else None
        return place is not None and place.due

    def take(self, identity: int | None) -> None:
        """Give up the place of a request that is admitted."""
        if identity is not None and (place := self.given.get(identity)) and place.due:
            self._end_of(place, returned=True)

    def give(self, identity: int | None, size: Size, wait: float, cost_per_second: float) -> float:
        """Return the seconds after which a refused request should return, and give it a place if it has none.

        `wait` is how long the work before it is likely to take; `cost_per_second` is what all threads get done. A
        request without an `identity` gets no place, nor does one for which the line is too long.
        """
        now = self._clock()
        if identity is not None and (place := self.given.get(identity)):
            return max(place.time - now, 0.0)
        if not self.given:
            self._end = now
        time = max(now + wait, self._end)
        if time - now > _LONGEST_SECONDS:
            return _LONGEST_SECONDS
        if identity is not None and len(self.given) < _MAX_PLACES:
            place = self.given[identity] = _Place(identity, size.kind, time, size.characters, size.cost)
            self._coming.append(place)
            self._end = time + size.cost * max(self._returning, _SMALLEST_SHARE) / (_PROMISED * cost_per_second)
        return time - now

    def _end_of(self, place: _Place, *, returned: bool) -> None:
        """End a place that is due."""
        place.live = False
        del self.given[place.identity]
        self.characters[place.kind] -= place.characters
        self.costs[place.kind] -= place.cost
        self._returning += _NEWEST_COUNTS * (returned - self._returning)
