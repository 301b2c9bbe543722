"""Quotas of several replicas, counted by a real Redis, which also goes away."""

import asyncio
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from structlog.testing import capture_logs

from spanwise.service.keys import redis_quotas
from spanwise.service.keys.allowance import Allowance, QuotasOfThisService, QuotaStoreDown
from spanwise.service.keys.key_table import Caller
from spanwise.service.keys.quota import Quota, Spent, policy_header, remaining
from spanwise.service.keys.quota_memory import QuotaMemory
from spanwise.service.keys.redis_quotas import RedisQuotas
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio


class RealRedis:
    """A `redis-server` of this test's own."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"redis://127.0.0.1:{self.port}/0"
        self.process: subprocess.Popen[bytes] | None = None
        self.start()

    def start(self) -> None:
        """Start it, and wait until it answers."""
        options = ("--port", str(self.port), "--bind", "127.0.0.1", "--save", "", "--dir", str(self._folder))
        self.process = subprocess.Popen(["redis-server", *options], stdout=subprocess.DEVNULL)
        for _ in range(200):
            with socket.socket() as probe:
                if probe.connect_ex(("127.0.0.1", self.port)) == 0:
                    return
            time.sleep(0.05)
        raise AssertionError("redis-server never answered")

    def stop(self) -> None:
        """End it, unless it has ended."""
        if self.process:
            self.process.kill()
            self.process.wait(10)
            self.process = None


@pytest.fixture
def redis(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[RealRedis]:
    """Run a Redis, and ask one that was down again soon."""
    if shutil.which("redis-server") is None:
        assert not os.environ.get("CI"), "redis-server is not installed, and CI must test with it"
        pytest.skip("redis-server is not installed (Debian: redis-server)")
    monkeypatch.setattr(redis_quotas, "RETRY_SECONDS", 0.05)
    monkeypatch.setattr(redis_quotas, "ANSWER_SECONDS", 5.0)  # the machine of the tests may be busy
    running = RealRedis(tmp_path)
    yield running
    running.stop()


def caller(requests: int, characters: int) -> Caller:
    """Return a caller with this quota."""
    quota = Quota(requests, characters)
    return Caller("acme", 0, quota, policy_header(quota))


def replica(redis: RealRedis, *, fail_open: bool = True) -> RedisQuotas:
    """Return what a replica counts with; it shares nothing with others but the Redis."""
    return RedisQuotas(redis.url, QuotasOfThisService(QuotaMemory()), fail_open=fail_open)


async def test_replicas_share_one_quota(redis: RealRedis) -> None:
    """Requests that two replicas take at the same time come out of one bucket."""
    acme, replicas = caller(5, 0), [replica(redis), replica(redis)]
    answers = await asyncio.gather(*(replicas[n % 2].take_request(acme) for n in range(20)))
    assert sum(wait == 0 for wait, _ in answers) == 5
    assert all(0 < wait <= 12 for wait, _ in answers if wait)
    for one in replicas:
        await one.close()


async def test_characters_are_charged_behind_the_request(redis: RealRedis) -> None:
    """Charges that gather arrive together, and another replica sees all of them."""
    one, other, acme = replica(redis), replica(redis), caller(0, 1000)
    wait, spent = await one.take_request(acme)
    allowance = Allowance(one, acme, wait, spent)
    for _ in range(100):
        allowance.charge(30)
    assert remaining(allowance.spent().characters, 1000) == 0, "its own charges are reckoned with at once"
    await one.close()
    wait, spent = await other.take_request(acme)
    assert 100 < wait <= 121
    assert 160 < spent.characters <= 180
    await other.close()


async def test_while_the_redis_is_down_each_replica_counts_for_itself(redis: RealRedis) -> None:
    """Failing open: the quota still holds within a replica; afterwards it holds for all again."""
    one, acme = replica(redis), caller(3, 0)
    with capture_logs() as lines:
        redis.stop()
        answers = [(await one.take_request(acme))[0] for _ in range(5)]
        assert [wait > 0 for wait in answers] == [False] * 3 + [True] * 2
        redis.start()
        await asyncio.sleep(0.1)
        assert (await one.take_request(acme))[0] == 0
    events = [line["event"] for line in lines]
    assert events == ["quota_redis_down", "quota_redis_answers_again"]
    assert "127.0.0.1" not in str(lines)
    await one.close()


async def test_failing_closed_refuses_until_the_redis_is_back(redis: RealRedis) -> None:
    """Failing closed: nobody with a quota is served without the Redis."""
    one, acme = replica(redis, fail_open=False), caller(3, 0)
    redis.stop()
    for _ in range(2):
        with pytest.raises(QuotaStoreDown):
            await one.take_request(acme)
    redis.start()
    await asyncio.sleep(0.1)
    assert (await one.take_request(acme))[0] == 0
    await one.close()


@pytest.mark.parametrize(("failure", "status"), [("open", 200), ("closed", 503)])
async def test_the_setting_says_what_a_caller_gets_without_a_redis(
    redis: RealRedis, serving: Serving, failure: str, status: int
) -> None:
    """With the Redis gone callers are served or get a 503 with `Retry-After`, as `quota_redis_failure` says."""
    key = {"X-API-Key": "first-key"}
    async with serving(
        api_keys="first-key", rate_limit_per_minute=10, quota_redis_url=redis.url, quota_redis_failure=failure
    ) as client:
        first = await client.get("/v1/pipelines", headers=key)
        assert (first.status_code, first.headers["RateLimit-Remaining"]) == (200, "9")
        redis.stop()
        answer: httpx.Response = await client.get("/v1/pipelines", headers=key)
        assert answer.status_code == status
        if status == 503:
            assert answer.json()["code"] == "overloaded"
            assert answer.headers["Retry-After"] == "1"
        assert (await client.get("/livez")).status_code == 200


async def test_a_redis_that_hangs_is_waited_for_once(redis: RealRedis, monkeypatch: pytest.MonkeyPatch) -> None:
    """A Redis that accepts and never answers costs one wait; the requests after it do not wait."""
    monkeypatch.setattr(redis_quotas, "RETRY_SECONDS", 60)
    monkeypatch.setattr(redis_quotas, "ANSWER_SECONDS", 0.2)
    with socket.create_server(("127.0.0.1", 0)) as silent:
        url = f"redis://127.0.0.1:{silent.getsockname()[1]}"
        one = RedisQuotas(url, QuotasOfThisService(QuotaMemory()), fail_open=True)
        started = time.monotonic()
        for _ in range(100):
            assert (await one.take_request(caller(1000, 0)))[1] != Spent(0, 0)
        assert time.monotonic() - started < 100 * 0.2
        await one.close()
