"""Tests of a container confined as in a cluster: it serves, its limits are in force, and a stop loses no request."""

import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.image.load import SENTENCE, load
from tests.image.podman import (
    CONFINED,
    ENVIRONMENT,
    IMAGE,
    MEMORY_MIB,
    Container,
    container,
    free_port,
    inspect,
    podman,
    wait_for_an_answer,
)
from tests.support.otlp_receiver import otlp_receiver


@pytest.fixture(scope="module")
def confined() -> Iterator[Container]:
    """Run a container with one core, which several tests share."""
    with container("--cpus", "1") as running:
        yield running


def test_it_serves(confined: Container) -> None:
    """The container serves the pipeline that is installed in the image."""
    answer = httpx.post(f"{confined.url}/v1/analyze", json={"text": "Tim Cook loved Paris."})
    assert answer.status_code == 200
    assert [entity["text"] for entity in answer.json()["entities"]] == ["Tim Cook", "Paris"]


def test_from_nothing_to_the_first_answer_within_five_seconds_of_one_core() -> None:
    """The first answer takes less than five seconds of CPU time, which a busy machine changes less than the clock's."""
    port = free_port()
    options = ("--env", f"SPANWISE_PORT={port}", "--env", "SPANWISE_HOST=127.0.0.1", "--env", "SPANWISE_NLP_THREADS=1")
    started = time.monotonic()
    name = podman("run", "--detach", *CONFINED, "--cpus", "1", *options, IMAGE)
    try:
        fresh = Container(name, f"http://127.0.0.1:{port}")
        answer = wait_for_an_answer(fresh.url)
        elapsed, used = time.monotonic() - started, fresh.cpu_seconds()
    finally:
        podman("rm", "--force", "--time", "0", name, check=False)
    assert [entity["text"] for entity in answer.json()["entities"]] == ["Tim Cook", "Paris"]
    print(f"image: first answer after {elapsed:.1f} s, {used:.1f} s of CPU time, on one core")
    assert used < 5


def test_it_sends_traces_where_variables_ask_for_them() -> None:
    """The image has what traces need: with OpenTelemetry's variables alone a request's spans reach a receiver."""
    trace = "4bf92f3577b34da6a3ce929d0e0e4736"
    with otlp_receiver() as receiver:
        variables = (f"OTEL_EXPORTER_OTLP_ENDPOINT={receiver.url}", "OTEL_BSP_SCHEDULE_DELAY=100")
        options = [option for variable in variables for option in ("--env", variable)]
        with container("--cpus", "1", *options) as running:
            headers = {"traceparent": f"00-{trace}-00f067aa0ba902b7-01"}
            httpx.post(f"{running.url}/v1/entities", json={"text": "Tim Cook loved Paris."}, headers=headers)
            deadline = time.monotonic() + 30
            while not receiver.named("POST /v1/entities"):
                assert time.monotonic() < deadline, running.events()
                time.sleep(0.1)
    (span,) = receiver.named("POST /v1/entities")
    assert span.trace_id.hex() == trace


def test_it_makes_keys_and_serves_them_from_a_mounted_file(tmp_path: Path) -> None:
    """The image makes a key; a container that finds the line in a mounted folder asks for that key."""
    command = ["podman", "run", "--rm", *CONFINED, IMAGE, "key", "new", "acme"]
    made = subprocess.run(command, env=ENVIRONMENT, capture_output=True, text=True, check=True)
    key = next(line for line in made.stderr.splitlines() if line.startswith("spanwise_"))
    keys = tmp_path / "keys"
    keys.mkdir(mode=0o755)
    (keys / "api-keys").write_text(made.stdout, "utf-8")
    (keys / "api-keys").chmod(0o644)
    volume = f"{keys}:/etc/spanwise/api-keys:ro"
    with container("--volume", volume, api_keys_file="/etc/spanwise/api-keys/api-keys") as running:
        body = {"text": "Tim Cook loved Paris."}
        assert httpx.post(f"{running.url}/v1/entities", json=body).status_code == 401
        assert httpx.post(f"{running.url}/v1/entities", json=body, headers={"X-API-Key": key}).status_code == 200


def test_nothing_is_left_to_its_process(confined: Container) -> None:
    """The process is not root, has no capability and cannot get any, and its system calls are filtered."""
    assert set(confined.status("Uid").split()) == set(confined.status("Gid").split()) == {"10001"}
    for kind in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb"):
        assert int(confined.status(kind), 16) == 0, kind
    assert confined.status("NoNewPrivs") == "1"
    assert confined.status("Seccomp") == "2"


