"""What a test asks a running service, each over a connection of its own, so that any worker may answer."""

import time
from pathlib import Path

import httpx

from tests.support.process import ServiceProcess
from tests.support.samples import Samples


def entities(process: ServiceProcess, text: str, seconds: float = 60) -> httpx.Response:
    """Send one text."""
    return httpx.post(f"{process.url}/v1/entities", json={"text": text}, timeout=seconds, verify=False)


def ask(process: ServiceProcess, path: str) -> httpx.Response:
    """Ask for `/readyz` or the like."""
    return httpx.get(f"{process.url}{path}", timeout=30, verify=False)


def metrics(process: ServiceProcess) -> Samples:
    """Scrape `/metrics`."""
    return Samples(ask(process, "/metrics").text)


def wait_for_workers(process: ServiceProcess, number: int, seconds: float = 90) -> None:
    """Wait until so many workers, of all that were ever started, have said that they serve."""
    wait_for_lines(process, "worker_serves", number, seconds)


def wait_for_lines(process: ServiceProcess, event: str, number: int, seconds: float = 90) -> None:
    """Wait until an event was logged so often."""
    deadline = time.monotonic() + seconds
    while sum(line["event"] == event for line in tuple(process.log)) < number:
        assert time.monotonic() < deadline, process.log[-5:]
        time.sleep(0.05)


def wait_for_readiness(process: ServiceProcess, status: int, seconds: float = 60) -> httpx.Response:
    """Wait until `/readyz` answers with a status, and return that answer."""
    deadline = time.monotonic() + seconds
    while (answer := ask(process, "/readyz")).status_code != status:
        assert time.monotonic() < deadline, answer.text
        time.sleep(0.05)
    return answer


def open_files(pid: int) -> int:
    """Return how many descriptors a process has open."""
    return len(list(Path(f"/proc/{pid}/fd").iterdir()))


def is_running(pid: int) -> bool:
    """Say whether a process exists and is no zombie."""
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except OSError:
        return False
