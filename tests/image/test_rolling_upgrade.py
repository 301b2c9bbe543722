"""Tests of a rolling upgrade on one machine: two containers behind HAProxy, replaced one after the other under load."""

import os
import subprocess
import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.image.load import SENTENCE, load
from tests.image.podman import container, free_port, podman

CONFIGURATION = Path(__file__).parent.parent.parent / "deploy" / "compose" / "haproxy.cfg"


@contextmanager
def haproxy(instances: tuple[int, int]) -> Iterator[str]:
    """Run the proxy of the Compose file in front of these ports, and yield its URL."""
    port = free_port()
    places = [f"127.0.0.1:{instance}" for instance in instances]
    environment = {"LISTEN": f"127.0.0.1:{port}", "INSTANCE_A": places[0], "INSTANCE_B": places[1]}
    process = subprocess.Popen(
        ["haproxy", "-db", "-f", CONFIGURATION],
        env={**os.environ, **environment},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    )
    url = f"http://127.0.0.1:{port}"
    try:
        _wait_for(lambda: httpx.get(url).status_code > 0)
        yield url
    finally:
        process.terminate()
        process.wait(30)


def _wait_for(condition: Callable[[], bool], seconds: float = 20) -> None:
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        with suppress(httpx.TransportError):
            if condition():
                return
        time.sleep(0.05)
    raise AssertionError("it never came to that")


@pytest.mark.timeout(400)
def test_no_request_fails_while_every_instance_is_replaced() -> None:
    """No small request and no batch fails while each instance is stopped as an engine does it, and replaced."""
    ports = free_port(), free_port()
    settings = {"shutdown_delay_seconds": "3", "default_timeout_ms": "120000"}
    batch = {"documents": [{"text": SENTENCE * 10}] * 20}
    with ExitStack() as running, haproxy(ports) as proxy:
        instances = [running.enter_context(container(port=port, **settings)) for port in ports]
        with (
            load(f"{proxy}/v1/analyze", lambda n: {"text": f"{SENTENCE} {n}"}, threads=4) as small,
            load(f"{proxy}/v1/batch", lambda _: batch, threads=2) as batches,
        ):
            small.wait_for(200, answers=50)
            for port, old in zip(ports, instances, strict=True):
                podman("stop", "--time", "40", old.name)
                assert old.exit_code() == 0
                running.enter_context(container(port=port, **settings))
                time.sleep(2)  # four checks of the proxy's: it must have seen that the new one is ready
                small.wait_for(200, answers=100)
                batches.wait_for(200, answers=5)
    answers = Counter((answer.status, answer.error) for answer in (*small.answers, *batches.answers))
    print(f"image: {answers.total()} requests during a rolling upgrade, {dict(answers)}")
    assert set(answers) == {(200, "")}


def test_the_proxy_knows_who_is_ready() -> None:
    """The proxy sends no more requests to an instance that is stopping, although it would still serve them."""
    ports = free_port(), free_port()
    with ExitStack() as running, haproxy(ports) as proxy:
        first, second = (running.enter_context(container(port=port, shutdown_delay_seconds="20")) for port in ports)
        _wait_for(lambda: httpx.get(f"{proxy}/openapi.json").status_code == 200)
        podman("kill", "--signal", "TERM", first.name)
        _wait_for(lambda: httpx.get(f"{first.url}/readyz").status_code == 503)
        time.sleep(1)  # two checks of the proxy's
        for number in range(40):
            headers = {"X-Request-ID": f"after-{number}"}
            assert httpx.post(f"{proxy}/v1/entities", json={"text": "Tim Cook"}, headers=headers).status_code == 200
        assert httpx.post(f"{first.url}/v1/entities", json={"text": "Tim Cook"}).status_code == 200, "it went too early"
        seen = [podman("logs", one.name).count('"request_id":"after-') for one in (first, second)]
    assert seen == [0, 40]


def test_the_proxy_hides_probes_and_metrics() -> None:
    """The proxy passes on the API and its docs, but no probes and metrics."""
    ports = free_port(), free_port()
    with container(port=ports[0]), haproxy(ports) as proxy:
        _wait_for(lambda: httpx.get(f"{proxy}/openapi.json").status_code == 200)
        for path, status in (("/livez", 404), ("/readyz", 404), ("/metrics", 404), ("/openapi.json", 200)):
            assert httpx.get(f"{proxy}{path}").status_code == status, path
