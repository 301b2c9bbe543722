"""Everything that one run has measured, as it is saved and as `report` prints it, and the machine that it ran on."""

import os
import platform
from dataclasses import dataclass, field
from importlib.metadata import version
from pathlib import Path
from typing import Self

from benchmarks.liveness import Liveness
from benchmarks.load import Measurement
from benchmarks.offline import Offline
from benchmarks.procfs import Memory
from benchmarks.request_cost import RequestCosts


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on beside the code. `cores` is the number of CPUs that this process may use."""

    cpu: str
    cores: int
    python: str
    spacy: str
    spanwise: str
    load_average: float
    """The load average of the minute before the run, near 0 if the machine was idle."""

    @classmethod
    def here(cls) -> Self:
        """Describe the machine as it is now."""
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
        return cls(cpu, cores(), platform.python_version(), version("spacy"), version("spanwise"), os.getloadavg()[0])


@dataclass(slots=True)
class ServerResults:
    """What was measured of one server; `failure` says why the measurements are incomplete."""

    name: str
    measurements: list[Measurement] = field(default_factory=list)
    liveness: list[Liveness] = field(default_factory=list)
    memory: Memory | None = None
    """The memory after all load."""
    failure: str | None = None


@dataclass(slots=True)
class Results:
    """A whole run."""

    machine: Machine
    corpus: str
    settings: dict[str, str]
    """The service's settings that differ from the defaults."""
    seconds: int
    offline: list[Offline] = field(default_factory=list)
    servers: list[ServerResults] = field(default_factory=list)
    costs: RequestCosts | None = None


def cores() -> int:
    """Return the number of CPUs that this process may use."""
    return len(os.sched_getaffinity(0))
