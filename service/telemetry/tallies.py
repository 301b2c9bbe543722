"""Numbers of prometheus_client's that are added to in place, for what is counted with every request.

prometheus_client takes a lock for each number that it changes, and for a group of workers it also packs the number into
a mapped file: some microseconds for a request. A tally finds out once where a number lies, as a double in the mapped
file or in a list of its own, and adds to it there. Tallies are used on one thread, the event loop's: nothing else
changes their numbers. A number that lies in a list is copied into prometheus_client's object before a scrape (`fold`).
"""

from bisect import bisect_left
from collections.abc import MutableSequence, Sequence
from typing import Any

from prometheus_client import Counter, Gauge, Histogram

_DOUBLE_BYTES = 8

Numbers = MutableSequence[float]
"""A list, or the doubles of a mapped file."""


class Tallies:
    """The tallies of one process, made from prometheus_client's series."""

    def __init__(self) -> None:
        self._in_memory: list[tuple[Any, Numbers, int]] = []

    def of(self, series: Counter | Gauge) -> "Tally":
        """Return the tally of a series, which must have values for all of its labels."""
        numbers, (place,) = self._locate([series._value])  # noqa: SLF001 - no public name leads to the number
        return Tally(numbers, place)

    def of_histogram(self, series: Histogram, bounds: Sequence[float]) -> "HistogramTally":
        """Return the tally of a histogram's series. `bounds` are the upper bounds that it was made with."""
        values = [series._sum, *series._buckets]  # noqa: SLF001 - as above
        numbers, (total, *buckets) = self._locate(values)
        return HistogramTally(numbers, total, buckets, bounds)

    def fold(self) -> None:
        """Copy the numbers that lie in lists into prometheus_client's objects. Call before they are read."""
        for value, numbers, place in self._in_memory:
            value.set(numbers[place])

    def _locate(self, values: list[Any]) -> tuple[Numbers, list[int]]:
        """Return the doubles among which the values lie, and the place of each."""
        file = getattr(values[0], "_file", None)
        if file is not None:  # the latest mapping holds the whole file, whichever value was made last
            numbers: Any = memoryview(file._m).cast("d")  # noqa: SLF001
            return numbers, [file._positions[value._key] // _DOUBLE_BYTES for value in values]  # noqa: SLF001
        in_memory: Numbers = [float(value.get()) for value in values]
        self._in_memory += [(value, in_memory, place) for place, value in enumerate(values)]
        return in_memory, list(range(len(values)))


class Tally:
    """A number that can be added to."""

    __slots__ = ("_numbers", "_place")

    def __init__(self, numbers: Numbers, place: int) -> None:
        self._numbers = numbers
        self._place = place

    def add(self, amount: float) -> None:
        """Add an amount, which may be negative if the number is a gauge."""
        self._numbers[self._place] += amount


class HistogramTally:
    """A histogram that observes amounts."""

    __slots__ = ("_bounds", "_buckets", "_numbers", "_total")

    def __init__(self, numbers: Numbers, total: int, buckets: list[int], bounds: Sequence[float]) -> None:
        """`total` and `buckets` are places among the numbers; the last bucket is for what exceeds every bound."""
        self._numbers = numbers
        self._total = total
        self._buckets = buckets
        self._bounds = bounds

    def observe(self, amount: float) -> None:
        """Count an amount in its bucket, and add it to the sum."""
        numbers = self._numbers
        numbers[self._total] += amount
        numbers[self._buckets[bisect_left(self._bounds, amount)]] += 1.0
