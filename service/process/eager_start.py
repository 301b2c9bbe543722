"""Start coroutines without waiting for the next turn of the event loop.

A task begins one turn after it was made, and a turn of a busy worker takes milliseconds. Python has tasks that begin at
once from 3.12 on (`asyncio.eager_task_factory`), for a whole loop; this does the same for one coroutine.
"""

import asyncio
from collections.abc import Coroutine, Generator
from contextvars import copy_context
from types import TracebackType
from typing import Any, overload


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
    return loop.create_task(_Rest(coroutine, awaited), context=context)


class _Rest(Coroutine[Any, Any, object]):
    """What is left of a coroutine that has begun: it first says what it waits for, then goes on."""

    def __init__(self, coroutine: Coroutine[Any, Any, object], awaited: Any) -> None:
        self._coroutine = coroutine
        self._awaited: list[Any] = [awaited]
        if awaited is not None:  # a future marks itself as handed out, until a task takes it (`asyncio/futures.py`)
            awaited._asyncio_future_blocking = False  # noqa: SLF001 - what a task does

    def send(self, value: Any, /) -> Any:
        if not self._awaited:
            return self._coroutine.send(value)
        awaited = self._awaited.pop()
        if awaited is not None:
            awaited._asyncio_future_blocking = True  # noqa: SLF001 - likewise
        return awaited

    @overload
    def throw(
        self, kind: type[BaseException], value: object = None, traceback: TracebackType | None = None, /
    ) -> Any: ...
    @overload
    def throw(self, kind: BaseException, value: None = None, traceback: TracebackType | None = None, /) -> Any: ...
    def throw(self, kind: Any, value: Any = None, traceback: TracebackType | None = None, /) -> Any:
        for awaited in self._awaited:  # the task is cancelled before it has had a turn
            if awaited is not None:
                awaited.cancel()
        self._awaited.clear()
        error = kind if isinstance(kind, BaseException) else kind() if value is None else value
        return self._coroutine.throw(error.with_traceback(traceback) if traceback else error)

    def close(self) -> None:
        self._coroutine.close()

    def __await__(self) -> Generator[Any, Any, object]:
        raise NotImplementedError("only a task runs this")
