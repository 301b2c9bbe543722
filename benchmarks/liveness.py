"""The time that `/livez` takes while the server is busy, with a new connection for each request as orchestrators do.

Requests are sent at a steady rate, whether or not earlier ones have been answered. So a server that stalls for a second
is late for every request of that second, not only for one.
"""

import asyncio
from dataclasses import dataclass
from time import perf_counter

_PER_SECOND = 50
_TIMEOUT_SECONDS = 30


@dataclass(frozen=True, slots=True)
class Liveness:
    """Milliseconds from opening a connection to the end of the answer. Failed requests are not in the percentiles."""

    under: str
    asked: int
    failed: int
    p50_ms: float
    p99_ms: float
    max_ms: float


async def ask_liveness(host: str, port: int, seconds: float, under: str) -> Liveness:
    """Ask for `seconds`, then wait for the answers still missing. `under` names the load meanwhile."""
    tasks = []
    started = perf_counter()
    for number in range(int(seconds * _PER_SECOND)):
        await asyncio.sleep(started + number / _PER_SECOND - perf_counter())
        tasks.append(asyncio.create_task(_ask(host, port)))
    answers = await asyncio.gather(*tasks)
    times = sorted(answer for answer in answers if answer is not None) or [float("inf")]
    return Liveness(
        under,
        asked=len(answers),
        failed=answers.count(None),
        p50_ms=times[len(times) // 2],
        p99_ms=times[len(times) * 99 // 100],
        max_ms=times[-1],
    )


async def _ask(host: str, port: int) -> float | None:
    """Ask once; return the milliseconds, or None without a 200."""
    started = perf_counter()
    try:
        async with asyncio.timeout(_TIMEOUT_SECONDS):
            reader, writer = await asyncio.open_connection(host, port)
            writer.write(f"GET /livez HTTP/1.1\r\nHost: {host}:{port}\r\nConnection: close\r\n\r\n".encode())
            answer = await reader.read()
            writer.close()
    except (OSError, TimeoutError):
        return None
    return (perf_counter() - started) * 1000 if answer.startswith(b"HTTP/1.1 200") else None
