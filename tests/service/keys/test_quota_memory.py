"""What callers have taken: given back evenly, in memory that processes share."""

import os
import subprocess
import sys
from collections.abc import Iterator

import pytest

from spanwise.service.keys import quota_memory
from spanwise.service.keys.quota import Quota, Spent, policy_header, remaining, state_headers
from spanwise.service.keys.quota_memory import QuotaMemory, shared_memory
from tests.support.clock import Clock

TAKER = """
from spanwise.service.keys.quota import Quota
from spanwise.service.keys.quota_memory import QuotaMemory
memory = QuotaMemory.of_this_process()
print(sum(memory.take_request("acme", Quota(500, 0))[0] == 0 for _ in range(2000)))
"""


@pytest.fixture
def clock() -> Clock:
    """Return a clock that stands still."""
    return Clock()


@pytest.fixture
def memory(clock: Clock) -> QuotaMemory:
    """Return memory of this process alone."""
    return QuotaMemory(clock=clock)


@pytest.fixture
def shared() -> Iterator[int]:
    """Make memory as the supervisor does."""
    with shared_memory() as descriptor:
        yield descriptor


def test_a_minutes_worth_may_be_taken_at_once_and_comes_back_evenly(memory: QuotaMemory, clock: Clock) -> None:
    """After the burst one request comes back every 60 / limit seconds, and the wait that is named is enough."""
    quota = Quota(6, 0)
    assert [memory.take_request("acme", quota)[0] for _ in range(6)] == [0] * 6
    wait, spent = memory.take_request("acme", quota)
    assert wait == pytest.approx(10)
    assert spent.requests == pytest.approx(60)
    clock.now += wait
    assert memory.take_request("acme", quota)[0] == 0
    assert memory.take_request("acme", quota)[0] == pytest.approx(10)
    clock.now += 3600
    assert [memory.take_request("acme", quota)[0] > 0 for _ in range(7)] == [False] * 6 + [True]


def test_what_is_refused_takes_nothing(memory: QuotaMemory, clock: Clock) -> None:
    """A caller that goes on asking is let in as soon as one that has waited."""
    quota = Quota(1, 0)
    memory.take_request("acme", quota)
    for _ in range(100):
        assert memory.take_request("acme", quota)[0] > 0
    clock.now += 60
    assert memory.take_request("acme", quota)[0] == 0


def test_characters_may_be_owed(memory: QuotaMemory, clock: Clock) -> None:
    """A debt of three minutes keeps requests out for just that long, less the quota itself."""
    quota = Quota(0, 1000)
    memory.charge("acme", quota, 3000)
    wait, _ = memory.take_request("acme", quota)
    assert wait == pytest.approx(120, abs=0.1)
    clock.now += wait
    assert memory.take_request("acme", quota)[0] == 0


def test_callers_do_not_share_and_no_limit_is_none(memory: QuotaMemory) -> None:
    """A name has a quota of its own; one without a limit is never refused."""
    memory.charge("acme", Quota(0, 10), 1000)
    assert memory.take_request("other", Quota(0, 10))[0] == 0
    assert not any(memory.take_request("free", Quota(0, 0))[0] for _ in range(1000))


def test_several_processes_share_one_quota(shared: int) -> None:
    """Three processes that take at the same time get exactly the quota together."""
    takers = [
        subprocess.Popen([sys.executable, "-c", TAKER], stdout=subprocess.PIPE, pass_fds=(shared,)) for _ in range(3)
    ]
    taken = [int(taker.communicate(timeout=60)[0]) for taker in takers]
    seconds = 60  # the most that these processes can have taken; 500 a minute come back meanwhile
    assert 500 <= sum(taken) <= 500 + 500 * seconds / 60
    spent = QuotaMemory(shared).take_request("acme", Quota(500, 0))[1]
    assert remaining(spent.requests, 500) < 500


def test_a_lost_lock_makes_nobody_wait(shared: int) -> None:
    """While another process keeps a slot's lock, requests are served all the same."""
    holder = subprocess.Popen(
        [
            sys.executable,
            "-c",
            f"import fcntl; fcntl.lockf({shared}, fcntl.LOCK_EX); print(flush=True); input()",
        ],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        pass_fds=(shared,),
    )
    assert holder.stdout
    holder.stdout.readline()
    assert QuotaMemory(shared).take_request("acme", Quota(5, 0))[0] == 0
    holder.communicate(b"\n", timeout=20)


def test_a_full_table_still_counts(memory: QuotaMemory, monkeypatch: pytest.MonkeyPatch) -> None:
    """More names than slots: a late caller shares somebody's slot, and is limited."""
    monkeypatch.setattr(quota_memory, "_BYTES", 4 * 32)
    monkeypatch.setattr(quota_memory, "_SLOTS", 4)
    for number in range(4):
        memory.take_request(f"name{number}", Quota(10, 0))
    assert any(memory.take_request("late", Quota(10, 0))[0] for _ in range(11))


def test_a_descriptor_that_is_not_ours_is_not_used(monkeypatch: pytest.MonkeyPatch) -> None:
    """A variable that was left in the environment does no harm."""
    for number in (str(os.open("/dev/null", os.O_RDONLY)), "999", "none"):
        monkeypatch.setenv(quota_memory.DESCRIPTOR_VARIABLE, number)
        assert QuotaMemory.of_this_process().take_request("acme", Quota(1, 0))[0] == 0


def test_headers_name_the_bucket_that_is_nearer_to_its_end() -> None:
    """`RateLimit` has both; the older fields have one."""
    quota, spent = Quota(10, 1000), Spent(requests=12, characters=54)
    assert policy_header(quota) == b'"requests";q=10;w=60, "characters";q=1000;w=60'
    assert dict(state_headers(spent, quota)) == {
        b"ratelimit": b'"requests";r=8;t=12, "characters";r=100;t=54',
        b"ratelimit-limit": b"1000",
        b"ratelimit-remaining": b"100",
        b"ratelimit-reset": b"54",
    }
    assert policy_header(Quota(0, 7)) == b'"characters";q=7;w=60'
    assert state_headers(spent, Quota(0, 0)) == []
