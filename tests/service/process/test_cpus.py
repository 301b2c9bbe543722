"""The number of CPUs that a process may use, whatever limits it."""

import os
from pathlib import Path

import pytest

from spanwise.service.process.cpus import available_cpus

MANY = 64


@pytest.fixture(autouse=True)
def many_cpus(monkeypatch: pytest.MonkeyPatch) -> None:
    """Pretend that the process may use 64 CPUs."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: set(range(MANY)))


def group(root: Path, path: str, **files: str) -> None:
    """Make a control group with these files (`__` for a dot)."""
    folder = root / path
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        (folder / name.replace("__", ".")).write_text(text)


def cpus(root: Path, membership: str) -> int:
    """Return the CPUs that a process with this /proc/self/cgroup may use."""
    (root / "membership").write_text(membership)
    return available_cpus(root / "membership", root)


@pytest.mark.parametrize(
    ("quota", "expected"), [("max 100000", MANY), ("200000 100000", 2), ("150000 100000", 2), ("5000 100000", 1)]
)
def test_a_quota_of_version_2_counts(tmp_path: Path, quota: str, expected: int) -> None:
    """A quota is rounded up: a part of a CPU needs a thread too."""
    group(tmp_path, "pod/box", cpu__max=quota + "\n")
    assert cpus(tmp_path, "0::/pod/box\n") == expected


def test_the_quota_of_a_group_above_counts_too(tmp_path: Path) -> None:
    """The smallest quota on the way to the root counts."""
    group(tmp_path, "pod", cpu__max="300000 100000\n")
    group(tmp_path, "pod/box", cpu__max="max 100000\n")
    assert cpus(tmp_path, "0::/pod/box\n") == 3


def test_inside_a_container_the_group_is_the_root(tmp_path: Path) -> None:
    """In a container's own view, the group of the process is the root."""
    group(tmp_path, "", cpu__max="400000 100000\n")
    assert cpus(tmp_path, "0::/\n") == 4


def test_a_quota_of_version_1_counts(tmp_path: Path) -> None:
    """A quota of cgroup v1 counts, also where controllers are mounted together."""
    group(tmp_path, "cpu,cpuacct/box", cpu__cfs_quota_us="250000\n", cpu__cfs_period_us="100000\n")
    assert cpus(tmp_path, "4:cpu,cpuacct:/box\n3:memory:/box\n") == 3
    group(tmp_path, "cpu,cpuacct/free", cpu__cfs_quota_us="-1\n", cpu__cfs_period_us="100000\n")
    assert cpus(tmp_path, "4:cpu,cpuacct:/free\n") == MANY


def test_the_affinity_counts_without_a_quota(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without a quota the affinity counts, as `taskset` sets it."""
    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 5})
    assert cpus(tmp_path, "") == 2
    assert available_cpus(tmp_path / "none", tmp_path) == 2
