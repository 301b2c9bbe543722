"""Containers of the image under test, run by podman and confined as in a cluster."""

import json
import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

IMAGE = os.environ.get("IMAGE", "localhost/spanwise:test")
PATIENCE_SECONDS = 90
ENVIRONMENT = {**os.environ, "CONTAINERS_CONF": str(Path(__file__).parent / "containers.conf")}

MEMORY_MIB = 512
"""The memory limit of the production Deployment."""

CONFINED = (
    *("--network", "host", "--read-only", "--read-only-tmpfs=false", "--user", "10001:10001", "--cap-drop", "all"),
    *("--security-opt", "no-new-privileges", "--pids-limit", "100"),
    *("--memory", f"{MEMORY_MIB}m", "--memory-swap", f"{MEMORY_MIB}m"),
)
"""The confinement that the production Deployment sets, as podman's options."""


def podman(*arguments: str, check: bool = True) -> str:
    """Run podman and return its output, without its complaints that no systemd runs health checks."""
    run = subprocess.run(
        ["podman", *arguments], env=ENVIRONMENT, capture_output=True, text=True, timeout=150, check=False
    )
    assert run.returncode == 0 or not check, f"podman {' '.join(arguments)}: {run.stderr}"
    return run.stdout.strip()


def inspect(name: str) -> dict[str, Any]:
    """Return all that podman knows of a container or an image."""
    (found,) = json.loads(podman("inspect", name))
    return dict(found)


def free_port() -> int:
    """Find a port on which nobody listens yet."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])


def wait_for_an_answer(url: str, seconds: float = PATIENCE_SECONDS) -> httpx.Response:
    """Send a text again and again, as a caller does who cannot see whether anybody is there, until it is answered."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            answer = httpx.post(f"{url}/v1/entities", json={"text": "Tim Cook loved Paris."}, timeout=30)
        except httpx.TransportError:
            time.sleep(0.02)
            continue
        if answer.status_code == httpx.codes.OK:
            return answer
    raise AssertionError(f"{url} never answered")


def wait_until_ready(url: str, seconds: float = PATIENCE_SECONDS) -> None:
    """Wait until `/readyz` answers 200."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        try:
            if httpx.get(f"{url}/readyz", timeout=5).status_code == 200:
                return
        except httpx.TransportError:
            time.sleep(0.05)
    raise AssertionError(f"{url} never became ready")


@dataclass(frozen=True)
class Container:
    """A container that has been started."""

    name: str
    url: str

    def status(self, field: str) -> str:
        """Return a field of the main process's /proc/…/status."""
        process = inspect(self.name)["State"]["Pid"]
        for line in Path(f"/proc/{process}/status").read_text("utf-8").splitlines():
            if line.startswith(f"{field}:"):
                return line.partition(":")[2].strip()
        raise AssertionError(f"no {field} in the status")

    def cgroup(self, version_1: str, version_2: str) -> str:
        """Read a file of the container's cgroup, by its path in either version of cgroups."""
        paths = [f"/sys/fs/cgroup/{path}" for path in (version_2, version_1)]
        return podman("exec", self.name, "sh", "-c", f"cat {paths[0]} 2>/dev/null || cat {paths[1]}")

    def peak_memory(self) -> int:
        """Return the largest number of bytes charged to the container so far, the page cache included."""
        return int(self.cgroup("memory/memory.max_usage_in_bytes", "memory.peak"))

    def cpu_seconds(self) -> float:
        """Return the CPU time that all its processes have used."""
        usage = self.cgroup("cpuacct/cpuacct.usage", "cpu.stat")
        return int(usage.split()[1]) / 1e6 if "usec" in usage else int(usage) / 1e9

    def events(self) -> list[str]:
        """Return the events in the container's log, in order."""
        lines = podman("logs", self.name).splitlines()
        return [json.loads(line)["event"] for line in lines if line.startswith("{")]

    def exit_code(self) -> int:
        """Return the exit code of a container that has ended, and was not killed for its memory."""
        state = inspect(self.name)["State"]
        assert state["Status"] == "exited", state["Status"]
        assert not state["OOMKilled"]
        return int(state["ExitCode"])


@contextmanager
def container(*options: str, image: str = IMAGE, port: int | None = None, **settings: str) -> Iterator[Container]:
    """Run a confined container of the image until it is ready, and remove it at the end of the block."""
    port = port or free_port()
    environment = {"port": str(port), "host": "127.0.0.1", **settings}
    variables = [f"--env=SPANWISE_{name.upper()}={value}" for name, value in environment.items()]
    name = podman("run", "--detach", *CONFINED, *variables, *options, image)
    try:
        running = Container(name, f"http://127.0.0.1:{port}")
        wait_until_ready(running.url)
        yield running
    finally:
        podman("rm", "--force", "--time", "0", name, check=False)
