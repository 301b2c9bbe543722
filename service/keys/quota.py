"""Quotas: how much a caller may take, as buckets that are given back steadily (the generic cell rate algorithm, GCRA).

A bucket holds what is allowed in a minute. Whatever is taken comes back evenly, so a caller that has used up all of it
gets the next request after a minute divided by the limit, not at the end of some minute. All that a bucket needs to be
remembered by is one time: when everything that was taken will have come back. A caller may take more characters than
are left, once: a debt, which must come back first. So no legal request is ever too large for a quota.
"""

import math
from typing import NamedTuple

WINDOW_SECONDS = 60
"""The time in which a bucket that was used up is full again."""

_ROUNDING = 1e-6  # of a unit; the times are floating-point numbers


class Quota(NamedTuple):
    """What a caller may take in a minute; 0 sets no limit."""

    requests: int
    characters: int

    def __bool__(self) -> bool:
        """Say whether anything is limited."""
        return bool(self.requests or self.characters)


class Spent(NamedTuple):
    """For how many seconds from now on a part of each bucket is still missing; 0 for a full one."""

    requests: float
    characters: float


def seconds_of(amount: int, limit: int) -> float:
    """Return how long it takes until so much has come back; 0 where there is no limit."""
    return amount * WINDOW_SECONDS / limit if limit else 0.0


def remaining(spent: float, limit: int) -> int:
    """Return how much of a bucket is left, in whole units."""
    return max(0, math.floor(limit * (1 - spent / WINDOW_SECONDS) + _ROUNDING))


def wait_of(spent: float, limit: int) -> float:
    """Return the seconds until a whole unit of a bucket is left; 0 if one is now, or if there is no limit."""
    if not limit or remaining(spent, limit):
        return 0.0
    return spent - WINDOW_SECONDS + WINDOW_SECONDS / limit


def wait_for(spent: Spent, quota: Quota) -> float:
    """Return the seconds until both buckets allow a request; 0 if they do now."""
    return max(wait_of(spent.requests, quota.requests), wait_of(spent.characters, quota.characters))


def policy_header(quota: Quota) -> bytes:
    """Return the value of `RateLimit-Policy` (draft-ietf-httpapi-ratelimit-headers-10)."""
    parts = [f'"{what}";q={limit};w={WINDOW_SECONDS}' for what, limit in quota._asdict().items() if limit]
    return ", ".join(parts).encode()


def state_headers(spent: Spent, quota: Quota) -> list[tuple[bytes, bytes]]:
    """Return `RateLimit` with every bucket, and the three older fields for the one that is nearer to its end."""
    parts: list[str] = []
    nearest: tuple[float, int, int, int] | None = None
    for what, seconds, limit in (("requests", spent[0], quota[0]), ("characters", spent[1], quota[1])):
        if limit:
            left, reset = remaining(seconds, limit), math.ceil(seconds)
            parts.append(f'"{what}";r={left};t={reset}')
            if nearest is None or left / limit < nearest[0]:
                nearest = left / limit, limit, left, reset
    if nearest is None:
        return []
    _, limit, left, reset = nearest
    return [
        (b"ratelimit", ", ".join(parts).encode()),
        (b"ratelimit-limit", b"%d" % limit),
        (b"ratelimit-remaining", b"%d" % left),
        (b"ratelimit-reset", b"%d" % reset),
    ]
