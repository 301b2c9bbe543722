"""`make overload`, or `python -m benchmarks.overload`: offer a worker five times what it can do, and see what it does.

First the capacity is measured: as many answers a second as a few dozen connections get that always wait for one. Then
requests arrive at five times that rate, evenly, whether or not earlier ones were answered. Most callers are rude: they
never come back. One in twenty obeys: it waits for the seconds of `Retry-After` and sends the same body again. Meanwhile
both probes are asked 20 times a second each, over connections of their own. Every body is another one.

The table has what is required beside what was measured, and the command fails when something is missed. Server and
client share the machine, so the requests are long articles, whose analysis costs more than sending them; and what is
required of the server is a share of what it could do with the CPU time that the client leaves.
"""

import asyncio
import gc
import signal
import sys
from collections import Counter
from collections.abc import Coroutine, Iterator
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from time import perf_counter, process_time
from typing import Annotated

import orjson
import typer

from benchmarks.corpus import DATA, load_corpus
from benchmarks.open_loop import Answer, Client
from benchmarks.results import cores
from benchmarks.server import HOST, Server, ServerFailed, running
from benchmarks.targets import service
from spanwise.service.settings import Settings

_PATH = "/v1/analyze"
_TEXTS = 400  # whose words are known after a while, so that memory can be flat
_CONNECTIONS = 32  # that measure the capacity
_OBEYS = 20  # one caller in so many
_PROBES_PER_SECOND = 20
_SETTLING = 0.25  # of the overload, after which memory must be flat
_FACTOR = 5
_ALLOWED_MB = 10
_KEPT = 0.85
_PROBE_MS = 100


@dataclass
class Observed:
    """What was seen during the overload."""

    seconds: float = 0.0
    first_tries: list[Answer] = field(default_factory=list)
    returns: Counter[int] = field(default_factory=Counter)
    """How often an obeying caller had been refused when its request was answered with 200; 0: never."""
    given_up: int = 0
    """Obeying callers whose request was neither answered by the end nor refused in a way that told them when."""
    returned: list[Answer] = field(default_factory=list)
    """The answers to obeying callers who came back for the first time."""
    probes: list[Answer] = field(default_factory=list)
    memory_mb: list[float] = field(default_factory=list)
    """Once a second."""
    client_cores: float = 0.0
    """How many cores the client took."""
    client_delay: float = 0.0
    """The longest time, in seconds, by which the client was late itself: no answer's time is known better than that."""


@dataclass(frozen=True, slots=True)
class Peak:
    """What the server can do when every request is answered."""

    rate: float
    """Answers a second."""
    client_cores: float


def bodies(texts: list[str], characters: int) -> Iterator[bytes]:
    """Yield requests for articles of so many characters, no two alike."""
    whole = " ".join(texts)
    for number in count():
        start = number * 997 % max(1, len(whole) - characters)
        text = f"Report {number}. {whole[start : start + characters]}"[:characters]
        yield orjson.dumps({"text": text, "features": ["entities", "sentiment"]})


async def capacity(server: Server, requests: Iterator[bytes], seconds: float) -> Peak:
    """Return the answers a second that connections get which always wait for one."""
    client = Client(HOST, server.port)
    started, used, answered = perf_counter(), process_time(), 0

    async def ask_on() -> None:
        nonlocal answered
        while perf_counter() - started < seconds:
            answer = await client.post(_PATH, next(requests))
            if answer.status != 200:
                raise ServerFailed(f"{_PATH} answered {answer.status} below its capacity")
            answered += 1

    await asyncio.gather(*(ask_on() for _ in range(_CONNECTIONS)))
    client.close()
    took = perf_counter() - started
    return Peak(answered / took, (process_time() - used) / took)


