"""Run jobs in this process, without Ray: the same units, files and parts, one after the other."""

from collections import deque
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq

from spanwise.bulk.input_files import find_inputs
from spanwise.bulk.job import RunOptions, run_with
from spanwise.bulk.job_identity import JobSpec, OutputFormat
from spanwise.bulk.pipeline_source import PipelineSource
from spanwise.bulk.ray_pool import Done, Task
from spanwise.bulk.row_options import RowOptions
from spanwise.bulk.summary import Summary
from spanwise.bulk.unit_worker import UnitWorker
from spanwise.bulk.units import following

SENTENCES = [
    "Tim Cook loved Paris.",
    "The weather in London was awful.",
    "Angela Merkel visited Berlin on Monday 🎉, naïve as ever.",
    "Nobody cared.",
]


class WorkersHere:
    """One worker in this process; after `most` units it is interrupted, as by Ctrl-C."""

    size = 1

    def __init__(self, spec: JobSpec, most: int | None = None) -> None:
        self._worker = UnitWorker(spec, 1)
        self._most = most
        self.names: list[str] = []
        """The parts that were written, in their order."""

    def pipelines(self) -> list[dict[str, Any]]:
        return self._worker.pipelines()

    def run(self, tasks: Iterable[Task], unit_bytes: int) -> Iterator[Done | None]:
        source, waiting = iter(tasks), deque[Task]()
        while (task := waiting.popleft() if waiting else next(source, None)) is not None:
            if len(self.names) == self._most:
                raise KeyboardInterrupt
            part = self._worker.run(task.unit, task.name, unit_bytes)
            self.names.append(task.name)
            if part.next_start is not None:
                waiting.append(Task(following(task.unit, part.next_start), task.job))
            yield Done(task, part)


def job(
    output: Path | str, output_format: OutputFormat = "parquet", limit: int | None = None, **options: Any
) -> JobSpec:
    """Return a job with the default pipeline, which finds entities."""
    named = RowOptions.of(**({"features": ["entities"]} | options))
    return JobSpec(named, PipelineSource(), str(output), output_format, limit)


def run_here(spec: JobSpec, inputs: Sequence[Path | str], most: int | None = None, **how: Any) -> Summary:
    """Run a job in this process; see `WorkersHere` for `most`."""
    files = find_inputs([str(one) for one in inputs])
    return run_with(WorkersHere(spec, most), spec, files, RunOptions(**how))


def rows_of(folder: Path) -> list[dict[str, Any]]:
    """Return the rows of all parts of Parquet, in the order of their names."""
    tables = [pq.read_table(path) for path in sorted(folder.glob("*.parquet"))]
    return list(pa.concat_tables(tables).to_pylist())


def lines_of(folder: Path) -> list[dict[str, Any]]:
    """Return the lines of all parts of JSON Lines, in the order of their names."""
    return [orjson.loads(line) for path in sorted(folder.glob("*.jsonl")) for line in path.read_bytes().splitlines()]


def texts(count: int) -> list[str]:
    """Return texts that differ from each other."""
    return [f"{SENTENCES[number % 4]} It was number {number}." for number in range(count)]
