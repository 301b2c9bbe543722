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
from spanwise.service.queue.places import PlacesInLine
from spanwise.service.queue.submission import SHORT, Kind
from spanwise.service.queue.waiting import WaitingJobs

_LONGEST_RETRY_AFTER = 600  # seconds
_LEFT_FOR_SHORT = 8  # an eighth of the bounds, at most, is left for short requests that have a place in line


@dataclass(frozen=True, slots=True)
class Bound:
    """How much may wait, and how much of that is for short and for long requests alone."""

    total: int
    short: int = 0
    long: int = 0

    def fits(self, kind: Kind, more: int, waiting: list[int]) -> bool:
        """Say whether so much more of a kind may wait."""
        short, long, _ = waiting
        others = max(long, self.long) if kind == SHORT else max(short, self.short)
        return (short if kind == SHORT else long) + more + others <= self.total

    def left(self, kind: Kind, due: int) -> int:
        """Return what requests without a place leave, when so much is due for those who have one."""
        return min(due, self.total // _LEFT_FOR_SHORT if kind == SHORT else self.long)


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
        self._places = [PlacesInLine(clock), PlacesInLine(clock)]  # by kind
        self.running_cost = 0
        """Estimated microseconds of the micro-batches that are being analysed."""

    def retry_after(self) -> int:
        """Return the whole seconds, 1 to 600, until what waits or runs now is likely to be done."""
        return _whole_seconds(self._wait())

    def admit(self, kind: Kind, characters: int, cost: int, identity: int | None) -> None:
        """Return if a request fits, else raise `Overloaded`. `identity` is a hash by which a returning one is known."""
        places = self._places[kind]
        if places.given:
            places.advance()
        if not self._fits(kind, characters, cost, identity):
            self._refuse(kind, characters, cost, identity)
        if places.given:
            places.take(identity)

    def refuse_early(self, body_bytes: int, identity: int) -> None:
        """Raise `Overloaded` for a body that is not even parsed yet, if it is likely to be refused once it is.

        That is a small body when half of its bytes, as text that costs what the waiting ones do, would not fit.
        """
        waiting = self._waiting.characters[SHORT]
        if waiting and self._waiting.budget.is_half(body_bytes, 1, 0):
            places = self._places[SHORT]
            if places.given:
                places.advance()
            characters = 1 + body_bytes // 2
            cost = 1 + self._waiting.costs[SHORT] * characters // waiting
            if not self._fits(SHORT, characters, cost, identity):
                self._refuse(SHORT, characters, cost, identity)

    def _fits(self, kind: Kind, characters: int, cost: int, identity: int | None) -> bool:
        """Say whether a request fits: into the bounds, and without the room of those whose place in line is due.

        Costs count by the measured drain rate, so that the bound of seconds holds where estimates are too low. Whatever
        a request costs, it fits where no other of its kind waits. Nothing is left for callers in line while less than
        half of a bound is taken, since there is room enough.
        """
        waiting, places = self._waiting, self._places[kind]
        more_characters, more_cost = characters, cost
        if places.given and not places.is_due(identity):
            if 2 * sum(waiting.characters[:2]) > self._characters.total:
                more_characters += self._characters.left(kind, places.characters)
            if 2 * sum(waiting.costs[:2]) > self._cost.total:
                more_cost += self._cost.left(kind, places.cost)
        if not self._characters.fits(kind, more_characters, waiting.characters):
            return False
        if not waiting.costs[kind]:
            return True
        slowness = max(1.0, 1e6 / self._drain_rate.cost_per_second)
        costs = [int(cost * slowness) for cost in waiting.costs]
        return self._cost.fits(kind, int(more_cost * slowness), costs)

    def _refuse(self, kind: Kind, characters: int, cost: int, identity: int | None) -> None:
        seconds = self._places[kind].give(identity, characters, cost, self._wait(), self._cost_per_second())
        raise Overloaded(_whole_seconds(seconds))

    def _wait(self) -> float:
        """Return the seconds until the requests that wait, and what runs now, are likely to be done."""
        return (sum(self._waiting.costs[:2]) + self.running_cost) / self._cost_per_second()

    def _cost_per_second(self) -> float:
        return self._drain_rate.cost_per_second * self._threads


def _whole_seconds(seconds: float) -> int:
    return max(1, min(_LONGEST_RETRY_AFTER, math.ceil(seconds)))
