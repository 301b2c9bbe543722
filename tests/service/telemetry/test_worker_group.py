"""The shared folder of workers: numbers that only the living hold, lasting counters, gauges that end with a worker."""

import os
import resource
import signal
import stat
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from spanwise.service.telemetry.metrics import Metrics
from spanwise.service.telemetry.worker_group import FOLDER_VARIABLE, KINDS, NoSharedFolder, shared_folder
from tests.support.samples import Samples

WORKER = """
import sys
from types import SimpleNamespace
from spanwise.service.telemetry.metrics import Metrics

metrics = Metrics.of_this_process()
print("joined", flush=True)
for line in sys.stdin:
    command, number = line.split()
    if command == "ready":
        metrics.ready([], int(number))
    elif command == "admit":
        metrics.admitted(int(number))
    elif command == "answer":
        for _ in range(int(number)):
            metrics.answered("analyze", 200, 0.02)
    print("done", flush=True)
"""


class Worker:
    """A process that has joined the group of a folder and obeys commands."""

    def __init__(self, folder: Path) -> None:
        self.process = subprocess.Popen(
            [sys.executable, "-c", WORKER],
            env={**os.environ, FOLDER_VARIABLE: str(folder)},
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            text=True,
        )
        self._hear("joined")

    def tell(self, command: str, number: int) -> None:
        """Send a command and wait until it is done."""
        assert self.process.stdin
        self.process.stdin.write(f"{command} {number}\n")
        self.process.stdin.flush()
        self._hear("done")

    def kill(self) -> None:
        """Kill the worker and leave it a zombie."""
        self.process.send_signal(signal.SIGKILL)
        os.waitid(os.P_PID, self.process.pid, os.WEXITED | os.WNOWAIT)

    def close(self) -> None:
        """Kill and reap the worker, and close its pipes."""
        self.process.kill()
        self.process.wait(10)
        for stream in (self.process.stdin, self.process.stdout):
            assert stream
            stream.close()

    def _hear(self, expected: str) -> None:
        assert self.process.stdout
        assert self.process.stdout.readline() == expected + "\n"


@contextmanager
def workers(folder: Path, number: int) -> Iterator[list[Worker]]:
    """Start so many workers, one after the other; more can be added to the list."""
    started: list[Worker] = []
    try:
        for _ in range(number):
            started.append(Worker(folder))  # noqa: PERF401 - those that started are closed if one does not
        yield started
    finally:
        for worker in started:
            worker.close()


def scrape_group(folder: Path) -> Samples:
    """Return what a scrape of the group exposes."""
    return Samples(Metrics(folder)._collect().decode())


def test_a_group_is_exposed_as_one(tmp_path: Path) -> None:
    """Counters and gauges of all workers are added up."""
    with workers(tmp_path, 2) as (first, second):
        for worker, answers in ((first, 3), (second, 4)):
            worker.tell("ready", 1000)
            worker.tell("answer", answers)
            worker.tell("admit", answers * 10)
        found = scrape_group(tmp_path)
        assert found("spanwise_requests_total", operation="analyze", status="200") == 7
        assert found("spanwise_request_duration_seconds_count", operation="analyze") == 7
        assert found("spanwise_request_duration_seconds_bucket", operation="analyze", le="0.025") == 7
        assert found("spanwise_request_duration_seconds_bucket", operation="analyze", le="0.01") == 0
        assert found("spanwise_queue_characters") == 70
        assert found("spanwise_queue_limit_characters") == 2000
        assert found("spanwise_workers") == 2


