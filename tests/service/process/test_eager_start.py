"""A coroutine that is started at once runs up to where it first waits, and then as a task of its own."""

import asyncio
from contextvars import ContextVar

import pytest

from spanwise.service.process.eager_start import start_at_once

pytestmark = pytest.mark.anyio

NAME: ContextVar[str] = ContextVar("NAME", default="outside")


async def test_a_coroutine_that_waits_for_nothing_is_over() -> None:
    """It has run when the call returns, and there is no task."""
    seen: list[str] = []

    async def run() -> None:
        seen.append("ran")

    assert start_at_once(run(), asyncio.get_running_loop()) is None
    assert seen == ["ran"]


async def test_a_coroutine_that_waits_goes_on_as_a_task() -> None:
    """Futures, sleeps and timeouts work behind the first wait, and the result is the task's."""
    loop = asyncio.get_running_loop()
    news, seen = loop.create_future(), []

    async def run() -> str:
        seen.append("begun")
        found = await news
        async with asyncio.timeout(5):
            await asyncio.sleep(0)
        assert asyncio.current_task() is not None
        return str(found)

    task = start_at_once(run(), loop)
    assert seen == ["begun"]
    assert task is not None
    news.set_result("news")
    assert await task == "news"


async def test_errors_are_raised_where_they_happen() -> None:
    """Before the first wait to the caller, behind it to whoever awaits the task."""

    async def run(*, waits: bool) -> None:
        if waits:
            await asyncio.sleep(0)
        raise LookupError("no")

    loop = asyncio.get_running_loop()
    with pytest.raises(LookupError):
        start_at_once(run(waits=False), loop)
    task = start_at_once(run(waits=True), loop)
    assert task is not None
    with pytest.raises(LookupError):
        await task


async def test_what_it_waits_for_may_fail() -> None:
    """The error is raised in the coroutine, which may go on from there and wait again."""
    loop = asyncio.get_running_loop()
    first, second = loop.create_future(), loop.create_future()

    async def run() -> object:
        try:
            await first
        except LookupError:
            return await second
        return None

    task = start_at_once(run(), loop)
    assert task is not None
    first.set_exception(LookupError())
    await asyncio.sleep(0)
    second.set_result("second")
    assert await task == "second"


async def test_what_it_sets_stays_its_own() -> None:
    """A context variable that it sets is kept for its rest, and not for its caller."""

    async def run() -> str:
        NAME.set("inside")
        await asyncio.sleep(0)
        return NAME.get()

    task = start_at_once(run(), asyncio.get_running_loop())
    assert NAME.get() == "outside"
    assert task is not None
    assert await task == "inside"


@pytest.mark.parametrize("turns", [0, 1])
async def test_it_can_be_cancelled(turns: int) -> None:
    """A cancellation reaches the coroutine where it waits, also before the task has had a turn."""
    seen: list[str] = []

    async def run() -> None:
        try:
            await asyncio.sleep(60)
        except asyncio.CancelledError:
            seen.append("cancelled")
            raise

    task = start_at_once(run(), asyncio.get_running_loop())
    assert task is not None
    for _ in range(turns):
        await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert seen == ["cancelled"]


async def test_a_cancellation_reaches_what_it_waits_for() -> None:
    """Also before the task has had a turn, as with a task that waits."""
    loop = asyncio.get_running_loop()
    seen: list[str] = []

    async def child() -> None:
        await asyncio.sleep(0)
        seen.append("the child went on")

    async def parent() -> None:
        await asyncio.create_task(child())

    task = start_at_once(parent(), loop)
    assert task is not None
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    for _ in range(3):
        await asyncio.sleep(0)
    assert seen == []


async def test_several_may_wait_for_the_same() -> None:
    """A future that one has begun to wait for can be waited for by others in the same turn."""
    loop = asyncio.get_running_loop()
    news: asyncio.Future[str] = loop.create_future()

    async def run() -> str:
        return await news

    tasks = [start_at_once(run(), loop) for _ in range(3)]
    news.set_result("news")
    assert [await task for task in tasks if task is not None] == ["news"] * 3
