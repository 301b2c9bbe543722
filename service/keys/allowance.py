"""What one request has of its caller's quota, and who counts: this service's workers, or a Redis for all replicas."""

import time
from typing import Protocol

from spanwise.service.keys.key_table import Caller
from spanwise.service.keys.quota import Spent, seconds_of, state_headers, wait_of
from spanwise.service.keys.quota_memory import QuotaMemory


class QuotaStoreDown(Exception):
    """Nobody can tell what a caller has taken, and the settings say that nobody is served then."""


class Quotas(Protocol):
    """Who counts what callers take."""

    async def take_request(self, caller: Caller) -> tuple[float, Spent]:
        """Take a request, if the quota allows one. Return the seconds to wait until then, and what is spent.

        Raises `QuotaStoreDown`.
        """

    def charge(self, allowance: "Allowance", characters: int) -> None:
        """Take characters, even more than are left, and tell the allowance what is spent then. Never waits."""

    async def close(self) -> None:
        """End what was begun."""


class Allowance:
    """The quota of a request's caller, as it was last heard of."""

    def __init__(self, quotas: Quotas, caller: Caller, wait: float, spent: Spent) -> None:
        self.caller = caller
        self.wait = wait
        """The seconds until the caller may send a request; 0 for one that was let in."""
        self._quotas = quotas
        self._spent = spent
        self._heard = time.monotonic()
        self.uncounted = 0
        """Characters that a Redis has not been told of yet."""

    def charge(self, characters: int) -> None:
        """Take the characters of texts that were accepted."""
        if self.caller.quota.characters:
            self._quotas.charge(self, characters)

    def hear(self, spent: Spent) -> None:
        """Take in what is spent now."""
        self._spent = spent
        self._heard = time.monotonic()

    def expect(self, characters: int) -> None:
        """Reckon with characters until it is heard what is spent."""
        spent = self.spent()
        self.hear(Spent(spent.requests, spent.characters + seconds_of(characters, self.caller.quota.characters)))

    def spent(self) -> Spent:
        """Return what is spent now, as far as is known."""
        passed = time.monotonic() - self._heard
        return Spent(max(self._spent.requests - passed, 0.0), max(self._spent.characters - passed, 0.0))

    def seconds_until_characters(self) -> float:
        """Return how long a stream must wait for its next line."""
        return wait_of(self.spent().characters, self.caller.quota.characters)

    @property
    def is_for_characters(self) -> bool:
        """Say whether it is characters that a refused request lacks."""
        spent, quota = self.spent(), self.caller.quota
        return wait_of(spent.characters, quota.characters) > wait_of(spent.requests, quota.requests)

    def headers(self) -> list[tuple[bytes, bytes]]:
        """Return the `RateLimit` fields of an answer."""
        return [(b"ratelimit-policy", self.caller.policy), *state_headers(self.spent(), self.caller.quota)]


class QuotasOfThisService:
    """Counts in the memory that the workers of this service share."""

    def __init__(self, memory: QuotaMemory) -> None:
        self._memory = memory

    async def take_request(self, caller: Caller) -> tuple[float, Spent]:
        """Take a request without waiting for anything."""
        return self._memory.take_request(caller.name, caller.quota)

    def charge(self, allowance: Allowance, characters: int) -> None:
        """Take characters at once."""
        caller = allowance.caller
        allowance.hear(self._memory.charge(caller.name, caller.quota, characters))

    async def close(self) -> None:
        """Nothing was begun."""