def test_its_limits_are_in_force(confined: Container) -> None:
    """The kernel enforces the limits of memory, CPU and processes."""
    assert confined.cgroup("memory/memory.limit_in_bytes", "memory.max") == str(MEMORY_MIB * 2**20)
    assert confined.cgroup("pids/pids.max", "pids.max") == "100"
    assert confined.cgroup("cpu/cpu.cfs_quota_us", "cpu.max").split()[0] == "100000"


def test_it_writes_nothing(confined: Container) -> None:
    """The service runs with a read-only root and without any place for temporary files."""
    for folder in ("/", "/tmp", "/opt/spanwise"):
        assert "Read-only" in podman("exec", confined.name, "sh", "-c", f"touch {folder}/x 2>&1 || true")


def test_its_health_check_passes(confined: Container) -> None:
    """The image's health check passes when the container engine runs it."""
    podman("healthcheck", "run", confined.name)


def test_its_health_check_fails_when_nothing_answers(confined: Container) -> None:
    """The health check fails for a port on which nothing answers, although the process runs."""
    kind, *command = inspect(confined.name)["Config"]["Healthcheck"]["Test"]
    assert kind == "CMD"
    run = ["podman", "exec", "--env", "SPANWISE_PORT=1", confined.name, *command]
    assert subprocess.run(run, env=ENVIRONMENT, capture_output=True, check=False).returncode != 0


@pytest.mark.timeout(600)
def test_the_heaviest_load_fits_into_its_memory() -> None:
    """The memory suffices for the largest batches, the longest texts and small requests at once, beyond the queue.

    The queue has room for one batch beside all the texts, but not for two, so that every kind of request gets its turn.
    """
    features = ["entities", "sentiment", "sentences"]
    batch = {"documents": [{"text": SENTENCE * 80}] * 128, "features": features}
    longest = {"text": (SENTENCE * 2000)[:100_000], "features": features}
    with container("--cpus", "1", max_queued_characters="2000000", default_timeout_ms="300000") as running:
        with (
            load(f"{running.url}/v1/batch", lambda _: batch, threads=2) as batches,
            load(f"{running.url}/v1/analyze", lambda _: longest, threads=8) as texts,
            load(f"{running.url}/v1/analyze", lambda n: {"text": f"{SENTENCE} word{n}"}, threads=2) as small,
        ):
            for requests in (batches, texts, small):
                requests.wait_for(200, seconds=300)
        answers = [*batches.answers, *texts.answers, *small.answers]
        assert {answer.status for answer in answers} == {200, 503}, "it must both serve and refuse"
        megabytes = running.peak_memory() / 2**20
        print(f"image: at most {megabytes:.0f} MiB under load, of {MEMORY_MIB}")
        assert httpx.get(f"{running.url}/readyz").status_code == 200
        assert inspect(running.name)["State"]["Running"]


def test_a_stop_under_load_loses_nothing() -> None:
    """Requests sent before the stop get a 200, later ones a 503 or no connection, and the exit code is 0."""
    with container("--cpus", "1") as running:
        with load(f"{running.url}/v1/entities", lambda n: {"text": f"{SENTENCE * 20} {n}"}, threads=8) as requests:
            requests.wait_for(200, answers=50)
            stopping = time.monotonic()
            podman("stop", "--time", "30", running.name)
        before = [answer for answer in requests.answers if answer.sent < stopping]
        after = [answer for answer in requests.answers if answer.sent >= stopping]
        assert {answer.status for answer in before} == {200}
        assert {answer.status for answer in after} <= {200, 503, None}
        assert running.exit_code() == 0
        assert running.events()[-4:].count("stopped") == 1, (
            "then uvicorn says so twice, and the supervisor that it ended"
        )


def test_a_stop_before_it_is_ready_is_obeyed() -> None:
    """An early SIGTERM ends the service, although the kernel gives PID 1 no default handlers of signals."""
    name = podman("create", "--network", "none", "--env", "SPANWISE_PORT=0", IMAGE)
    try:
        podman("start", name)
        time.sleep(1.0)
        started = time.monotonic()
        podman("stop", "--time", "60", name)
        assert time.monotonic() - started < 30
        assert Container(name, "").exit_code() == 0
    finally:
        podman("rm", "--force", "--time", "0", name, check=False)
