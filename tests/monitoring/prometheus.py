"""A real Prometheus that scrapes a service, and what it answers."""

import json
import math
import os
import shutil
import socket
import subprocess
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
import yaml

ROOT = Path(__file__).parents[2]
MONITORING = ROOT / "deploy" / "components" / "monitoring"
RUNBOOKS = ROOT / "docs" / "runbooks"
_START_SECONDS = 60


def program(name: str) -> str:
    """Return the path of `prometheus` or `promtool`. Skip the test where it is missing; in CI fail."""
    if path := shutil.which(name):
        return path
    reason = f"there is no {name} on this machine; Debian has it in the package prometheus"
    if os.environ.get("CI"):
        pytest.fail(f"CI needs {name}: {reason}")
    pytest.skip(reason)


def rules() -> dict[str, Any]:
    """Return the alerts as a rule file of Prometheus, out of the operator's PrometheusRule."""
    spec: dict[str, Any] = yaml.safe_load((MONITORING / "prometheusrule.yaml").read_text("utf-8"))["spec"]
    return spec


def dashboard() -> dict[str, Any]:
    """Return the dashboard of the component."""
    made: dict[str, Any] = json.loads((MONITORING / "dashboard.json").read_text("utf-8"))
    return made


def panels() -> list[dict[str, Any]]:
    """Return the dashboard's panels that show something."""
    return [panel for panel in dashboard()["panels"] if panel["type"] != "row"]


def filled_in(query: str, variables: Mapping[str, str] | None = None) -> str:
    """Put values in the place of the dashboard's variables; by default everything is chosen."""
    for name, value in {
        "__rate_interval": "20s",
        "namespace": ".*",
        "job": ".*",
        "instance": ".*",
        **(variables or {}),
    }.items():
        query = query.replace(f"${name}", value)
    return query


class Prometheus:
    """A running Prometheus."""

    def __init__(self, url: str) -> None:
        self._client = httpx.Client(base_url=url, timeout=30)

    def ask(self, path: str, **parameters: str | float) -> Any:
        """Return the data of an answer of Prometheus' API."""
        answer = self._client.get(f"/api/v1/{path}", params=parameters).json()
        assert answer["status"] == "success", f"{parameters}: {answer}"
        return answer["data"]

    def query(self, query: str) -> list[float]:
        """Return the values of a query now, those that are no number left out."""
        found = [float(series["value"][1]) for series in self.ask("query", query=query)["result"]]
        return [value for value in found if not math.isnan(value)]

    def series(self, query: str, seconds: float, step: float = 2) -> Sequence[dict[str, Any]]:
        """Return the series of a query over the last seconds."""
        now = time.time()
        found: list[dict[str, Any]] = self.ask("query_range", query=query, start=now - seconds, end=now, step=step)[
            "result"
        ]
        return found

    def wait_for(self, query: str, seconds: float = _START_SECONDS) -> None:
        """Wait until a query has a result. Raises AssertionError after so many seconds."""
        deadline = time.monotonic() + seconds
        while True:
            with suppress(httpx.TransportError, json.JSONDecodeError):
                if self.query(query):
                    return
            assert time.monotonic() < deadline, f"no result: {query}"
            time.sleep(0.2)

    def close(self) -> None:
        """Close the connections to it."""
        self._client.close()


@contextmanager
def running_prometheus(folder: Path, target: str) -> Iterator[Prometheus]:
    """Run a Prometheus within the block that scrapes `target` (host and port) every second, with our alerts."""
    (folder / "rules.yaml").write_text(yaml.safe_dump(rules()), "utf-8")
    jobs = [{"job_name": "spanwise", "static_configs": [{"targets": [target]}]}]
    config = {
        "global": {"scrape_interval": "1s", "scrape_timeout": "1s", "evaluation_interval": "1s"},
        "rule_files": ["rules.yaml"],
        "scrape_configs": jobs,
    }
    (folder / "prometheus.yaml").write_text(yaml.safe_dump(config), "utf-8")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        address = f"127.0.0.1:{free.getsockname()[1]}"
    command = [
        program("prometheus"),
        f"--config.file={folder}/prometheus.yaml",
        f"--storage.tsdb.path={folder}/data",
        f"--web.listen-address={address}",
        "--log.level=error",
    ]
    prometheus = Prometheus(f"http://{address}")
    with subprocess.Popen(command, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL) as process:
        try:
            prometheus.wait_for('up{job="spanwise"} == 1')
            yield prometheus
        finally:
            prometheus.close()
            process.terminate()
