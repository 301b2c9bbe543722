"""A pool of Ray actors that do units of work: one unit at a time each, so that no more is done again after a crash.

An actor that dies is started again by Ray, on another node if its own is gone, and its unit is given out anew. Actors
are added while the cluster grows. The units come from an iterator and are never held as a whole; the texts travel
through neither the driver nor Ray's object store, because each actor reads its unit and writes its part by itself.
"""

import contextlib
import gc
import logging
import os
import time
from collections import deque
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import ray
from ray import exceptions

from spanwise.bulk.job_identity import JobSpec
from spanwise.bulk.output_folder import PartDone
from spanwise.bulk.units import Unit, following
from spanwise.pipelines import PipelineError

if TYPE_CHECKING:
    from spanwise.bulk.unit_worker import UnitWorker

ATTEMPTS: Final = 3
"""How often a unit is tried, because a file or a worker may be away for a moment."""
_OBJECT_STORE_BYTES: Final = 96 << 20
"""Of the local Ray; nothing but the descriptions of units and parts goes through it."""
_LOOK_FOR_CPUS_SECONDS: Final = 10.0


class JobFailed(Exception):
    """The job cannot go on; its message says why, and holds no text."""


class Task(NamedTuple):
    """A unit of a job."""

    unit: Unit
    job: str
    """The digest of the job."""

    @property
    def name(self) -> str:
        """The name of its part."""
        return self.unit.name(self.job)


class Done(NamedTuple):
    """A unit that was done, and what is known of its part."""

    task: Task
    part: PartDone


@contextlib.contextmanager
def connected(address: str | None, cpus: int) -> Iterator[None]:
    """Join a cluster, or have a Ray on this machine, until the block ends. Raises `JobFailed` where there is none.

    What Ray prints meanwhile is not shown: the progress says how far the job is, and Ray's logs have the rest.
    """
    os.environ.setdefault("RAY_USAGE_STATS_ENABLED", "0")
    os.environ.setdefault("RAY_ACCEL_ENV_VAR_OVERRIDE_ON_ZERO", "0")
    options: dict[str, Any] = {"log_to_driver": False, "logging_level": logging.CRITICAL}
    if address is None:
        options |= {"num_cpus": cpus, "include_dashboard": False, "object_store_memory": _OBJECT_STORE_BYTES}
    with (
        Path(os.devnull).open("w") as nothing,
        contextlib.redirect_stdout(nothing),
        contextlib.redirect_stderr(nothing),
    ):
        try:
            ray.init(address or "local", **options)
        except (ConnectionError, RuntimeError, ValueError) as error:
            raise JobFailed(f"There is no Ray at {address or 'this machine'}: {str(error).splitlines()[0]}") from error
        try:
            yield
        finally:
            ray.shutdown()


