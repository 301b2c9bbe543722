"""A disk that fills up while several workers share their metrics."""

import os
import shutil
import signal
import subprocess
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest

from tests.faults.observing import entities, metrics, wait_for_lines, wait_for_workers
from tests.support.process import environment, service


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """Mount a file system of 2 MiB."""
    folder = tmp_path / "disk"
    folder.mkdir()
    command = ["mount", "-t", "tmpfs", "-o", "size=2m", "tmpfs", str(folder)]
    if subprocess.run(command, check=False, capture_output=True).returncode:
        pytest.skip("only root may mount a file system")
    try:
        yield folder
    finally:
        subprocess.run(["umount", str(folder)], check=True)


def fill(folder: Path) -> None:
    """Write until the file system is full."""
    with (folder / "filling").open("wb", buffering=0) as file, suppress(OSError):
        while True:
            file.write(bytes(4096))
    assert not shutil.disk_usage(folder).free


def test_a_full_disk_ends_no_worker_and_keeps_none_from_starting(small_disk: Path) -> None:
    """Every file of the metrics has its blocks from the start: a dead worker is replaced, and all are, by SIGHUP."""
    settings = {**environment(), "TMPDIR": str(small_disk)}
    with service(settings, "--workers", "2") as process:
        wait_for_workers(process, 2)
        fill(small_disk)
        for _ in range(10):
            assert entities(process, "Paris").status_code == 200
        os.kill(process.worker_pids()[0], signal.SIGKILL)
        wait_for_workers(process, 3)
        metrics(process)  # it finds the places of the dead
        process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "reloaded", 1)
        for _ in range(10):
            assert entities(process, "Paris").status_code == 200
        found = metrics(process)
        assert found.total("spanwise_documents_total", language="en", outcome="ok") == 20
        assert found("spanwise_workers") == 2
        assert process.stop() == 0
    assert b"Traceback" not in process.errors
