"""The service as a real process on a loopback port."""

import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import orjson

SPANWISE = Path(sys.executable).parent / "spanwise"
READY_SECONDS = 120
TEMPLATE = "template"
"""The name of the process that workers are forked from."""


def environment(**changed: str) -> dict[str, str]:
    """Return this process's environment with these settings of the service alone, and patience for a slow machine.

    With `components="slow_texts"`, long texts of exclamation marks take about a second each.
    """
    kept = {name: value for name, value in os.environ.items() if not name.upper().startswith("SPANWISE_")}
    settings = {"nlp_threads": "1", "default_timeout_ms": "120000", "shutdown_seconds": "120", **changed}
    named = {f"SPANWISE_{name.upper()}": value for name, value in settings.items()}
    return {**kept, **named, "PYTHONPATH": str(Path(__file__).parent / "modules")}


def _name_of(pid: int) -> str:
    with suppress(OSError):
        return Path(f"/proc/{pid}/comm").read_text().strip()
    return ""


def _url_of(pid: int) -> str:
    """Return the URL that a process listens on; empty as long as it does not. See proc(5), /proc/net/tcp."""
    with suppress(OSError):
        sockets = {str(file.readlink()) for file in Path(f"/proc/{pid}/fd").iterdir()}
        for line in Path("/proc/net/tcp").read_text().splitlines()[1:]:
            fields = line.split()
            if fields[3] == "0A" and f"socket:[{fields[9]}]" in sockets:
                return f"http://127.0.0.1:{int(fields[1].partition(':')[2], 16)}"
    return ""


class ServiceProcess:
    """A running `spanwise serve`, its URL, and the lines that it has logged."""

    def __init__(self, process: "subprocess.Popen[bytes]", *, read_log: bool, port: int = 0) -> None:
        self.process = process
        self.log: list[dict[str, Any]] = []
        self.errors = b""
        self.url = f"http://127.0.0.1:{port}" if port else ""
        self._readers = [threading.Thread(target=self._read_errors, daemon=True)]
        if read_log:
            self._readers.append(threading.Thread(target=self._read_log, daemon=True))
        for reader in self._readers:
            reader.start()

    def wait_until_ready(self) -> None:
        """Wait until `/readyz` answers 200."""
        deadline = time.monotonic() + READY_SECONDS
        while time.monotonic() < deadline:
            assert self.process.poll() is None, f"ended with {self.process.returncode}: {self.errors!r} {self.log}"
            self.url = self.url or _url_of(self.process.pid)
            try:
                if self.url and httpx.get(f"{self.url}/readyz").status_code == 200:
                    return
            except httpx.TransportError:
                pass
            time.sleep(0.1)
        raise AssertionError(f"never became ready: {self.errors!r} {self.log[-5:]}")

    def lines(self, wanted: Callable[[dict[str, Any]], bool], seconds: float = 20) -> list[dict[str, Any]]:
        """Wait for logged lines that are wanted, and return them."""
        deadline = time.monotonic() + seconds
        while not (found := [line for line in self.log if wanted(line)]):
            assert time.monotonic() < deadline, "such a line was never logged"
            time.sleep(0.05)
        return found

    def worker_pids(self) -> list[int]:
        """Return the living worker processes, the oldest first."""
        return [pid for pid in self._children() if _name_of(pid) != TEMPLATE]

    def template_pid(self) -> int:
        """Return the process that workers are forked from."""
        (template,) = (pid for pid in self._children() if _name_of(pid) == TEMPLATE)
        return template

    def _children(self) -> list[int]:
        children = Path(f"/proc/{self.process.pid}/task/{self.process.pid}/children").read_text().split()
        return [int(pid) for pid in children]

    def stop(self, number: signal.Signals = signal.SIGTERM, seconds: float = 30) -> int:
        """Send a signal, wait for the end, and return the exit code."""
        self.process.send_signal(number)
        return self.process.wait(seconds)

    def close(self) -> None:
        """Read the rest of the output of the ended process, and close its pipes."""
        for reader in self._readers:
            reader.join(10)
        for stream in (self.process.stdout, self.process.stderr):
            assert stream
            stream.close()

    def _read_errors(self) -> None:
        assert self.process.stderr
        for line in self.process.stderr:
            self.errors += line

    def _read_log(self) -> None:
        assert self.process.stdout
        for line in self.process.stdout:
            self.log.append(orjson.loads(line))


@contextmanager
def service(
    environment: dict[str, str], *arguments: str, read_log: bool = True, port: int = 0, redirect: str = ""
) -> Iterator[ServiceProcess]:
    """Run `spanwise serve` within the block, by default on a free port, and yield it when it is ready.

    A shell `redirect`s its output, if wanted; without standard error the port must be given.
    """
    shell = ["sh", "-c", f'exec "$0" "$@" {redirect}'] if redirect else []
    process = subprocess.Popen(
        [*shell, SPANWISE, "serve", "--port", str(port), *arguments],
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    running = ServiceProcess(process, read_log=read_log, port=port)
    try:
        running.wait_until_ready()
        yield running
    finally:
        if process.poll() is None:
            workers = running.worker_pids()
            process.kill()
            process.wait(10)
            for pid in workers:  # they would finish what they do, and keep the pipes open meanwhile
                with suppress(ProcessLookupError):
                    os.kill(pid, signal.SIGKILL)
        running.close()
