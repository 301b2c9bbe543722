"""Load over real HTTP by wrk, whose single thread keeps every connection busy with one request after the other.

The latencies are wrk's own, corrected for "coordinated omission": a request that took longer than two mean intervals
also counts for the requests that its connection would have sent meanwhile. So a stall counts in proportion to its
length.
"""

import asyncio
import resource
import shutil
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import orjson

from benchmarks.liveness import Liveness, ask_liveness
from benchmarks.procfs import machine_cpu_seconds, threads
from benchmarks.server import HOST, Server, ServerFailed
from benchmarks.workloads import Workload

_SCRIPT = Path(__file__).with_name("requests.lua")
_TIMEOUT_SECONDS = 40  # longer than the service's own deadline, so that its answer is seen
_HEAD_START_SECONDS = 1
_AFTERMATH_SECONDS = 0.06  # until log lines that were gathered are written


@dataclass(frozen=True, slots=True)
class Measurement:
    """One workload at one number of connections. Rates count successful answers; latencies count all."""

    workload: str
    connections: int
    seconds: float
    requests_per_second: float
    texts_per_second: float
    p50_ms: float
    p90_ms: float
    p99_ms: float
    max_ms: float
    refused: int
    """Answers with a status of 400 or more."""
    broken: int
    """Connections that failed and requests that were not answered in time."""
    server_cores: list[float]
    """CPU seconds per second of each of the server's processes, the busiest first."""
    wrk_cores: float
    other_cores: float
    """CPU time of everything else on the machine: how much the figures were disturbed."""

    @property
    def failed(self) -> int:
        """Requests without a successful answer."""
        return self.refused + self.broken

    @property
    def settled(self) -> bool:
        """Return whether p99 is below half of the run: a longer one is cut off by the run's end."""
        return self.requests_per_second > 0 and self.p99_ms < self.seconds * 1000 / 2


def find_wrk() -> str | None:
    """Return the path of wrk, or None if it is not installed."""
    return shutil.which("wrk")


def measure(server: Server, workload: Workload, bodies: Path, connections: int, seconds: int) -> Measurement:
    """Drive an idle server for `seconds`. Raises `ServerFailed` when wrk could not."""
    server.settle()
    before, machine_before, own_before = server.cpu_seconds(), machine_cpu_seconds(), _own_cpu_seconds()
    started = monotonic()
    with _driving(server, workload.path, bodies, connections, seconds) as wrk:
        said, complaint = wrk.communicate(timeout=seconds + _TIMEOUT_SECONDS)
    wall = monotonic() - started
    after, machine, own = server.cpu_seconds(), machine_cpu_seconds() - machine_before, _own_cpu_seconds() - own_before
    try:
        counted = orjson.loads(said.splitlines()[-1])
    except (IndexError, orjson.JSONDecodeError):
        raise ServerFailed(f"wrk measured nothing: {complaint.decode(errors='replace').strip()}") from None
    cores = sorted(((used - before.get(pid, 0)) / wall for pid, used in after.items()), reverse=True)
    duration = counted["duration"] / 1e6
    answered = counted["requests"] - counted["refused"]
    return Measurement(
        workload=workload.name,
        connections=connections,
        seconds=duration,
        requests_per_second=answered / duration,
        texts_per_second=answered * workload.texts / duration,
        p50_ms=counted["p50"] / 1000,
        p90_ms=counted["p90"] / 1000,
        p99_ms=counted["p99"] / 1000,
        max_ms=counted["max"] / 1000,
        refused=counted["refused"],
        broken=counted["broken"],
        server_cores=cores,
        wrk_cores=own / wall,
        other_cores=max(0.0, machine / wall - sum(cores) - own / wall),
    )


@dataclass(frozen=True, slots=True)
class Cost:
    """What one request took of a server's CPUs, in microseconds, by kind of thread."""

    requests_per_second: float
    loop: float
    nlp: float
    other: float
    waits: float
    """Voluntary context switches of all threads."""
    failed: int

    @property
    def total(self) -> float:
        """All threads together."""
        return self.loop + self.nlp + self.other


def measure_cost(server: Server, path: str, bodies: Path | None, connections: int, seconds: int) -> Cost:
    """Send bodies to a path, or GETs without any, and read what the server's threads used. Raises `ServerFailed`."""
    before = threads(server.group)
    with _driving(server, path, bodies, connections, seconds) as wrk:
        said, complaint = wrk.communicate(timeout=seconds + _TIMEOUT_SECONDS)
    sleep(_AFTERMATH_SECONDS)
    after = threads(server.group)
    try:
        counted = orjson.loads(said.splitlines()[-1])
    except (IndexError, orjson.JSONDecodeError):
        raise ServerFailed(f"wrk measured nothing: {complaint.decode(errors='replace').strip()}") from None
    requests = max(1, counted["requests"])
    used = {"loop": 0.0, "nlp": 0.0, "other": 0.0}
    waits = 0
    for key, thread in after.items():
        old = before.get(key)
        used[thread.kind] += thread.seconds - (old.seconds if old else 0)
        waits += thread.waits - (old.waits if old else 0)
    microseconds = {kind: one * 1e6 / requests for kind, one in used.items()}
    rate = (counted["requests"] - counted["refused"]) / (counted["duration"] / 1e6)
    return Cost(rate, **microseconds, waits=waits / requests, failed=counted["refused"] + counted["broken"])


def measure_liveness(server: Server, workload: Workload, bodies: Path, connections: int, seconds: int) -> Liveness:
    """Ask `/livez` for `seconds` in the midst of a load. Raises `ServerFailed` when wrk could not drive it."""
    server.settle()

    async def ask() -> Liveness:
        await asyncio.sleep(_HEAD_START_SECONDS)
        return await ask_liveness(HOST, server.port, seconds, f"{workload.name}, {connections} connections")

    with _driving(server, workload.path, bodies, connections, seconds + 2 * _HEAD_START_SECONDS) as wrk:
        liveness = asyncio.run(ask())
        wrk.communicate(timeout=_TIMEOUT_SECONDS)
    if wrk.returncode:
        raise ServerFailed(f"wrk ended with exit code {wrk.returncode}")
    return liveness


@contextmanager
def _driving(
    server: Server, path: str, bodies: Path | None, connections: int, seconds: float
) -> "Iterator[subprocess.Popen[bytes]]":
    wrk = subprocess.Popen(
        [
            *(
                find_wrk() or "wrk",
                "--threads",
                "1",
                "--connections",
                str(connections),
                "--duration",
                f"{seconds:.0f}s",
            ),
            *("--timeout", f"{_TIMEOUT_SECONDS}s", "--script", str(_SCRIPT)),
            *(server.url + path, "--", *(() if bodies is None else (str(bodies),))),
        ],
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    try:
        yield wrk
    finally:
        wrk.kill()
        wrk.wait()


def _own_cpu_seconds() -> float:
    """Return the CPU time of this process and of its ended children, which are wrk as long as no server ends."""
    used = [resource.getrusage(who) for who in (resource.RUSAGE_SELF, resource.RUSAGE_CHILDREN)]
    return sum(usage.ru_utime + usage.ru_stime for usage in used)
