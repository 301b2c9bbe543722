"""One run: the offline baseline, the service with each number of workers, and the minimal app, one after the other."""

import os
import sys
import tempfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.corpus import Corpus
from benchmarks.load import measure, measure_liveness
from benchmarks.offline import measure_offline
from benchmarks.request_cost import measure_request_costs
from benchmarks.results import Machine, Results, ServerResults, cores
from benchmarks.server import Server, ServerFailed, running
from benchmarks.targets import Target, minimal_app, own_settings, service
from benchmarks.workloads import Workload

_WARM_UP_SECONDS = 2


@dataclass(frozen=True, slots=True)
class Scale:
    """The extent of a run: `seconds` for each workload at each number of `connections`."""

    seconds: int
    connections: tuple[int, ...]
    offline_texts: int
    minimal_app: bool = True
    cost_seconds: int = 2
    """For each point of each round of `request_cost`."""


def run(corpus: Corpus, scale: Scale, workers: Sequence[int]) -> Results:
    """Measure everything. The failure of a server is noted in the results, and the others are still measured."""
    os.environ["OPENBLAS_NUM_THREADS"] = "1"  # for all children
    results = Results(Machine.here(), str(corpus), own_settings(), scale.seconds)
    for processes in sorted({1, cores()}):
        _say(f"nlp.pipe offline, processes: {processes}")
        results.offline.append(measure_offline(corpus.texts[: scale.offline_texts], processes))
        _say(f"  {results.offline[-1].texts_per_second:,.0f} texts/s")
    _say("CPU of a request, beside its floors")
    try:
        with tempfile.TemporaryDirectory() as folder:
            results.costs = measure_request_costs(corpus, max(workers), scale.cost_seconds, Path(folder))
    except ServerFailed as failed:
        _say(f"  failed: {failed}")
    for target in (*map(service, workers), *((minimal_app(),) if scale.minimal_app else ())):
        found = ServerResults(target.name)
        results.servers.append(found)
        _say(target.name)
        try:
            with running(target) as server, tempfile.TemporaryDirectory() as folder:
                _measure(server, target, _write_bodies(target, corpus, Path(folder)), scale, found)
        except ServerFailed as failed:
            found.failure = str(failed)
            _say(f"  failed: {failed}")
    return results


def _write_bodies(target: Target, corpus: Corpus, folder: Path) -> dict[Workload, Path]:
    files = {workload: folder / str(number) for number, workload in enumerate(target.workloads)}
    for workload, file in files.items():
        workload.write_bodies(corpus.texts, file)
    return files


def _measure(server: Server, target: Target, bodies: dict[Workload, Path], scale: Scale, found: ServerResults) -> None:
    measure(server, target.workloads[0], bodies[target.workloads[0]], max(scale.connections), _WARM_UP_SECONDS)
    for workload, file in bodies.items():
        server.check(workload.path, file.read_bytes().partition(b"\n")[0])
        for connections in scale.connections:
            one = measure(server, workload, file, connections, scale.seconds)
            found.measurements.append(one)
            _say(f"  {workload.name}, connections: {connections}: {one.texts_per_second:,.0f} texts/s")
    for workload in target.loaded_by:
        asked = measure_liveness(server, workload, bodies[workload], max(scale.connections), scale.seconds)
        found.liveness.append(asked)
        _say(f"  /livez under {asked.under}: p99 {asked.p99_ms:,.1f} ms")
    server.settle()
    found.memory = server.memory()


def _say(line: str) -> None:
    print(line, file=sys.stderr, flush=True)
