"""SIGHUP: workers are replaced one by one, and nobody notices."""

import signal
from pathlib import Path
from typing import Any

import pytest

from tests.faults.load import load
from tests.faults.misbehaving import MisbehavingPipeline
from tests.faults.observing import ask, entities, wait_for_lines, wait_for_workers
from tests.support.process import ServiceProcess, environment, service
from tests.support.stream_caller import StreamCaller


def limits(process: ServiceProcess) -> Any:
    """Return the limits in force."""
    return ask(process, "/v1/pipelines").json()["limits"]


@pytest.mark.parametrize("workers", [1, 2])
def test_a_reload_loses_no_request(workers: int, full_size: bool) -> None:
    """All workers are new, every request under way was answered 200, and a stream goes on to its end."""
    rounds, callers = (5, 16) if full_size else (1, 4)
    with service(environment(), "--workers", str(workers)) as process:
        wait_for_workers(process, workers)
        for number in range(1, rounds + 1):
            before = set(process.worker_pids())
            with load(process.url, callers) as found, StreamCaller.calling(process.url) as stream:
                found.wait_for(20)
                stream.send(b'{"text": "Paris"}\n')
                assert stream.result()["status"] == "ok"
                process.process.send_signal(signal.SIGHUP)
                wait_for_workers(process, workers * number + 1)
                stream.send(b'{"text": "Berlin"}\n')
                assert stream.result()["status"] == "ok"
                stream.finish()
                assert stream.result() is None
                wait_for_lines(process, "reloaded", number)
                found.wait_for(20)
            assert set(found.counts()) == {200}
            after = set(process.worker_pids())
            assert len(after) == workers
            assert not after & before
        assert process.stop() == 0
    ended = [line["status"] for line in process.log if line["event"] == "worker_ended"]
    assert ended == [0] * workers * (rounds + 1)


def test_a_slow_start_is_waited_for(misbehaving: MisbehavingPipeline) -> None:
    """A start that takes longer than five seconds ends no reload; one asked for meanwhile is made afterwards."""
    with service(misbehaving.environment()) as process, load(process.url, 2) as found:
        misbehaving.control("start_seconds", "6")
        process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "reloading", 1)
        for _ in range(3):
            process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "reloaded", 2)
        found.wait_for(20)
        assert set(found.counts()) == {200}
        assert sum(line["event"] == "worker_started" for line in process.log) == 3


def test_a_reload_that_fails_changes_nothing(misbehaving: MisbehavingPipeline) -> None:
    """When the new worker cannot load its pipeline, the old ones stay, and the log says why."""
    with service(misbehaving.environment(), "--workers", "2") as process:
        wait_for_workers(process, 2)
        before = process.worker_pids()
        misbehaving.control("broken")
        process.process.send_signal(signal.SIGHUP)
        (line,) = process.lines(lambda line: line["event"] == "reload_failed", 60)
        assert line["status"] == 3
        assert [line for line in process.log if "this pipeline is broken" in line.get("reason", "")]
        assert process.worker_pids() == before
        assert entities(process, "Paris").status_code == 200
        misbehaving.forget("broken")
        process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "reloaded", 1)
        assert not set(process.worker_pids()) & set(before)
        assert process.stop() == 0


def test_a_reload_reads_the_file_of_settings_again(misbehaving: MisbehavingPipeline, tmp_path: Path) -> None:
    """Settings in the file change with SIGHUP; the environment goes first; a bad file changes nothing."""
    file = tmp_path / "spanwise.env"
    file.write_text("SPANWISE_MAX_TEXT_CHARACTERS=100\nSPANWISE_MAX_BATCH_DOCUMENTS=5\nOTHER=1\n")
    with service(misbehaving.environment(env_file=str(file), max_batch_documents="7")) as process:
        assert limits(process)["max_text_characters"] == 100
        assert limits(process)["max_batch_documents"] == 7
        file.write_text("SPANWISE_MAX_TEXT_CHARACTERS=50\n")
        process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "reloaded", 1)
        assert limits(process)["max_text_characters"] == 50
        file.write_text("SPANWISE_MAX_TEXT_CHARACTERS=-1\n")
        process.process.send_signal(signal.SIGHUP)
        wait_for_lines(process, "reload_failed", 1)
        (line,) = process.lines(lambda line: line["event"] == "start_failed")
        assert line["reason"].startswith("SPANWISE_MAX_TEXT_CHARACTERS: ")
        assert limits(process)["max_text_characters"] == 50
        assert process.stop() == 0
    assert b"Traceback" not in process.errors
