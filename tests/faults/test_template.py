"""The process that workers are forked from: it dies, stops, hangs, or must not fork."""

import os
import signal
import time
from pathlib import Path

import httpx

from tests.faults.load import load
from tests.faults.misbehaving import MisbehavingPipeline
from tests.faults.observing import entities, is_running, wait_for_lines, wait_for_workers
from tests.support.process import ServiceProcess, environment, service


def count(process: ServiceProcess, event: str) -> int:
    """Return how often an event was logged."""
    return sum(line["event"] == event for line in tuple(process.log))


def kilobytes(pid: int, kind: str) -> int:
    """Return a sum of /proc/PID/smaps_rollup, as proc(5) names it."""
    lines = Path(f"/proc/{pid}/smaps_rollup").read_text().splitlines()[1:]
    (found,) = (int(line.split()[1]) for line in lines if line.startswith(f"{kind}:"))
    return found


def test_workers_share_what_was_loaded_once() -> None:
    """A worker has little memory to itself, ids of its own, and the next one is started without loading anything."""
    with service(environment(), "--workers", "2") as process:
        wait_for_workers(process, 2)
        workers = process.worker_pids()
        for pid in workers:
            assert kilobytes(pid, "Private_Dirty") < kilobytes(pid, "Rss") / 3
        ids = {entities(process, "Paris").headers["X-Request-ID"] for _ in range(40)}
        assert len(ids) == 40
        os.kill(workers[0], signal.SIGKILL)
        wait_for_workers(process, 3)
        assert count(process, "starting") == count(process, "pipeline_ready") == 1
        assert entities(process, "Paris").status_code == 200
        process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "reloaded", 1)
        assert count(process, "starting") == count(process, "pipeline_ready") == 2
        assert process.stop() == 0
    assert b"Traceback" not in process.errors


def test_a_killed_template_takes_no_request_along(full_size: bool) -> None:
    """Its workers serve on. When one of them dies, another template is loaded first."""
    with service(environment(), "--workers", "2") as process:
        wait_for_workers(process, 2)
        before, workers = process.template_pid(), process.worker_pids()
        with load(process.url, 16 if full_size else 2) as found:
            os.kill(before, signal.SIGKILL)
            (line,) = process.lines(lambda line: line["event"] == "template_died")
            assert line["status"] == -signal.SIGKILL
            found.wait_for(20)
        assert set(found.counts()) == {200}
        assert process.worker_pids() == workers
        os.kill(workers[0], signal.SIGKILL)
        wait_for_workers(process, 3)
        assert process.template_pid() != before
        assert count(process, "template_ready") == 2
        assert process.stop() == 0


def test_a_stopped_template_is_replaced(misbehaving: MisbehavingPipeline) -> None:
    """A template that does not fork in the time for a start is killed, and the worker comes from another one."""
    with service(misbehaving.environment(worker_start_seconds="15"), "--workers", "2") as process:
        wait_for_workers(process, 2)
        stopped = process.template_pid()
        os.kill(stopped, signal.SIGSTOP)
        os.kill(process.worker_pids()[0], signal.SIGKILL)
        (line,) = process.lines(lambda line: line["event"] == "template_killed", 40)
        assert line["pid"] == stopped
        wait_for_workers(process, 3)
        assert process.stop() == 0


def test_a_template_that_hangs_while_it_loads_ends_a_reload(misbehaving: MisbehavingPipeline) -> None:
    """The old workers and their template stay, and go on as before."""
    with service(misbehaving.environment(worker_start_seconds="15"), "--workers", "2") as process:
        wait_for_workers(process, 2)
        before = process.template_pid()
        misbehaving.control("start_seconds", "600")
        process.process.send_signal(signal.SIGHUP)
        (line,) = process.lines(lambda line: line["event"] == "reload_failed", 60)
        assert line["status"] == -signal.SIGKILL
        assert process.template_pid() == before
        os.kill(process.worker_pids()[0], signal.SIGKILL)
        wait_for_workers(process, 3)
        assert entities(process, "Paris").status_code == 200
        assert process.stop() == 0


def test_a_stop_while_the_template_loads_leaves_nothing(misbehaving: MisbehavingPipeline) -> None:
    """The service ends at once with 0, and the new template with it."""
    with service(misbehaving.environment(), "--workers", "2") as process:
        wait_for_workers(process, 2)
        misbehaving.control("start_seconds", "600")
        process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "template_started", 2)
        pids = [line["pid"] for line in process.log if line["event"] in ("template_started", "worker_started")]
        assert process.stop(seconds=20) == 0
        deadline = time.monotonic() + 20
        while any(is_running(pid) for pid in pids):
            assert time.monotonic() < deadline, "a process stays without its supervisor"
            time.sleep(0.05)


def test_where_loading_starts_threads_each_worker_is_executed() -> None:
    """A fork would lose the threads: the log says how many there are, and the workers load for themselves."""
    with service(environment(components="lasting_thread"), "--workers", "2") as process:
        (line,) = process.lines(lambda line: line["event"] == "workers_not_forked")
        assert line["threads"] == 1
        wait_for_workers(process, 2)
        assert count(process, "pipeline_ready") == 3
        answer = httpx.post(f"{process.url}/v1/entities", json={"text": "Tim Cook"})
        assert answer.status_code == 200
        os.kill(process.worker_pids()[0], signal.SIGKILL)
        wait_for_workers(process, 3)
        assert count(process, "template_started") == 1
        assert process.stop() == 0
