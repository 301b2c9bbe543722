"""When a request is sent again, by the table "Trying again" of the service's documentation.

    503 overloaded        after Retry-After, the same body again
    503 shutting_down     at once: another instance answers
    429 rate_limited      after Retry-After
    500 internal_error    once more at most: the same text is likely to fail again
    408, 502, 503 of a gateway, and no answer at all    after a short time, which doubles
    504 deadline_exceeded, any other 4xx                never: nothing would change

A time limit of the caller's own that has passed counts as a 504.
"""

import random
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime

_FIRST_DELAY, _LONGEST_DELAY = 0.1, 5.0
_MOST_JITTER = 0.5  # seconds after Retry-After; the service keeps a place for 5


@dataclass(frozen=True)
class Retries:
    """How patient a client is: how often it sends a request, and how many seconds it waits at most before one try.

    Where the service asks for a longer wait, as for a quota of a day, its refusal is given to the caller at once.
    """

    tries: int = 5
    longest_wait: float = 30.0


class Tries:
    """The tries of one request."""

    def __init__(self, retries: Retries) -> None:
        self._retries = retries
        self._failed = 0
        self._failed_inside = False

    def wait_after_answer(self, status: int, code: str, headers: Mapping[str, str]) -> float | None:
        """Return how many seconds to wait before the request is sent again, or None if it is not."""
        if self._is_last() or code == "not_ready":
            return None
        match status:
            case 503 if code == "shutting_down" and self._failed == 1:
                return 0.0
            case 429 | 503:
                return self._as_told(headers)
            case 500 if not self._failed_inside:
                self._failed_inside = True
                return self._delay()
            case 408 | 502:
                return self._delay()
        return None

    def wait_after_break(self) -> float | None:
        """Return the same for a connection that broke, or was never made."""
        return None if self._is_last() else self._delay()

    def _is_last(self) -> bool:
        self._failed += 1
        return self._failed >= self._retries.tries

    def _as_told(self, headers: Mapping[str, str]) -> float | None:
        told = _seconds(headers.get("Retry-After", ""))
        if told is None:
            return self._delay()
        return told + random.uniform(0, _MOST_JITTER) if told <= self._retries.longest_wait else None

    def _delay(self) -> float:
        """Return a random time below a bound that doubles, so that callers do not come back all at once."""
        return random.uniform(0, min(_LONGEST_DELAY, _FIRST_DELAY * 2**self._failed))


def _seconds(retry_after: str) -> float | None:
    """Read a Retry-After in seconds, or as a date, which a gateway may send."""
    if retry_after.isdecimal():
        return float(retry_after)
    try:
        moment = parsedate_to_datetime(retry_after)
    except ValueError:
        return None
    moment = moment if moment.tzinfo else moment.replace(tzinfo=UTC)
    return max(0.0, (moment - datetime.now(UTC)).total_seconds())
