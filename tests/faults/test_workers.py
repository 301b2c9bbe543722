"""Workers that die, stop, or are only busy."""

import os
import signal
import subprocess
import time
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import httpx
import orjson
import pytest

from spanwise.service.server import PortInUse, listen
from tests.faults.load import load
from tests.faults.misbehaving import MisbehavingPipeline
from tests.faults.misbehaving_component import HOG_SECONDS
from tests.faults.observing import entities, is_running, metrics, wait_for_workers
from tests.support.process import SPANWISE, environment, service


def test_a_killed_worker_takes_along_only_what_it_was_working_on(full_size: bool) -> None:
    """The other worker serves on, the dead one is replaced, and no count goes back."""
    callers = 16 if full_size else 4
    kills = 5 if full_size else 2
    with service(environment(), "--workers", "2") as process:
        wait_for_workers(process, 2)
        with load(process.url, callers) as found:
            for kill in range(kills):
                found.wait_for(20)
                before = metrics(process).total("spanwise_requests_total", status="200")
                os.kill(process.worker_pids()[0], signal.SIGKILL)
                died = time.monotonic()
                found.wait_for(20)
                assert time.monotonic() - died < 30
                assert metrics(process).total("spanwise_requests_total", status="200") >= before
                wait_for_workers(process, 3 + kill)
        counts = found.counts()
        answered = counts.pop(200)
        assert sum(counts.values()) <= kills * callers, counts
        deaths = process.lines(lambda line: line["event"] == "worker_died")
        assert [line["status"] for line in deaths] == [-signal.SIGKILL] * kills
        delays = [line["delay_seconds"] for line in process.log if line["event"] == "worker_restart"]
        assert delays == [0.0, 1.0, 2.0, 4.0, 8.0][:kills]
        counted = metrics(process)
        assert counted("spanwise_workers") == 2
        # The dead worker may have counted requests whose answers got lost.
        texts = counted.total("spanwise_documents_total", language="en", outcome="ok")
        assert answered <= texts <= answered + kills * callers
        assert process.stop() == 0
    assert b"Traceback" not in process.errors


def test_a_stopped_worker_is_reported_and_left_alone_for_long() -> None:
    """While a worker is stopped the other one serves; the log says that it is silent, and when it speaks again."""
    with service(environment(), "--workers", "2") as process:
        wait_for_workers(process, 2)
        stopped, other = process.worker_pids()
        os.kill(stopped, signal.SIGSTOP)
        try:
            (line,) = process.lines(lambda line: line["event"] == "worker_silent", 40)
            assert line["pid"] == stopped
        finally:
            os.kill(stopped, signal.SIGCONT)
        (line,) = process.lines(lambda line: line["event"] == "worker_speaks_again", 20)
        assert line["pid"] == stopped
        assert process.worker_pids() == [stopped, other]
        assert process.stop() == 0


def test_a_worker_that_is_silent_for_too_long_is_replaced() -> None:
    """After the silence that the setting allows, a worker is killed, and another one serves."""
    with service(environment(worker_silence_seconds="3")) as process:
        (stopped,) = process.worker_pids()
        os.kill(stopped, signal.SIGSTOP)
        (line,) = process.lines(lambda line: line["event"] == "worker_killed", 40)
        assert line["pid"] == stopped
        wait_for_workers(process, 2)
        assert entities(process, "Tim Cook").status_code == 200
        assert process.stop() == 0


def test_a_stopped_worker_does_not_hold_up_a_shutdown() -> None:
    """A worker that cannot end is killed once its time is over, and the exit status says so."""
    with service(environment(shutdown_seconds="0")) as process:
        (stopped,) = process.worker_pids()
        os.kill(stopped, signal.SIGSTOP)
        assert process.stop(seconds=60) == 1
        assert process.lines(lambda line: line["event"] == "worker_killed")


def test_a_busy_worker_is_not_killed(misbehaving: MisbehavingPipeline) -> None:
    """Analyses that keep the GIL for longer than any health check waits are slow, and lose no request."""
    with service(misbehaving.environment(), "--workers", "2") as process, ThreadPoolExecutor(4) as pool:
        wait_for_workers(process, 2)
        pids = process.worker_pids()
        started = time.monotonic()
        answers = list(pool.map(lambda _: entities(process, "HOG of Paris", 120), range(4)))
        assert time.monotonic() - started > HOG_SECONDS
        assert [answer.status_code for answer in answers] == [200] * 4
        assert process.worker_pids() == pids
        assert not [line for line in process.log if line["event"] in ("worker_died", "worker_killed")]
        assert process.stop() == 0


