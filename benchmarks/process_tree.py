"""A process with all that it has started, whatever process groups they are in: Ray's workers leave their parent's."""

import os
from pathlib import Path
from typing import NamedTuple

_PROC = Path("/proc")


class Process(NamedTuple):
    """A process: its number and its command line, which programs may rewrite."""

    pid: int
    command: str


def tree(root: int) -> list[Process]:
    """Return a process and its descendants that have not ended."""
    parents: dict[int, int] = {}
    for folder in _PROC.iterdir():
        if folder.name.isdigit() and (stat := _read(folder / "stat")):
            state, parent = stat.rpartition(")")[2].split()[:2]
            if state != "Z":
                parents[int(folder.name)] = int(parent)
    found, added = {root} & parents.keys(), {root}
    while added := {pid for pid, parent in parents.items() if parent in added} - found:
        found |= added
    return [Process(pid, _read(_PROC / str(pid) / "cmdline").replace("\0", " ").strip()) for pid in sorted(found)]


def pss_mb(pid: int) -> float:
    """Return the memory of a process in MB (10^6 bytes); a page that processes share counts in part for each."""
    for line in _read(_PROC / str(pid) / "smaps_rollup").splitlines():
        if line.startswith("Pss:"):
            return int(line.split()[1]) * 1024 / 1e6
    return 0.0


def cpu_seconds(pid: int) -> float:
    """Return the user and system time of a process so far, 0 where it has ended."""
    columns = _read(_PROC / str(pid) / "stat").rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / os.sysconf("SC_CLK_TCK") if columns else 0.0


def _read(path: Path) -> str:
    try:
        return path.read_text("utf-8", "replace")
    except OSError:  # it has ended
        return ""
