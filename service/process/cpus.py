"""Count the CPUs that this process may use: by its affinity, and by the quota of its control group in a container.

`os.cpu_count` regards neither: a container with one CPU of a 64-core machine would start 64 threads. Quotas are read as
the kernel documents them: `cpu.max` of cgroup v2 (Documentation/admin-guide/cgroup-v2.rst), `cpu.cfs_quota_us` and
`cpu.cfs_period_us` of v1 (Documentation/scheduler/sched-bwc.rst). A group's ancestors limit it too.
"""

import math
import os
from pathlib import Path

_MEMBERSHIP = Path("/proc/self/cgroup")
_ROOT = Path("/sys/fs/cgroup")


def available_cpus(membership: Path = _MEMBERSHIP, root: Path = _ROOT) -> int:
    """Return the number of whole CPUs, at least one; a quota of one and a half counts as two."""
    affinity = len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count() or 1
    quotas = [math.ceil(quota) for quota in _quotas(membership, root)]
    return max(1, min([affinity, *quotas]))


def _quotas(membership: Path, root: Path) -> list[float]:
    """Return the quotas, in CPUs, of the groups that this process is in, and of all their ancestors."""
    quotas = []
    for line in _lines(membership):
        _, controllers, path = line.split(":", 2)
        if controllers == "":
            groups, read = root, _quota_v2
        elif "cpu" in controllers.split(","):
            groups, read = root / controllers, _quota_v1
            groups = groups if groups.is_dir() else root / "cpu"
        else:
            continue
        innermost = groups / path.lstrip("/")
        for group in [innermost, *innermost.parents]:
            if (quota := read(group)) is not None:
                quotas.append(quota)
            if group == groups:
                break
    return quotas


def _quota_v2(group: Path) -> float | None:
    for line in _lines(group / "cpu.max"):
        quota, period = line.split()
        return None if quota == "max" else int(quota) / int(period)
    return None


def _quota_v1(group: Path) -> float | None:
    quota, period = _lines(group / "cpu.cfs_quota_us"), _lines(group / "cpu.cfs_period_us")
    return int(quota[0]) / int(period[0]) if quota and period and int(quota[0]) > 0 else None


def _lines(path: Path) -> list[str]:
    try:
        return path.read_text("ascii").splitlines()
    except OSError:
        return []
