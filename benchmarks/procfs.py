"""What the kernel knows about processes: the members of a process group, their CPU time and their memory."""

import os
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

_PROC = Path("/proc")
_TICKS = os.sysconf("SC_CLK_TCK")
_PAGE = os.sysconf("SC_PAGE_SIZE")  # bytes
_IDLE = (3, 4)  # the columns of /proc/stat that are not work: idle and iowait
_GUEST = 8  # from this column on, the time is already counted as user time


@dataclass(frozen=True, slots=True)
class Memory:
    """The memory of a process group, in MB (10^6 bytes).

    A page that processes share counts in part for each of them in `pss`, and in full for each of them in `rss`.
    """

    processes: int
    pss_mb: float
    rss_mb: float


def group_members(group: int) -> list[int]:
    """Return the processes of a process group that have not ended."""
    return [pid for pid in _pids() if (stat := _stat(pid)) and stat[0] != "Z" and int(stat[2]) == group]


def worker_processes(group: int) -> list[int]:
    """Return the workers of a service: the group without its first process and the one that they are forked from."""
    return [pid for pid in group_members(group) if pid != group and name_of(pid) != "template"]


def name_of(pid: int) -> str:
    """Return the name of a process, or nothing once it has ended."""
    try:
        return (_PROC / str(pid) / "comm").read_text().strip()
    except OSError:
        return ""


def cpu_seconds(group: int) -> dict[int, float]:
    """Return the user and system time so far of each process of a group."""
    stats = {pid: _stat(pid) for pid in group_members(group)}
    return {pid: (int(stat[11]) + int(stat[12])) / _TICKS for pid, stat in stats.items() if stat}


@dataclass(frozen=True, slots=True)
class Thread:
    """A thread of a process group: what it is to a server, its CPU time and how often it has waited for something."""

    kind: Literal["loop", "nlp", "other"]
    """`loop`: the first thread of a process; `nlp`: one of lower priority; `other`: also all of a supervisor."""
    seconds: float
    waits: int
    """Voluntary context switches."""


def threads(group: int) -> dict[tuple[int, int], Thread]:
    """Return every thread of a process group, by the numbers of its process and itself.

    Times are the scheduler's own, in nanoseconds, where `cpu_seconds` counts ticks. The group's first process counts as
    a supervisor if it has children.
    """
    found: dict[tuple[int, int], Thread] = {}
    members = group_members(group)
    for pid in members:
        niceness = _niceness(_PROC / str(pid))
        for folder in (_PROC / str(pid) / "task").iterdir():
            try:
                first, nicer = folder.name == str(pid), _niceness(folder) > niceness
                seconds = int((folder / "schedstat").read_text().split()[0]) / 1e9
                waits = int((folder / "status").read_text().partition("\nvoluntary_ctxt_switches:")[2].split()[0])
            except (OSError, IndexError):  # it has ended
                continue
            kind: Literal["loop", "nlp", "other"] = "loop" if first else "nlp" if nicer else "other"
            if pid == group and len(members) > 1:
                kind = "other"
            found[pid, int(folder.name)] = Thread(kind, seconds, waits)
    return found


def machine_cpu_seconds() -> float:
    """Return the time that all CPUs have worked since the machine started."""
    columns = (_PROC / "stat").read_text().splitlines()[0].split()[1:]
    return sum(int(ticks) for i, ticks in enumerate(columns[:_GUEST]) if i not in _IDLE) / _TICKS


def memory(group: int) -> Memory:
    """Return the proportional and the resident set size of a process group, from `smaps_rollup`."""
    pids, pss, rss = group_members(group), 0, 0
    for pid in pids:
        for line in (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]:
            name, value = line.split()[:2]
            pss += int(value) if name == "Pss:" else 0
            rss += int(value) if name == "Rss:" else 0
    return Memory(len(pids), pss * 1024 / 1e6, rss * 1024 / 1e6)


@dataclass(frozen=True, slots=True)
class Pages:
    """The memory of a process, in MB (10^6 bytes)."""

    proportional_mb: float
    """Pages that processes share count in part."""
    private_mb: float
    """What the process has written, and shares with no other."""


def pages(pid: int) -> Pages:
    """Return the memory of a process, from `smaps_rollup`. Raises OSError once it has ended."""
    lines = (_PROC / str(pid) / "smaps_rollup").read_text().splitlines()[1:]
    held = {name: int(value) * 1024 / 1e6 for name, value, *_ in map(str.split, lines)}
    return Pages(held["Pss:"], held["Private_Dirty:"])


@dataclass(frozen=True, slots=True)
class Process:
    """What a process holds now; memory in MB (10^6 bytes)."""

    resident_mb: float
    threads: int
    descriptors: int


def process_of(pid: int) -> Process:
    """Return what a process holds. Raises OSError once it has ended."""
    folder = _PROC / str(pid)
    pages = int((folder / "statm").read_text().split()[1])
    return Process(pages * _PAGE / 1e6, len(list((folder / "task").iterdir())), len(list((folder / "fd").iterdir())))


def resident_mb() -> float:
    """Return the resident memory of this process, in MB (10^6 bytes)."""
    return int((_PROC / "self" / "statm").read_text().split()[1]) * _PAGE / 1e6


def _pids() -> list[int]:
    return [int(entry.name) for entry in _PROC.iterdir() if entry.name.isdigit()]


def _niceness(folder: Path) -> int:
    return int((folder / "stat").read_text().rpartition(")")[2].split()[16])


def _stat(pid: int) -> list[str] | None:
    """Return the columns of /proc/PID/stat from the state on, or None once the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