class Pool:
    """Actors for one job."""

    def __init__(self, spec: JobSpec, cpus_each: int, most: int | None) -> None:
        """Start an actor for every so many CPUs of each node, but no more than `most`."""
        self._spec, self._cpus_each, self._most = spec, cpus_each, most
        self._actors: list[Any] = []
        self._loading: list[Any] = []
        self._idle: deque[Any] = deque()
        self._looked = 0.0
        self._grow()

    @property
    def size(self) -> int:
        """How many actors there are."""
        return len(self._actors)

    def pipelines(self) -> list[dict[str, Any]]:
        """Return what the first actor says of its pipelines, once all that are started have loaded theirs.

        Raises `ValueError` for options that fit none of them, `PipelineError`, and `JobFailed`.
        """
        try:
            found: list[list[dict[str, Any]]] = ray.get(self._loading)
        except (exceptions.RayTaskError, exceptions.RayActorError) as error:
            cause = getattr(error, "cause", None)
            if isinstance(cause, ValueError | PipelineError):
                raise cause from None
            raise JobFailed(f"A worker could not load the pipelines: {_cause(error)}.") from error
        return found[0]

    def run(self, tasks: Iterable[Task], unit_bytes: int) -> Iterator[Done | None]:
        """Do all units and yield what is done, in no order; None each second in which nothing was.

        Raises `JobFailed` for a unit that fails again and again.
        """
        source = iter(tasks)
        again: deque[tuple[Task, int]] = deque()
        pending: dict[Any, tuple[Any, Task, int]] = {}
        while True:
            self._grow()
            while self._idle and (given := _next(again, source)) is not None:
                actor, (task, attempt) = self._idle.popleft(), given
                pending[actor.run.remote(task.unit, task.name, unit_bytes)] = (actor, task, attempt)
            if not pending:
                return
            ready, _ = ray.wait(list(pending), timeout=1.0)
            if not ready:
                yield None
            for reference in ready:
                actor, task, attempt = pending.pop(reference)
                try:
                    part: PartDone = ray.get(reference)
                except (exceptions.RayActorError, exceptions.RayTaskError) as error:
                    if not any(node["Alive"] for node in ray.nodes()):
                        raise JobFailed("Ray has died. The same command goes on from here.") from error
                    again.append((task, _checked(task, attempt, error)))
                    self._idle.append(actor)
                    continue
                if part.next_start is None:
                    self._idle.append(actor)
                else:  # this actor has the compressed file open, and goes on in it
                    unit = following(task.unit, part.next_start)
                    more = Task(unit, task.job)
                    pending[actor.run.remote(more.unit, more.name, unit_bytes)] = (actor, more, 1)
                yield Done(task, part)

    def _grow(self) -> None:
        """Start actors for CPUs that have none yet."""
        if self._actors and time.monotonic() - self._looked < _LOOK_FOR_CPUS_SECONDS:
            return
        self._looked = time.monotonic()
        cpus = [int(node["Resources"].get("CPU", 0)) for node in ray.nodes() if node["Alive"]]
        wanted = max(1, sum(here // self._cpus_each for here in cpus))
        if self._most is not None:
            wanted = min(wanted, self._most)
        while len(self._actors) < wanted:
            actor = _Actor.options(num_cpus=self._cpus_each).remote(self._spec, self._cpus_each)
            self._actors.append(actor)
            self._loading.append(actor.pipelines.remote())
            self._idle.append(actor)


class _RemoteWorker:
    """A `UnitWorker` in a process of its own."""

    def __init__(self, spec: JobSpec, threads: int) -> None:
        self._spec, self._threads = spec, threads
        self._made: UnitWorker | None = None

    @property
    def _worker(self) -> "UnitWorker":
        """The worker, made at the first call: what is raised then reaches the driver as it is."""
        from spanwise.bulk.unit_worker import UnitWorker  # spaCy is imported here, and not in the driver

        if self._made is None:
            self._made = UnitWorker(self._spec, self._threads)
            gc.collect()
            gc.freeze()  # what is loaded stays: no collection need look at a million objects again
        return self._made

    def pipelines(self) -> list[dict[str, Any]]:
        return self._worker.pipelines()

    def run(self, unit: Unit, name: str, unit_bytes: int) -> PartDone:
        return self._worker.run(unit, name, unit_bytes)


_Actor: Any = ray.remote(max_restarts=-1, max_task_retries=0, scheduling_strategy="SPREAD")(_RemoteWorker)


def _next(again: deque[tuple[Task, int]], source: Iterator[Task]) -> tuple[Task, int] | None:
    if again:
        return again.popleft()
    task = next(source, None)
    return None if task is None else (task, 1)


def _checked(task: Task, attempt: int, error: Exception) -> int:
    """Return the number of the next attempt. Raises `JobFailed` where there is none, or where it is of no use."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, ValueError | PipelineError):
        raise cause
    if attempt >= ATTEMPTS:
        where = f"{task.unit.file.uri} from {task.unit.start}"
        raise JobFailed(f"{where} failed {ATTEMPTS} times: {_cause(error)}") from error
    return attempt + 1


def _cause(error: Exception) -> str:
    """Return a line that names the error. Only those of files and of pipelines are safe to quote."""
    cause = getattr(error, "cause", None)
    if isinstance(cause, OSError):
        return f"{type(cause).__name__}: {cause}"
    if isinstance(error, exceptions.RayActorError):
        return "the worker died (killed, or out of memory)"
    return type(cause or error).__name__
