"""A caller who does not read a large answer, against a real process: what waits is JSON, and it goes when he goes."""

import socket
import time
from collections.abc import Callable
from pathlib import Path

import orjson
import pytest

from tests.support.process import environment, service

pytestmark = pytest.mark.process

TEXT = ("Tim Cook met Angela Merkel in Paris on Monday. She loved it. " * 2000)[:100_000]
BATCH = orjson.dumps({"documents": [{"text": TEXT}] * 10, "features": ["entities", "sentences", "sentiment"]})
HEAD = b"POST /v1/batch HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\nContent-Length: %d\r\n\r\n"


def memory(pid: int, name: str) -> int:
    """Return a figure of `/proc/PID/status`, in bytes."""
    (line,) = [line for line in Path(f"/proc/{pid}/status").read_text().splitlines() if line.startswith(name + ":")]
    return int(line.split()[1]) * 1024


def connected(url: str) -> socket.socket:
    """Connect with a small receive buffer, so that the kernel takes in little of what is not read."""
    host, _, port = url.removeprefix("http://").rpartition(":")
    caller = socket.socket()
    caller.settimeout(120)
    caller.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 256 * 1024)
    caller.connect((host, int(port)))
    return caller


def soon(true: Callable[[], bool]) -> bool:
    """Wait for a condition, for 20 seconds at most."""
    deadline = time.monotonic() + 20
    while not true() and time.monotonic() < deadline:
        time.sleep(0.05)
    return true()


@pytest.mark.skipif(not Path("/proc/self/clear_refs").exists(), reason="peaks of memory are read from Linux's /proc")
def test_an_answer_that_nobody_reads_waits_as_json() -> None:
    """The largest batch takes little more than its JSON until it is read, then the whole answer arrives."""
    with service(environment()) as running:
        pid = running.process.pid
        before = memory(pid, "VmRSS")
        Path(f"/proc/{pid}/clear_refs").write_text("5")  # the peak counts from here on
        with connected(running.url) as caller:
            caller.sendall(HEAD % len(BATCH) + BATCH)
            head, _, received = caller.recv(600).partition(b"\r\n\r\n")
            length = int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0])
            assert length > 10_000_000
            time.sleep(0.5)
            assert memory(pid, "VmHWM") - before < 3 * length  # Python's objects for it would take five times as much
            while len(received) < length:
                received += caller.recv(1 << 20)
            assert len(orjson.loads(received)["results"]) == 10
        assert soon(lambda: memory(pid, "VmRSS") - before < length), "the memory of a sent answer stays"


def test_a_caller_who_hangs_up_frees_the_answer() -> None:
    """The rest of an answer is dropped when its caller goes without reading it, and the request is logged."""
    with service(environment()) as running:
        pid = running.process.pid
        before = memory(pid, "VmRSS")
        with connected(running.url) as caller:
            caller.sendall(HEAD % len(BATCH) + BATCH)
            assert caller.recv(100).startswith(b"HTTP/1.1 200")
            assert not [line for line in running.log if line.get("route") == "/v1/batch"]
        (line,) = running.lines(lambda line: line.get("route") == "/v1/batch")
        assert line["documents"] == 10
        assert soon(lambda: memory(pid, "VmRSS") - before < 8_000_000), "the memory of an abandoned answer stays"