def test_a_dead_workers_gauges_leave_and_its_counts_stay(tmp_path: Path) -> None:
    """A dead worker counts no more, even as a zombie; its successor continues the counters without its gauges."""
    with workers(tmp_path, 2) as started:
        first, second = started
        for worker in started:
            worker.tell("ready", 1000)
            worker.tell("answer", 5)
            worker.tell("admit", 10)
        first.kill()
        found = scrape_group(tmp_path)
        assert found("spanwise_workers") == 1
        assert found("spanwise_queue_characters") == 10
        assert found("spanwise_requests_total", operation="analyze", status="200") == 10
        started.append(third := Worker(tmp_path))
        third.tell("ready", 1000)
        third.tell("answer", 1)
        found = scrape_group(tmp_path)
        assert found("spanwise_workers") == 2
        assert found("spanwise_queue_characters") == 10
        assert found("spanwise_requests_total", operation="analyze", status="200") == 11
        assert found("spanwise_request_duration_seconds_count", operation="analyze") == 11
        second.tell("answer", 1)
        assert scrape_group(tmp_path)("spanwise_requests_total", operation="analyze", status="200") == 12


def test_a_place_that_was_taken_over_unscraped_has_no_old_gauges(tmp_path: Path) -> None:
    """Old gauges are gone even if nobody scraped between a death and the next start."""
    with workers(tmp_path, 1) as started:
        started[0].tell("ready", 1000)
        started[0].tell("admit", 10)
        started[0].kill()
        started.append(Worker(tmp_path))
        assert scrape_group(tmp_path)("spanwise_workers") == 0
        assert scrape_group(tmp_path)("spanwise_queue_characters") == 0


def test_workers_that_die_again_and_again_leave_no_more_files(tmp_path: Path) -> None:
    """There are only as many files as workers were alive at once."""
    with workers(tmp_path, 1) as started:
        for _ in range(3):
            started[-1].kill()
            started.append(Worker(tmp_path))
        files = {path.name for path in tmp_path.iterdir()}
    assert files == {"0.lock", *(f"{kind}_0.db" for kind in KINDS)}


def test_our_metrics_are_of_the_kinds_that_have_files(tmp_path: Path) -> None:
    """Every file that prometheus_client opens was allocated before."""
    with workers(tmp_path, 1) as (worker,):
        worker.tell("ready", 1)
        worker.tell("answer", 1)
        assert {path.name for path in tmp_path.glob("*.db")} == {f"{kind}_0.db" for kind in KINDS}
        for path in tmp_path.glob("*.db"):
            assert path.stat().st_blocks * 512 >= path.stat().st_size, f"{path.name} has holes"


def test_the_folder_is_private_and_goes_in_the_end(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The folder can be read by its owner alone, and is deleted with all files."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(FOLDER_VARIABLE, "somebody else's")
    with shared_folder(2):
        (folder,) = tmp_path.iterdir()
        assert os.environ[FOLDER_VARIABLE] == str(folder)
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert len(list(folder.iterdir())) == 3 * (len(KINDS) + 1), "one more than workers, each with its lock"
        found = scrape_group(folder)
        assert not found.families, "nobody has counted anything"
    assert not list(tmp_path.iterdir())


def test_without_a_place_to_write_the_start_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error is one line that names the remedy."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path / "missing"))
    with pytest.raises(NoSharedFolder, match=r"TMPDIR.* 1152 KiB .*: No such file or directory\."), shared_folder(2):
        pass


def test_without_room_the_start_says_so_and_leaves_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A full disk ends the start, rather than killing a worker at its first write."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    before = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (4096, before[1]))  # as good as a full disk
    try:
        with pytest.raises(NoSharedFolder, match=r"File too large\."), shared_folder(2):
            pass
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, before)
    assert not list(tmp_path.iterdir())


def test_a_single_process_keeps_its_numbers_to_itself(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A single process writes no file, whatever its environment says."""
    monkeypatch.setattr(tempfile, "tempdir", str(tmp_path))
    monkeypatch.setenv(FOLDER_VARIABLE, str(tmp_path))
    with shared_folder(1):
        Metrics.of_this_process().ready([], 1)
    assert not list(tmp_path.iterdir())


def test_a_metric_without_a_file_of_its_own_ends_the_start(monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the metric, and the place where its kind of file must be added."""
    monkeypatch.setattr("spanwise.service.telemetry.metric_families.KINDS", tuple(set(KINDS) - {"gauge_livemax"}))
    with pytest.raises(RuntimeError, match=r"spanwise_build_info needs files of the kind gauge_livemax: add it to"):
        Metrics()