def test_a_pipeline_that_does_not_load_ends_the_start(misbehaving: MisbehavingPipeline) -> None:
    """One line of the log names the reason, the exit status is 3, and nothing is tried again."""
    misbehaving.control("broken")
    status, log, errors = run_to_its_end(misbehaving.environment(), "--workers", "2")
    assert status == 3
    reasons = [line["reason"] for line in log if line["event"] == "start_failed"]
    assert len(reasons) == 1
    assert "this pipeline is broken" in reasons[0]
    assert sum(line["event"] == "template_started" for line in log) == 1
    assert not [line for line in log if line["event"] == "worker_started"]
    assert "Traceback" not in errors


@pytest.mark.parametrize("workers", ["1", "2"])
def test_workers_that_die_at_their_start_end_the_service(workers: str, misbehaving: MisbehavingPipeline) -> None:
    """After five starts in a row that failed, ever later, the service says so and exits with 1."""
    misbehaving.control("dies")
    status, log, _ = run_to_its_end(misbehaving.environment(), "--workers", workers)
    assert status == 1
    assert [line["delay_seconds"] for line in log if line["event"] == "worker_restart"] == [0.0, 1.0, 2.0, 4.0]
    (line,) = (line for line in log if line["event"] == "workers_cannot_start")
    assert line["last_status"] == -signal.SIGKILL


def test_a_worker_that_hangs_at_its_start_is_killed(misbehaving: MisbehavingPipeline) -> None:
    """A start that takes longer than the setting allows counts as failed."""
    with service(misbehaving.environment(worker_start_seconds="20")) as process:
        misbehaving.control("start_seconds", "600")
        process.process.send_signal(signal.SIGHUP)
        (line,) = process.lines(lambda line: line["event"] == "worker_killed", 60)
        assert not line["served"]
        (line,) = process.lines(lambda line: line["event"] == "reload_failed")
        assert line["status"] == -signal.SIGKILL
        assert entities(process, "Paris").status_code == 200
        assert process.stop() == 0


@pytest.mark.parametrize("workers", ["1", "2"])
def test_without_its_supervisor_a_worker_finishes_and_ends(workers: str, misbehaving: MisbehavingPipeline) -> None:
    """What was accepted is answered, the port is free at once for a new start, and no process is left."""
    with service(misbehaving.environment(), "--workers", workers) as process, ThreadPoolExecutor(2) as pool:
        wait_for_workers(process, int(workers))
        pids = process.worker_pids()
        accepted = pool.submit(entities, process, "HANG on in Paris", 60)
        time.sleep(1)
        process.process.kill()
        process.process.wait(10)
        address = httpx.URL(process.url)
        wait_for_port(address.host, address.port or 0)
        with service(misbehaving.environment(), port=address.port or 0) as successor:
            assert entities(successor, "Paris").status_code == 200
            assert not accepted.done()
            misbehaving.control("release")
            assert accepted.result(30).status_code == 200
            deadline = time.monotonic() + 40
            while any(is_running(pid) for pid in pids):
                assert time.monotonic() < deadline, "a worker stays without its supervisor"
                time.sleep(0.1)
            assert successor.stop() == 0


def run_to_its_end(environment: dict[str, str], *arguments: str) -> tuple[int, list[dict[str, Any]], str]:
    """Run `spanwise serve` until it ends by itself. Return the exit status, the log, and standard error."""
    command = [str(SPANWISE), "serve", "--port", "0", *arguments]
    done = subprocess.run(command, env=environment, capture_output=True, check=False, timeout=150)
    return done.returncode, [orjson.loads(line) for line in done.stdout.splitlines()], done.stderr.decode()


def wait_for_port(host: str, port: int) -> None:
    """Wait until a new process could listen there."""
    deadline = time.monotonic() + 20
    while True:
        try:
            listen(host, port).close()
        except PortInUse:
            assert time.monotonic() < deadline, "the port was not given up"
            time.sleep(0.05)
        else:
            return
