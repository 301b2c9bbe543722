"""The bars for what a request may cost, beside what a run has measured."""

from collections.abc import Iterator
from dataclasses import dataclass

from benchmarks.request_cost import PROBE, RequestCosts
from benchmarks.results import Results
from benchmarks.workloads import ENTITIES


@dataclass(frozen=True, slots=True)
class Bar:
    """One property of the service: what it was at first, what it must be and what it should be."""

    what: str
    at_first: str
    at_least: float
    aim: float
    measured: float
    more_is_better: bool = False

    @property
    def holds(self) -> str:
        """Say which of the two marks the measured value reaches."""
        for mark, name in ((self.aim, "aim"), (self.at_least, "at least")):
            if self.measured >= mark if self.more_is_better else self.measured <= mark:
                return name
        return "missed"


def bars(results: Results) -> Iterator[Bar]:
    """Yield every bar that the run has measured."""
    if (costs := results.costs) is not None:
        yield from _of_requests(costs, results.offline[-1].texts_per_second)
    for server in results.servers:
        for one in server.liveness:
            if server.name.startswith("Spanwise"):
                yield Bar(f"`/livez` p99 under load, ms: {server.name}", "10-17", 8, 5, one.p99_ms)
        if server.name == "Spanwise, 2 workers" and server.memory:
            yield Bar("proportional memory, two workers and supervisor, MB", "307-323", 300, 260, server.memory.pss_mb)


def _of_requests(costs: RequestCosts, offline: float) -> Iterator[Bar]:
    service = costs.rows[0].server
    for connections, at_first, at_least, aim in ((64, "1.9", 1.25, 1.0), (1, "2.6", 1.5, 1.2)):
        what = f"CPU a request, of bare FastAPI and the engine together, {connections} conn."
        floor = costs.of("bare FastAPI route", ENTITIES.path, connections).total + costs.engine
        yield Bar(what, at_first, at_least, aim, costs.of(service, ENTITIES.path, connections).total / floor)
    loop = costs.of(service, ENTITIES.path, 64).loop
    yield Bar("event loop's CPU a request, µs, 64 conn.", "570", 280, 180, loop)
    yield Bar("`/livez`, µs", "340", 120, 90, costs.of(service, PROBE, 1).total)
    for connections, at_first, at_least, aim in ((1, "1.2", 2, 2.5), (8, "2.4", 4.5, 5.5), (64, "3.4", 5.5, 7)):
        rate = costs.of(service, ENTITIES.path, connections).requests_per_second
        what = f"requests/s, of offline nlp.pipe, {connections} conn."
        yield Bar(what, at_first, at_least, aim, rate / offline, more_is_better=True)
