"""Run a job: find out what is done, have the rest done, and say what came of it.

The names of the parts that are there say what is done. They are compared with those of the units, which are planned
while the job runs, so that neither the number of files nor that of rows is held in memory.
"""

import signal
import sys
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from types import FrameType
from typing import IO, Any, Protocol

from spanwise.bulk import ray_pool
from spanwise.bulk.input_columns import schema_of
from spanwise.bulk.input_files import InputFile
from spanwise.bulk.job_identity import JobSpec, digest_of, identity_of
from spanwise.bulk.output_folder import OutputFolder, OutputRefused
from spanwise.bulk.progress import Progress
from spanwise.bulk.ray_pool import Done, JobFailed, Pool, Task
from spanwise.bulk.summary import Summary, Tally
from spanwise.bulk.units import Unit, following, name_of_file, plan, unit_bytes


@dataclass(frozen=True, slots=True)
class RunOptions:
    """How a job is run; none of it changes the output."""

    address: str | None = None
    """Of a Ray cluster; None: a Ray on this machine, for the time of the run."""
    workers: int | None = None
    """At most so many; None: as the CPUs allow."""
    cpus_each: int = 1
    """CPUs of one worker, and threads in it."""
    cpus: int = 1
    """Of this machine, where no address is given."""
    max_errors: int | None = None
    """More rows with errors end the job."""
    replace: bool = False
    """Whether what another job has left in the folder is deleted first."""


class Workers(Protocol):
    """What does the units: `ray_pool.Pool`."""

    @property
    def size(self) -> int:
        """How many workers there are."""

    def pipelines(self) -> list[dict[str, Any]]:
        """Return what the output depends on of the pipelines. Raises `ValueError` for options that fit none."""

    def run(self, tasks: Iterator[Task], unit_bytes: int) -> Iterator[Done | None]:
        """Do all units and what follows them in compressed files; yield each that is done, None now and then."""


def run(spec: JobSpec, files: Sequence[InputFile], how: RunOptions) -> Summary:
    """Run a job on Ray to its end, or until it fails or is interrupted.

    Raises `OutputRefused` and `ValueError` for mistakes, `PipelineError`, and `JobFailed`; what is done stays done.
    """
    schema_of(files[0], spec.options)  # most mistakes show before anything is started
    OutputFolder(spec.output, spec.output_format)
    stream = sys.stderr
    with ray_pool.connected(how.address, how.cpus):
        return run_with(Pool(spec, how.cpus_each, how.workers), spec, files, how, stream)


def run_with(
    workers: Workers, spec: JobSpec, files: Sequence[InputFile], how: RunOptions, stream: IO[str] | None = None
) -> Summary:
    """Run a job on these workers, with its progress on a stream."""
    folder = OutputFolder(spec.output, spec.output_format)
    with folder.locked(), _terminated_as_interrupted():
        return _Run(spec, files, how, folder, workers).summary(stream)


class _Run:
    """One run of a job."""

    def __init__(
        self, spec: JobSpec, files: Sequence[InputFile], how: RunOptions, folder: OutputFolder, workers: Workers
    ) -> None:
        self._spec, self._files, self._how, self._folder, self._workers = spec, files, how, folder, workers
        self._pipelines = workers.pipelines()
        if how.replace:
            folder.clear()
        self._unit_bytes = _unit_bytes(folder, files)
        identity = identity_of(spec, self._pipelines, self._unit_bytes)
        folder.prepare(identity)
        self._job = digest_of(identity)
        self._before, self._now = Tally(), Tally()
        self._bytes = 0

    def summary(self, stream: IO[str] | None) -> Summary:
        """Do what is to be done."""
        began = time.monotonic()
        complete = False
        try:
            with Progress(sum(one.size for one in self._files), stream) as progress:
                for done in self._workers.run(self._to_do(), self._unit_bytes):
                    if done is not None:
                        self._now.add(done.part)
                        self._bytes += done.task.unit.size
                        self._check_errors()
                    progress(self._total(), self._bytes)
            complete = True
        except KeyboardInterrupt:
            pass
        finished = Summary(
            self._spec.output,
            complete,
            self._before,
            self._now,
            time.monotonic() - began,
            self._workers.size,
            self._pipelines,
        )
        if complete:
            self._folder.write_summary(finished.as_json())
        return finished

    def _to_do(self) -> Iterator[Task]:
        """Yield what is not done. Raises `OutputRefused` for parts of files that have changed or are gone."""
        done = self._folder.done()
        wanted = {name_of_file(file, self._job) for file in self._files}
        if stale := sorted(name for name in done if name.rpartition("-")[0] not in wanted):
            raise OutputRefused(
                f"{self._spec.output} holds {len(stale)} parts of files that have changed or are not read any more, "
                f"such as {stale[0]}. Choose another folder, or --replace it."
            )
        for unit in plan(list(self._files), self._unit_bytes, self._spec.options, self._spec.limit):
            left: Unit | None = unit
            while left is not None and (name := left.name(self._job)) in done:
                part = self._folder.part(name)
                self._before.add(part)
                self._bytes += left.size
                left = None if part.next_start is None else following(left, part.next_start)
            if left is not None:
                yield Task(left, self._job)

    def _total(self) -> Tally:
        both = replace(self._before, errors=self._before.errors + self._now.errors)
        both.rows += self._now.rows
        return both

    def _check_errors(self) -> None:
        most = self._how.max_errors
        if most is not None and (failed := self._before.failed + self._now.failed) > most:
            raise JobFailed(f"{failed} rows have errors, and --max-errors allows {most}.")


def _unit_bytes(folder: OutputFolder, files: Sequence[InputFile]) -> int:
    """Return the size of units: that of the parts which are there, so that a corpus may grow between two runs."""
    known = folder.identity()
    return int(known["unit_bytes"]) if known else unit_bytes(list(files))


class _terminated_as_interrupted:  # noqa: N801 - reads as a function
    """Make SIGTERM end the run as Ctrl-C does: with a summary of what is done."""

    def __enter__(self) -> None:
        self._before = signal.signal(signal.SIGTERM, self._interrupt)

    def __exit__(self, *error: object) -> None:
        signal.signal(signal.SIGTERM, self._before)

    def _interrupt(self, _number: int, _frame: FrameType | None) -> None:
        raise KeyboardInterrupt
