"""The servers that are measured: the service with a given number of workers, and the minimal app."""

import os
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from benchmarks.ner_alone import PIPELINE
from benchmarks.workloads import ANALYZE, BATCH, ENTITIES, MINIMAL_ASYNC, MINIMAL_THREADS, Workload

_BIN = Path(sys.executable).parent
_PREFIX = "SPANWISE_"
_FIXED = {"API_KEYS", "RATE_LIMIT_PER_MINUTE", "HOST", "PORT", "WORKERS", "PIPELINES", "LOG_FORMAT"}


@dataclass(frozen=True, slots=True)
class Target:
    """A server that listens on the port given by `--port`.

    `/livez` is asked while all connections send each workload of `loaded_by`.
    """

    name: str
    command: Sequence[str]
    environment: Mapping[str, str]
    ready_path: str
    workloads: tuple[Workload, ...]
    loaded_by: tuple[Workload, ...]


def own_settings() -> dict[str, str]:
    """Return the `SPANWISE_` variables of this process that the service gets too: all but those fixed here."""
    return {
        name: value
        for name, value in os.environ.items()
        if name.startswith(_PREFIX) and name.removeprefix(_PREFIX) not in _FIXED
    }


def service(workers: int) -> Target:
    """Describe `spanwise serve` with its default pipeline, and with JSON logs as in production."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith(_PREFIX)}
    return Target(
        name=f"Spanwise, {workers} worker{'s' * (workers > 1)}",
        command=(str(_BIN / "spanwise"), "serve", "--host", "127.0.0.1", "--workers", str(workers)),
        environment=environment
        | own_settings()
        | {"SPANWISE_LOG_FORMAT": "json", "SPANWISE_PIPELINES": f"en={PIPELINE}"},
        ready_path="/readyz",
        workloads=(ENTITIES, ANALYZE, BATCH),
        loaded_by=(ENTITIES,),
    )


def floors() -> tuple[Target, Target]:
    """Describe what a request costs without us, each in one uvicorn process: bare ASGI, and bare FastAPI."""
    return _floor("bare ASGI app", "bare_asgi"), _floor("bare FastAPI route", "bare_fastapi")


def _floor(name: str, module: str) -> Target:
    return Target(
        name=name,
        command=_uvicorn(f"benchmarks.{module}:app"),
        environment=os.environ,
        ready_path="/livez",
        workloads=(ENTITIES,),
        loaded_by=(),
    )


def _uvicorn(app: str) -> tuple[str, ...]:
    return (
        *(sys.executable, "-m", "uvicorn", app, "--host", "127.0.0.1"),
        *("--log-level", "warning", "--no-access-log"),
    )


def minimal_app() -> Target:
    """Describe `minimal_app` in one uvicorn process."""
    return Target(
        name="minimal FastAPI app, 1 process",
        command=_uvicorn("benchmarks.minimal_app:app"),
        environment=os.environ,
        ready_path="/livez",
        workloads=(MINIMAL_ASYNC, MINIMAL_THREADS),
        loaded_by=(MINIMAL_ASYNC, MINIMAL_THREADS),
    )
