"""Start coroutines without waiting for the next turn of the event loop.

A task begins one turn after it was made, and a turn of a busy worker takes milliseconds. Python has tasks that begin at
once from 3.12 on (`asyncio.eager_task_factory`), for a whole loop; this does the same for one coroutine.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from typing import Any


def start_at_once(
    coroutine: Coroutine[Any, Any, object], loop: asyncio.AbstractEventLoop
) -> "asyncio.Task[object] | None":
    """Run a coroutine up to where it first waits. Returns a task for the rest, or None where nothing is left.

    Raises what the coroutine raises before it waits. Up to there it must not ask for the current task.
    """
    context = copy_context()
    try:
        awaited = context.run(coroutine.send, None)
    except StopIteration:
        return None
    return loop.create_task(_go_on(_Started(coroutine, awaited)), context=context)


class _Started:
    """A coroutine that has begun, and what it waits for."""

    def __init__(self, coroutine: Coroutine[Any, Any, object], awaited: object) -> None:
        self._coroutine = coroutine
        self._awaited = awaited

    def __await__(self) -> Generator[Any, Any, object]:
        try:
            yield self._awaited
        except BaseException as error:  # noqa: BLE001 - whatever it waited for has failed with, or a cancellation
            try:
                awaited = self._coroutine.throw(error)
            except StopIteration as end:
                return end.value
            return (yield from _Started(self._coroutine, awaited).__await__())
        return (yield from self._coroutine.__await__())


async def _go_on(started: _Started) -> object:
    return await started
