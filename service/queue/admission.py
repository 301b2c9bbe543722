"""Admission: what may wait, and when whoever is refused should return.

The queue is bounded in characters, which bounds its memory, and in estimated seconds of work, which bounds the wait.
Short and long requests each have a part of both bounds for themselves and share the rest, so that neither kind can shut
out the other by filling the queue. Lines of streams are bounded by each stream's window instead.
"""

import math
from collections.abc import Callable
from dataclasses import dataclass

from spanwise.service.errors import Overloaded
from spanwise.service.queue.drain_rate import DrainRate
from spanwise.service.queue.places import PlacesInLine, Size
from spanwise.service.queue.submission import LONG, SHORT, Kind
from spanwise.service.queue.waiting import WaitingJobs

_LONGEST_RETRY_AFTER = 600  # seconds
_LEFT = 8  # an eighth of the bounds, at most, is left for short requests that have a place in line, and for long ones


@dataclass(frozen=True, slots=True)
class Bound:
    """How much may wait, and how much of that is for short and for long requests alone."""

    total: int
    short: int = 0
    long: int = 0

    def fits(self, kind: Kind, more: int, waiting: list[int]) -> bool:
        """Say whether so much more of a kind may wait."""
        return waiting[kind] + more <= self._room(kind, waiting)

    def is_tight(self, kind: Kind, waiting: list[int]) -> bool:
        """Say whether more than half of what a kind may have is taken."""
        return 2 * waiting[kind] > self._room(kind, waiting)

    def _room(self, kind: Kind, waiting: list[int]) -> int:
        """Return how much of a kind may wait beside what waits of the other, or is for the other alone."""
        return self.total - (max(waiting[LONG], self.long) if kind == SHORT else max(waiting[SHORT], self.short))

    def left(self, kind: Kind, due: list[int]) -> int:
        """Return what requests without a place leave, when so much of either kind is due for those who have one.

        An estimate may make a short request of one that was long, or the other way: so each leaves some for both.
        """
        part = self.total // _LEFT
        return min(due[SHORT], part) + min(due[LONG], part if kind == SHORT else max(part, self.long))


def character_bound(total: int, largest_request: int, longest_short: int) -> Bound:
    """Divide the bound of characters: a half, or what the largest legal request needs, for long requests.

    Short requests have at least a quarter, or what the largest legal request leaves. Where no request can be long,
    nothing is divided.
    """
    if largest_request <= longest_short:
        return Bound(total)
    return Bound(total, short=min(total // 4, total - largest_request), long=min(total // 2, largest_request))


class Admission:
    """Admits or refuses requests. Used on the event loop alone."""

    def __init__(
        self,
        waiting: WaitingJobs,
        drain_rate: DrainRate,
        threads: int,
        characters: Bound,
        cost: Bound,
        *,
        clock: Callable[[], float],
    ) -> None:
        """`cost` is in microseconds of an NLP thread; `clock` gives seconds."""
        self._waiting = waiting
        self._drain_rate = drain_rate
        self._threads = threads
        self._characters = characters
        self._cost = cost
        self._places = PlacesInLine(clock)
        self.running_cost = 0
        """Estimated microseconds of the micro-batches that are being analysed."""

    def retry_after(self) -> int:
        """Return the whole seconds, 1 to 600, until what waits or runs now is likely to be done."""
        return _whole_seconds(self._wait())

    def admit(self, size: Size, identity: int | None) -> None:
        """Return if a request fits, else raise `Overloaded`. `identity` is a hash by which a returning one is known."""
        if not (places := self._places).given:
            if not self._fits(size, None):
                self._refuse(size, identity)
            return
        places.advance()
        if not self._fits(size, identity):
            self._refuse(size, identity)
        places.take(identity)

    def refuse_early(self, body_bytes: int, identity: int) -> None:
        """Raise `Overloaded` for a body that is not even parsed yet, if it is likely to be refused once it is.

        That is a small body when half of its bytes, as text that costs what the waiting ones do, would not fit.
        """
        if waiting := self._waiting.characters[SHORT]:
            characters = 1 + body_bytes // 2
            cost = 1 + self._waiting.costs[SHORT] * characters // waiting
            if self._waiting.budget.is_half(body_bytes, 1, cost):
                self._places.advance()
                size = Size(SHORT, characters, cost)
                if not self._fits(size, identity):
                    self._refuse(size, identity)

    def _fits(self, size: Size, identity: int | None) -> bool:
        """Say whether a request fits: into the bounds, and without the room of those whose place in line is due.

        Costs count by the measured drain rate, so that the bound of seconds holds where estimates are too low; but not
        against callers whose place is due, since a machine may have slowed down since they were told. Whatever a
        request costs, it fits where no other of its kind waits. Nothing is left for callers in line while less than
        half of what its kind may have is taken, since there is room enough.
        """
        waiting, places = self._waiting, self._places
        kind, characters, cost = size
        is_due = bool(places.given) and places.is_due(identity)
        if places.given and not is_due:
            if self._characters.is_tight(kind, waiting.characters):
                characters += self._characters.left(kind, places.characters)
            if self._cost.is_tight(kind, waiting.costs):
                cost += self._cost.left(kind, places.costs)
        if not self._characters.fits(kind, characters, waiting.characters):
            return False
        if not waiting.costs[kind]:
            return True
        slowness = 1.0 if is_due else max(1.0, 1e6 / self._drain_rate.cost_per_second)
        costs = [int(one * slowness) for one in waiting.costs]
        return self._cost.fits(kind, int(cost * slowness), costs)

    def _refuse(self, size: Size, identity: int | None) -> None:
        raise Overloaded(_whole_seconds(self._places.give(identity, size, self._wait(), self._cost_per_second())))

    def _wait(self) -> float:
        """Return the seconds until the requests that wait, and what runs now, are likely to be done."""
        return (sum(self._waiting.costs[:2]) + self.running_cost) / self._cost_per_second()

    def _cost_per_second(self) -> float:
        return self._drain_rate.cost_per_second * self._threads


def _whole_seconds(seconds: float) -> int:
    return max(1, min(_LONGEST_RETRY_AFTER, math.ceil(seconds)))
