"""A server under test: a real process on a free loopback port, in a process group of its own that ends with the block.

By the group its workers are found, to read their memory and CPU time and to leave none of them running.
"""

import os
import signal
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from time import monotonic, sleep

import httpx

from benchmarks.procfs import Memory, cpu_seconds, group_members, memory
from benchmarks.targets import Target

HOST = "127.0.0.1"
_ROOT = Path(__file__).parent.parent
_START_SECONDS = 120
_STOP_SECONDS = 30
_SETTLE_SECONDS = 20
_WINDOW_SECONDS = 0.3
_IDLE_CORES = 0.05


class ServerFailed(Exception):
    """A server did not start, ended by itself, or answered with an error; the message says which."""


@dataclass(frozen=True, slots=True)
class Server:
    """A server that is ready for requests. Its process group has the number of its first process."""

    group: int
    port: int

    @property
    def url(self) -> str:
        """Return the base URL, without a slash at the end."""
        return f"http://{HOST}:{self.port}"

    def memory(self) -> Memory:
        """Return the memory of all its processes."""
        return memory(self.group)

    def cpu_seconds(self) -> dict[int, float]:
        """Return the CPU time so far of each process."""
        return cpu_seconds(self.group)

    def check(self, path: str, body: bytes) -> None:
        """Send one request. Raises `ServerFailed` when the request, or a document of its batch, gets an error."""
        headers = {"Content-Type": "application/json"}
        try:
            answer = httpx.post(self.url + path, content=body, headers=headers, timeout=60, trust_env=False)
        except httpx.TransportError as error:
            raise ServerFailed(f"{path} gave no answer: {error}") from None
        if not answer.is_success or b'"status":"error"' in answer.content:
            raise ServerFailed(f"{path} answered {answer.status_code}: {answer.text[:200]}")

    def settle(self) -> None:
        """Wait until the server is idle, so that no work of one measurement is left for the next.

        This also waits for workers that are still loading while another one already answers. After a while the wait
        ends anyway, because a load that never stops is part of what is measured.
        """
        deadline, idle = monotonic() + _SETTLE_SECONDS, 0
        before = sum(self.cpu_seconds().values())
        while idle < 2 and monotonic() < deadline:
            sleep(_WINDOW_SECONDS)
            now = sum(self.cpu_seconds().values())
            idle = idle + 1 if now - before < _IDLE_CORES * _WINDOW_SECONDS else 0
            before = now


@contextmanager
def running(target: Target, log: int = subprocess.DEVNULL) -> Iterator[Server]:
    """Start a server, wait until it is ready and idle, and end it with the block. Raises `ServerFailed`.

    What it writes on stdout goes to the descriptor `log`.
    """
    port = _free_port()
    with tempfile.TemporaryFile() as errors:
        try:
            process = subprocess.Popen(
                [*target.command, "--port", str(port)],
                cwd=_ROOT,
                env=target.environment,
                stdin=subprocess.DEVNULL,
                stdout=log,
                stderr=errors,
                start_new_session=True,
            )
        except OSError as error:
            raise ServerFailed(f"{target.command[0]} cannot be started: {error.strerror}") from None
        try:
            server = Server(process.pid, port)
            if not _becomes_ready(process, server.url + target.ready_path):
                errors.seek(0)
                said = errors.read().decode(errors="replace").strip().splitlines()
                raise ServerFailed(f"it did not become ready. It said last: {said[-1] if said else 'nothing'}")
            server.settle()
            yield server
        finally:
            _end(process)


def _becomes_ready(process: "subprocess.Popen[bytes]", url: str) -> bool:
    deadline = monotonic() + _START_SECONDS
    while process.poll() is None and monotonic() < deadline:
        with suppress(httpx.TransportError):
            if httpx.get(url, timeout=5, trust_env=False).is_success:
                return True
        sleep(0.1)
    return False


def _end(process: "subprocess.Popen[bytes]") -> None:
    """Ask the server to stop, and kill the processes of its group that are still running then."""
    process.terminate()
    with suppress(subprocess.TimeoutExpired):
        process.wait(_STOP_SECONDS)
    for pid in group_members(process.pid):
        with suppress(ProcessLookupError):
            os.kill(pid, signal.SIGKILL)
    process.wait()


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind((HOST, 0))
        return int(probe.getsockname()[1])
