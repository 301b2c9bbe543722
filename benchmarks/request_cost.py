"""What a request costs beside its floors: the service, bare FastAPI and bare ASGI side by side, and the engine alone.

All servers run at once, and each is measured in turn, three rounds long; what counts is the median of the rounds. So a
neighbour on the machine who disturbs a second of one disturbs the others' seconds as likely. CPU time is read from the
processes' own accounting, and so holds while other programs use the machine too; requests a second do not.
"""

import multiprocessing
from collections.abc import Sequence
from contextlib import ExitStack
from dataclasses import dataclass, fields
from pathlib import Path
from statistics import median
from time import process_time

from benchmarks.corpus import Corpus
from benchmarks.load import Cost, measure_cost
from benchmarks.ner_alone import PIPELINE
from benchmarks.server import running
from benchmarks.targets import Target, floors, service
from benchmarks.workloads import ENTITIES
from spanwise.pipelines import Analyzer

ROUNDS = 3
CONNECTIONS = (1, 8, 64)
PROBE = "/livez"
_BATCH = 128
_ENGINE_TEXTS = 1_000
_ENGINE_SECONDS = 120

_analyzer: Analyzer  # set once in the child process


@dataclass(frozen=True, slots=True)
class CostRow:
    """The medians of one server, path and number of connections."""

    server: str
    path: str
    connections: int
    cost: Cost


@dataclass(frozen=True, slots=True)
class RequestCosts:
    """All rows, and the engine's own microseconds of CPU for a text in batches of 128, in one thread."""

    rows: list[CostRow]
    engine: float

    def of(self, server: str, path: str, connections: int) -> Cost:
        """Return one row's figures. Raises `StopIteration` where it was not measured."""
        wanted = (server, path, connections)
        return next(row.cost for row in self.rows if (row.server, row.path, row.connections) == wanted)


def measure_request_costs(corpus: Corpus, workers: int, seconds: int, folder: Path) -> RequestCosts:
    """Measure three rounds of `seconds` a point. Raises `ServerFailed`, and `multiprocessing.TimeoutError`."""
    bodies = folder / "one-text-each"
    ENTITIES.write_bodies(corpus.texts, bodies)
    targets: Sequence[Target] = (service(workers), *reversed(floors()))
    points = [(target, ENTITIES.path, one) for target in targets for one in CONNECTIONS]
    points += [(targets[0], PROBE, 1), (targets[0], PROBE, max(CONNECTIONS))]
    found: list[list[Cost]] = [[] for _ in points]
    engine: list[float] = []
    with ExitStack() as stack:
        pool = stack.enter_context(multiprocessing.get_context("spawn").Pool(1, _load))
        servers = {target.name: stack.enter_context(running(target)) for target in targets}
        for server in servers.values():
            measure_cost(server, ENTITIES.path, bodies, max(CONNECTIONS), 1)
        for _ in range(ROUNDS):
            for place, (target, path, connections) in enumerate(points):
                sent = bodies if path == ENTITIES.path else None
                found[place].append(measure_cost(servers[target.name], path, sent, connections, seconds))
            engine.append(pool.apply_async(_engine, (corpus.texts[:_ENGINE_TEXTS],)).get(_ENGINE_SECONDS))
    rows = [
        CostRow(target.name, path, connections, _median(costs))
        for (target, path, connections), costs in zip(points, found, strict=True)
    ]
    return RequestCosts(rows, median(engine))


def _median(costs: Sequence[Cost]) -> Cost:
    names = [one.name for one in fields(Cost) if one.name != "failed"]
    return Cost(
        **{name: median(getattr(cost, name) for cost in costs) for name in names},
        failed=sum(cost.failed for cost in costs),
    )


def _load() -> None:
    global _analyzer  # noqa: PLW0603 - a pool can hand state to its tasks in no other way
    _analyzer = Analyzer.load(PIPELINE)


def _engine(texts: list[str]) -> float:
    """Return the microseconds of CPU that one text's entities take."""
    started = process_time()
    for start in range(0, len(texts), _BATCH):
        _analyzer.entities(texts[start : start + _BATCH])
    return (process_time() - started) * 1e6 / len(texts)
