"""What the kernel knows about processes: the members of a process group, their CPU time and their memory."""

import os
from dataclasses import dataclass
from pathlib import Path

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


def cpu_seconds(group: int) -> dict[int, float]:
    """Return the user and system time so far of each process of a group."""
    stats = {pid: _stat(pid) for pid in group_members(group)}
    return {pid: (int(stat[11]) + int(stat[12])) / _TICKS for pid, stat in stats.items() if stat}


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


def _stat(pid: int) -> list[str] | None:
    """Return the columns of /proc/PID/stat from the state on, or None once the process is gone."""
    try:
        return (_PROC / str(pid) / "stat").read_text().rpartition(")")[2].split()
    except OSError:
        return None
