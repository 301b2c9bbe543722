"""Deadlines that are swept: none is missed, none comes early, and one that is discarded never comes."""

import asyncio
from collections.abc import Callable

import pytest

from spanwise.service.queue import expiry
from spanwise.service.queue.expiry import Expiry
from spanwise.service.queue.submission import Submission

pytestmark = pytest.mark.anyio


def submission() -> Submission:
    """Return a submission without documents."""
    return Submission("request", [], asyncio.get_running_loop().create_future(), 0.0)


async def until(holds: Callable[[], bool]) -> None:
    """Wait until something holds, for 20 seconds at most."""
    async with asyncio.timeout(20):
        while not holds():  # noqa: ASYNC110 - nothing tells when
            await asyncio.sleep(0.01)


@pytest.fixture(autouse=True)
def short(monkeypatch: pytest.MonkeyPatch) -> None:
    """Sweep every 40 ms, and call a deadline near that is 80 ms away."""
    monkeypatch.setattr(expiry, "_SWEEP_SECONDS", 0.04)
    monkeypatch.setattr(expiry, "_NEAR_SECONDS", 0.08)


@pytest.mark.parametrize("seconds", [0.0, 0.03, 0.3])
async def test_a_submission_expires_once_its_time_is_over(seconds: float) -> None:
    """Near and far deadlines come, once each, and not before their time."""
    loop = asyncio.get_running_loop()
    came: asyncio.Queue[tuple[Submission, float]] = asyncio.Queue()
    deadlines = Expiry(loop, lambda one: came.put_nowait((one, loop.time())))
    mine, started = submission(), loop.time()
    deadlines.add(mine, seconds)
    async with asyncio.timeout(20):
        one, when = await came.get()
    assert one is mine
    assert when - started >= seconds - 0.02  # the loop's clock has a resolution
    await asyncio.sleep(0.2)
    assert came.empty()


async def test_a_discarded_one_never_expires() -> None:
    """Whatever stage its deadline is in."""
    came: list[Submission] = []
    deadlines = Expiry(asyncio.get_running_loop(), came.append)
    near, far, swept, kept = submission(), submission(), submission(), submission()
    deadlines.add(near, 0.05)
    deadlines.discard(near)
    deadlines.add(far, 0.2)
    deadlines.discard(far)
    deadlines.add(swept, 0.25)
    deadlines.add(kept, 0.25)
    await until(lambda: swept in deadlines._near)
    deadlines.discard(swept)
    await until(lambda: bool(came))
    assert came == [kept]


async def test_sweeping_stops_and_begins_again() -> None:
    """An idle service has no timer; the next deadline starts one."""
    came: list[Submission] = []
    deadlines = Expiry(asyncio.get_running_loop(), came.append)
    for _ in range(2):
        deadlines.add(submission(), 0.15)
        await until(lambda: bool(came))
        came.clear()
        await until(lambda: not deadlines._sweeping)
