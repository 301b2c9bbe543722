"""Quotas that hold for all replicas, counted by a Redis.

A script reads and changes both buckets of a caller at once, by the clock of the Redis, so that replicas need not agree
on the time. A request waits for one round trip. Characters are charged behind its back: what gathers while a charge is
under way goes with the next one. While the Redis does not answer, it is asked once a second at most, and meanwhile
either this service counts for itself (`open`) or nobody is served who has a quota (`closed`).
"""

import asyncio
import time
from typing import TYPE_CHECKING, Any

import structlog

from spanwise.service.keys.allowance import Allowance, QuotasOfThisService, QuotaStoreDown
from spanwise.service.keys.key_table import Caller
from spanwise.service.keys.quota import WINDOW_SECONDS, Quota, Spent, seconds_of, wait_for

if TYPE_CHECKING:
    from collections.abc import Awaitable

log = structlog.get_logger(__name__)

ANSWER_SECONDS = 0.25
"""How long a request waits for the Redis."""

RETRY_SECONDS = 1.0
"""How long a Redis that has not answered is left alone."""

_MOST_CONNECTIONS = 32
_KEY = "spanwise:quota:"

_TAKE = """
-- The buckets of KEYS[1]: when all that was taken will have come back, in seconds of this server's clock.
-- ARGV: seconds to take of requests and of characters; then, if only what is allowed is taken, the most that may be
-- spent of either before.
local clock = redis.call('TIME')
local now = clock[1] + clock[2] / 1000000
local ends = redis.call('HMGET', KEYS[1], 'requests', 'characters')
local requests = math.max((tonumber(ends[1]) or 0) - now, 0)
local characters = math.max((tonumber(ends[2]) or 0) - now, 0)
if not (ARGV[3] and (requests > tonumber(ARGV[3]) or characters > tonumber(ARGV[4]))) then
    requests = requests + tonumber(ARGV[1])
    characters = characters + tonumber(ARGV[2])
    redis.call('HSET', KEYS[1], 'requests', string.format('%.6f', now + requests),
        'characters', string.format('%.6f', now + characters))
    redis.call('PEXPIRE', KEYS[1], math.ceil(math.max(requests, characters) * 1000) + 1000)
    return {1, string.format('%.6f', requests), string.format('%.6f', characters)}
end
return {0, string.format('%.6f', requests), string.format('%.6f', characters)}
"""
_ROUNDING = 2e-6  # seconds; the script gives times in microseconds


class RedisQuotas:
    """Asks a Redis, and counts in this service while that does not answer."""

    def __init__(self, url: str, own: QuotasOfThisService, *, fail_open: bool) -> None:
        """Make no connection yet. Raises ValueError for a URL that is none."""
        from redis.asyncio import BlockingConnectionPool, Redis  # noqa: PLC0415 - most services have no Redis
        from redis.asyncio.retry import Retry  # noqa: PLC0415
        from redis.backoff import NoBackoff  # noqa: PLC0415

        pool = BlockingConnectionPool.from_url(
            url,
            max_connections=_MOST_CONNECTIONS,
            timeout=ANSWER_SECONDS,
            socket_timeout=ANSWER_SECONDS,
            socket_connect_timeout=ANSWER_SECONDS,
        )
        self._redis: Any = Redis(connection_pool=pool, retry=Retry(NoBackoff(), 0))
        self._script: Any = self._redis.register_script(_TAKE)
        self._own = own
        self._fail_open = fail_open
        self._down_until = 0.0
        self._is_down = False
        self._charging: set[asyncio.Task[None]] = set()

    async def take_request(self, caller: Caller) -> tuple[float, Spent]:
        """Take a request. Raises `QuotaStoreDown` where the Redis does not answer and nobody is served then."""
        quota = caller.quota
        spent = await self._take(caller.name, seconds_of(1, quota.requests), 0.0, most=quota)
        if spent is None:
            if self._fail_open:
                return await self._own.take_request(caller)
            raise QuotaStoreDown
        taken, now = spent
        return (0.0 if taken else max(wait_for(now, quota), _ROUNDING)), now

    def charge(self, allowance: Allowance, characters: int) -> None:
        """Have the Redis told; until it answers, reckon with the characters."""
        allowance.expect(characters)
        begun = allowance.uncounted > 0
        allowance.uncounted += characters
        if not begun:
            task = asyncio.get_running_loop().create_task(self._tell(allowance))
            self._charging.add(task)
            task.add_done_callback(self._charging.discard)

    async def close(self) -> None:
        """Wait for the charges that are under way, and close the connections."""
        if self._charging:
            await asyncio.wait(self._charging, timeout=ANSWER_SECONDS)
        await self._redis.aclose()
        await self._redis.connection_pool.disconnect()

    async def _tell(self, allowance: Allowance) -> None:
        caller = allowance.caller
        while characters := allowance.uncounted:
            found = await self._take(caller.name, 0.0, seconds_of(characters, caller.quota.characters))
            allowance.uncounted -= characters
            if found is not None:
                allowance.hear(found[1])
                if allowance.uncounted:
                    allowance.expect(allowance.uncounted)
            elif self._fail_open:
                self._own.charge(allowance, characters)

    async def _take(
        self, name: str, requests: float, characters: float, most: Quota | None = None
    ) -> tuple[bool, Spent] | None:
        """Run the script. Return whether anything was taken, and what is spent; None where nobody answers."""
        if time.monotonic() < self._down_until:
            return None
        arguments = [requests, characters]
        if most is not None:
            arguments += [WINDOW_SECONDS - seconds_of(1, limit) + _ROUNDING for limit in most]
        try:
            async with asyncio.timeout(2 * ANSWER_SECONDS):
                answer: Awaitable[list[Any]] = self._script(keys=[_KEY + name], args=arguments)
                taken, *spent = await answer
        except Exception as error:  # noqa: BLE001 - whatever is wrong with the Redis, requests are answered
            self._note_down(error)
            return None
        if self._is_down:
            self._is_down = False
            log.warning("quota_redis_answers_again")
        return bool(taken), Spent(float(spent[0]), float(spent[1]))

    def _note_down(self, error: Exception) -> None:
        self._down_until = time.monotonic() + RETRY_SECONDS
        if not self._is_down:
            self._is_down = True
            then = "this service counts for itself" if self._fail_open else "requests with a quota are refused"
            log.error("quota_redis_down", error=type(error).__name__, meanwhile=then)
