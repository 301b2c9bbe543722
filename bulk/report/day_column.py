"""The days of a column of dates, whatever its type, and the periods that a plot of them is cut into."""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import date, timedelta
from typing import NamedTuple

import pyarrow as pa
import pyarrow.compute as pc

_MOST_PERIODS = 40
_MOST_YEARS = 40


class Periods(NamedTuple):
    """The periods of a plot, in order, those without a row included."""

    unit: str
    """`day`, `week`, `month`, `quarter` or `year`."""
    counts: list[tuple[str, Counter[str]]]
    left_out: int
    """Rows outside of the 40 years that have most rows: dates such as 9999-12-31 stand for none."""


def days_of(column: pa.Array, name: str) -> pa.Array:
    """Return the day of each row, null without one: of dates, times (in their own zone), or texts that begin with one.

    Raises `ValueError` for a column of another type.
    """
    if pa.types.is_dictionary(column.type):
        column = column.dictionary_decode()
    kind = column.type
    if pa.types.is_date(kind) or pa.types.is_timestamp(kind):
        return column.cast(pa.date32(), safe=False)
    if pa.types.is_null(kind):
        return pa.nulls(len(column), pa.date32())
    if not (pa.types.is_string(kind) or pa.types.is_large_string(kind) or pa.types.is_string_view(kind)):
        raise ValueError(
            f"The column {name!r} holds {kind}: dates are dates, times, or texts that begin with YYYY-MM-DD."
        )
    begins = pc.utf8_slice_codeunits(column.cast(pa.string()), 0, 10).dictionary_encode()
    return pa.array(map(_day, begins.dictionary.to_pylist()), pa.date32()).take(begins.indices)


def _day(text: str) -> date | None:
    try:
        return date.fromisoformat(text) if len(text) == len("YYYY-MM-DD") else None
    except ValueError:
        return None


def periods_of(days: Mapping[date, Counter[str]]) -> Periods:
    """Cut days into the smallest periods of which no more than 40 are needed."""
    first_year = _fullest_years(days)
    drawn = {day: counts for day, counts in days.items() if first_year <= day.year < first_year + _MOST_YEARS}
    first, last = min(drawn), max(drawn)
    every_day = [first + timedelta(days=number) for number in range((last - first).days + 1)]
    unit = next((unit for unit in _STARTS if len(set(map(_STARTS[unit], every_day))) <= _MOST_PERIODS), "year")
    start_of = _STARTS[unit]
    counted = {start: Counter[str]() for start in dict.fromkeys(map(start_of, every_day))}
    for day, counts in drawn.items():
        counted[start_of(day)] += counts
    left_out = sum(map(Counter.total, days.values())) - sum(map(Counter.total, drawn.values()))
    return Periods(unit, [(_NAMES[unit](start), counts) for start, counts in counted.items()], left_out)


def _fullest_years(days: Mapping[date, Counter[str]]) -> int:
    """Return the first of the 40 years that have most rows; of several the earliest."""
    years: Counter[int] = Counter()
    for day, counts in days.items():
        years[day.year] += counts.total()
    return max(sorted(years), key=lambda first: sum(years[year] for year in range(first, first + _MOST_YEARS)))


_STARTS: dict[str, Callable[[date], date]] = {
    "day": lambda day: day,
    "week": lambda day: day - timedelta(days=min(day.weekday(), day.toordinal() - 1)),  # from Monday
    "month": lambda day: day.replace(day=1),
    "quarter": lambda day: day.replace(month=(day.month - 1) // 3 * 3 + 1, day=1),
    "year": lambda day: day.replace(month=1, day=1),
}
_NAMES: dict[str, Callable[[date], str]] = {
    "day": date.isoformat,
    "week": date.isoformat,
    "month": lambda start: f"{start.year:04}-{start.month:02}",
    "quarter": lambda start: f"{start.year:04} Q{(start.month + 2) // 3}",
    "year": lambda start: f"{start.year:04}",
}
