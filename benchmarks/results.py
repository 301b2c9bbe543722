"""Everything that one run has measured, as it is saved and as `report` prints it, and the machine it ran on."""

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


@dataclass(frozen=True, slots=True)
class Machine:
    """What the figures depend on besides the code. `cores` are the CPUs that this process may use."""

    cpu: str
    cores: int
    python: str
    spacy: str
    spanwise: str
    load_average: float
    """Of the minute before the run: near 0 when nobody else was working."""

    @classmethod
    def here(cls) -> Self:
        """The machine as it is now."""
        lines = Path("/proc/cpuinfo").read_text().splitlines()
        cpu = next((line.partition(":")[2].strip() for line in lines if line.startswith("model name")), "unknown CPU")
        return cls(cpu, cores(), platform.python_version(), version("spacy"), version("spanwise"), os.getloadavg()[0])


@dataclass(slots=True)
class ServerResults:
    """What one server did; `failure` says why there is not more."""

    name: str
    measurements: list[Measurement] = field(default_factory=list)
    liveness: list[Liveness] = field(default_factory=list)
    memory: Memory | None = None
    """After all load."""
    failure: str | None = None


@dataclass(slots=True)
class Results:
    """A whole run."""

    machine: Machine
    corpus: str
    settings: dict[str, str]
    """The service's, where they are not the defaults."""
    seconds: int
    offline: list[Offline] = field(default_factory=list)
    servers: list[ServerResults] = field(default_factory=list)


def cores() -> int:
    """The CPUs that this process may use."""
    return len(os.sched_getaffinity(0))