async def overload(server: Server, requests: Iterator[bytes], rate: float, seconds: float) -> Observed:
    """Send requests at this rate for `seconds`, and wait for all answers. Callers who obey return until they got in."""
    client, observed, tasks = Client(HOST, server.port), Observed(), set[asyncio.Task[None]]()
    started, used = perf_counter(), process_time()

    async def rude(body: bytes) -> None:
        observed.first_tries.append(await client.post(_PATH, body))

    async def obeying(body: bytes) -> None:
        answer = await client.post(_PATH, body)
        observed.first_tries.append(answer)
        refused = 0
        while answer.status == 503 and answer.retry_after:
            due = perf_counter() + answer.retry_after
            if due - started > seconds:
                return  # the overload is over by then, and so it would prove nothing
            await asyncio.sleep(answer.retry_after)
            refused += 1
            answer = await client.post(_PATH, body)
            if refused == 1:
                observed.returned.append(answer)
        if answer.status == 200:
            observed.returns[refused] += 1
        else:
            observed.given_up += 1

    async def probe(path: str) -> None:
        observed.probes.append(await client.get(path))

    async def watch_memory() -> None:
        while True:
            observed.memory_mb.append(server.memory().pss_mb)
            await asyncio.sleep(1)

    def start(asking: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(asking)
        tasks.add(task)
        task.add_done_callback(tasks.discard)

    watching = asyncio.create_task(watch_memory())
    steps = _PROBES_PER_SECOND * 2
    sent = 0
    for step in range(int(seconds * steps)):
        await asyncio.sleep(started + step / steps - perf_counter())
        observed.client_delay = max(observed.client_delay, perf_counter() - started - step / steps)
        start(probe("/livez" if step % 2 else "/readyz"))
        while sent < rate * (perf_counter() - started):
            ask = rude if sent % _OBEYS else obeying
            start(ask(next(requests)))
            sent += 1
    observed.seconds = perf_counter() - started
    observed.client_cores = (process_time() - used) / observed.seconds
    await asyncio.gather(*tasks)
    watching.cancel()
    client.close()
    return observed


@dataclass(frozen=True, slots=True)
class Row:
    """One line of the table."""

    what: str
    required: str
    measured: str
    met: bool


def rows(observed: Observed, peak: Peak, bound_seconds: float, costs: tuple[float, float]) -> list[Row]:
    """Judge what was observed. `costs` are the server's CPU microseconds for an answer and for a refusal."""
    accepted = [answer.seconds for answer in observed.first_tries if answer.status == 200]
    refused = [answer for answer in observed.first_tries if answer.status == 503]
    others = len(observed.first_tries) - len(accepted) - len(refused)
    late = [answer.seconds for answer in observed.returned if answer.status == 200]
    throughput = (len(accepted) + len(late)) / observed.seconds
    possible = peak.rate * (cores() - observed.client_cores) / (cores() - peak.client_cores)
    times = sorted(accepted + late) or [float("inf")]
    p99 = times[len(times) * 99 // 100]
    unprobed = sum(answer.status != 200 for answer in observed.probes)
    probes = sorted(answer.seconds * 1000 for answer in observed.probes)
    kept = sum(answer.status == 200 for answer in observed.returned) / max(1, len(observed.returned))
    settled = observed.memory_mb[int(len(observed.memory_mb) * _SETTLING) :]
    growth = max(settled) - settled[0]
    waits = sorted(answer.retry_after or 0 for answer in refused) or [0]
    return [
        Row(
            "accepted throughput, of what the CPU that the client leaves could do",
            f">= {_KEPT:.0%}",
            f"{throughput / possible:.0%}",
            throughput >= _KEPT * possible,
        ),
        Row("accepted throughput, of the peak", "", f"{throughput / peak.rate:.0%}", True),
        Row("cores that the client took", "", f"{observed.client_cores:.2f} of {cores()}", True),
        Row("p99 of accepted requests", f"<= {bound_seconds:.1f} s", f"{p99:.2f} s", p99 <= bound_seconds),
        Row("neither 200 nor 503", "0", str(others), others == 0),
        Row(
            "503 with Retry-After",
            "all",
            f"{sum(bool(answer.retry_after) for answer in refused)} of {len(refused)}",
            all(answer.retry_after for answer in refused),
        ),
        Row("Retry-After, median and largest", "", f"{waits[len(waits) // 2]} s, {waits[-1]} s", True),
        Row(
            "callers who obey get in when they return",
            ">= 99%",
            f"{kept:.1%} of {len(observed.returned)}",
            bool(observed.returned) and kept >= 0.99,
        ),
        Row("probes without a 200", "0", f"{unprobed} of {len(probes)}", unprobed == 0),
        Row("the client's own longest delay", "", f"{observed.client_delay * 1000:.0f} ms", True),
        Row("slowest probe", f"<= {_PROBE_MS} ms", f"{probes[-1]:.0f} ms", probes[-1] <= _PROBE_MS),
        Row(
            f"memory after the first {_SETTLING:.0%}, growth",
            f"<= {_ALLOWED_MB} MB",
            f"{growth:.1f} MB",
            growth <= _ALLOWED_MB,
        ),
        Row("CPU of an answer", "", f"{costs[0]:,.0f} µs", True),
        Row("CPU of a refusal", "", f"{costs[1]:,.0f} µs", True),
    ]


def main(
    seconds: Annotated[float, typer.Option(min=5, help="How long the overload lasts.")] = 60,
    factor: Annotated[float, typer.Option(min=1.5, help="How many times the capacity is offered.")] = _FACTOR,
    characters: Annotated[int, typer.Option(min=50, max=7_500, help="Characters of a text.")] = 7_000,
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
) -> None:
    """Offer one worker a multiple of its capacity, and print what is required beside what was measured."""
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends every `with` block
    requests = bodies(load_corpus(data, _TEXTS).texts, characters)
    settings = Settings.from_environment()  # the server gets the same ones
    with running(service(workers=1)) as server:
        asyncio.run(capacity(server, requests, 3))  # learns words and costs
        used = sum(server.cpu_seconds().values())
        measured_seconds = max(5.0, seconds / 4)
        peak = asyncio.run(capacity(server, requests, measured_seconds))
        answer_cpu = (sum(server.cpu_seconds().values()) - used) / (peak.rate * measured_seconds) * 1e6
        server.settle()
        used = sum(server.cpu_seconds().values())
        gc.disable()  # a collection among so many answers would be measured as a late probe
        observed = asyncio.run(overload(server, requests, factor * peak.rate, seconds))
        used = sum(server.cpu_seconds().values()) - used
    answered = sum(answer.status == 200 for answer in observed.first_tries + observed.returned)
    refused = len(observed.first_tries) + len(observed.returned) - answered
    refusal_cpu = max(0.0, used * 1e6 - answered * answer_cpu) / max(1, refused)
    bound = settings.max_queued_seconds + settings.micro_batch_ms / 1000
    table = rows(observed, peak, bound, (answer_cpu, refusal_cpu))
    typer.echo(
        f"{characters} characters, {peak.rate:,.0f} answers/s at the peak, {factor:g} times as many for {seconds:g} s"
    )
    typer.echo("| | required | measured | |\n| --- | ---: | ---: | --- |")
    for row in table:
        typer.echo(f"| {row.what} | {row.required} | {row.measured} | {'' if row.met else 'MISSED'} |")
    if not all(row.met for row in table):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
