"""`make soak`, or `python -m benchmarks.soak`: run the service under every kind of traffic, and watch what it keeps.

    python -m benchmarks.soak --minutes 20 --plot docs/soak.png

Callers use all endpoints with good and bad input, hostile texts, streams and deadlines, and some hang up in the middle
(`soak_callers.py`). From the end of the warm-up on, the memory of each worker (its median over a tenth of the time)
must stay within 10 MB of what it was then. At the end, with nobody calling, no worker may have more threads or
descriptors than after a short rehearsal. Any status that a call should not get fails the soak, and so does a worker
that was replaced.
"""

import asyncio
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median
from time import monotonic
from typing import Annotated

import typer

from benchmarks.procfs import Process, process_of, worker_processes
from benchmarks.server import Server, running
from benchmarks.soak_callers import Callers
from benchmarks.targets import service

_ALLOWED_MB = 10
_WARM_UP_SHARE = 0.2
_WINDOWS = 10
_SAMPLE_SECONDS = 2.0
_REHEARSAL_SECONDS = 5.0  # for files and threads that are opened at their first use
_POOL_THREADS = 2
"""Threads that the event loop may start later for `/metrics` and files, and keeps."""
_SETTLE_SECONDS = 8.0  # by then the connections of callers who have gone are closed


@dataclass(frozen=True, slots=True)
class Sample:
    """A moment of the soak. Memory in MB (10^6 bytes) by worker; answers and times since the sample before."""

    seconds: float
    memory_mb: dict[int, float]
    per_second: float
    p50_ms: float
    p99_ms: float


def main(
    minutes: Annotated[float, typer.Option(min=0.5, help="How long callers call.")] = 20,
    workers: Annotated[int, typer.Option(min=1)] = 2,
    callers: Annotated[int, typer.Option(min=1, help="How many call at a time.")] = 12,
    seed: Annotated[int, typer.Option(help="Of the calls.")] = 1,
    plot: Annotated[Path | None, typer.Option(help="Write a picture of the soak (needs matplotlib).")] = None,
) -> None:
    """Soak, print what was seen, and exit with 1 if anything was lost, leaked or unexpected."""
    with running(service(workers)) as server:
        asyncio.run(_rehearse(server, callers, seed))
        before = {pid: process_of(pid) for pid in _workers(server)}
        soaking = Callers(server.url, seed)
        samples = asyncio.run(_soak(server, soaking, callers, minutes * 60))
        after = {pid: process_of(pid) for pid in _workers(server)}
    outcomes = soaking.outcomes
    print(f"{minutes:g} minutes, {callers} callers, {len(before)} workers")
    for (kind, outcome), count in sorted(outcomes.counts.items(), key=str):
        print(f"  {kind:12}{outcome!s:>20}{count:>12,}")
    failures = [f"{kind}: {count} times {outcome}" for (kind, outcome), count in outcomes.unexpected.items()]
    failures += [f"worker {pid} did not live through it" for pid in set(before) ^ set(after)]
    for pid in sorted(set(before) & set(after)):
        failures += _leaks(pid, before[pid], after[pid])
        failures += _growth(pid, samples)
    if plot:
        from benchmarks.soak_plot import draw  # noqa: PLC0415 - matplotlib is installed by `make soak` alone

        draw(samples, _WARM_UP_SHARE, plot)
    for failure in failures:
        print(f"soak: FAILED: {failure}")
    if failures:
        sys.exit(1)
    print("soak: nothing lost, nothing leaked, nothing unexpected")


async def _rehearse(server: Server, number: int, seed: int) -> None:
    """Call for a moment, and wait until no connection is left."""
    await Callers(server.url, seed + 1).run(number, _REHEARSAL_SECONDS)
    await asyncio.sleep(_SETTLE_SECONDS)


async def _soak(server: Server, callers: Callers, number: int, seconds: float) -> list[Sample]:
    started = monotonic()
    calling = asyncio.create_task(callers.run(number, seconds))
    samples: list[Sample] = []
    while not calling.done():
        last = monotonic()
        await asyncio.wait({calling}, timeout=_SAMPLE_SECONDS)
        if monotonic() - last < _SAMPLE_SECONDS / 2:
            break  # the callers have just left
        times, now = callers.outcomes.take_milliseconds() or [0.0], monotonic()
        memory = {pid: process_of(pid).resident_mb for pid in _workers(server)}
        p50, p99 = times[len(times) // 2], times[len(times) * 99 // 100]
        samples.append(Sample(now - started, memory, len(times) / (now - last), p50, p99))
    await calling
    await asyncio.sleep(_SETTLE_SECONDS)
    return samples


def _workers(server: Server) -> list[int]:
    """Return the workers: all processes of the group but the supervisor, which is its first."""
    return worker_processes(server.group)


def _leaks(pid: int, before: Process, after: Process) -> list[str]:
    """Print threads and descriptors of a worker; return what there are more of than before the first call."""
    print(
        f"worker {pid}: {before.threads} threads and {before.descriptors} descriptors before, "
        f"{after.threads} and {after.descriptors} after"
    )
    more = {
        "threads": after.threads - before.threads - _POOL_THREADS,
        "descriptors": after.descriptors - before.descriptors,
    }
    return [f"worker {pid} has {number} more {what}" for what, number in more.items() if number > 0]


def _growth(pid: int, samples: Sequence[Sample]) -> list[str]:
    """Print the memory of a worker over time; return a failure if it grew by too much."""
    values = [sample.memory_mb[pid] for sample in samples if pid in sample.memory_mb]
    settled = values[int(len(values) * _WARM_UP_SHARE) :]
    size = max(1, len(settled) // _WINDOWS)
    windows = [median(settled[start : start + size]) for start in range(0, len(settled) - size + 1, size)]
    growth = max(windows) - windows[0]
    print(f"worker {pid}: {values[0]:.0f} MB, {windows[0]:.0f} MB after warming up, then at most {growth:+.1f} MB")
    return [f"worker {pid} grew by {growth:.1f} MB"] if growth > _ALLOWED_MB else []


if __name__ == "__main__":
    typer.run(main)
