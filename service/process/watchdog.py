"""Notice an analysis that never ends, and let the worker leave.

A thread that hangs cannot be ended from outside, in Python or in C: only the end of its process frees its core, its
memory and its place among the NLP threads. So the worker retires, which finishes everything else that it has accepted,
and the supervisor starts another one.
"""

import asyncio
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager

import structlog

log = structlog.get_logger(__name__)

_LOOK_SECONDS = 1.0


@asynccontextmanager
async def watchdog(
    longest_run: Callable[[], float], seconds: float, retire: Callable[[], None] | None
) -> AsyncIterator[None]:
    """Within the block, call `retire` once `longest_run()` is over `seconds` (0: never). Without `retire`, log it."""

    async def watch() -> None:
        while longest_run() <= seconds:  # noqa: ASYNC110 - a hang is the absence of an event
            await asyncio.sleep(min(_LOOK_SECONDS, seconds / 4))
        log.error("analysis_hangs", seconds=round(longest_run(), 1), leaves=retire is not None)
        if retire is not None:
            retire()

    watching = asyncio.create_task(watch()) if seconds else None
    try:
        yield
    finally:
        if watching is not None:
            watching.cancel()
