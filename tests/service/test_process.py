"""The service as its operators run it: start, real HTTP, signals, several workers, stuck logs."""

import math
import os
import signal
import socket
import sys
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from pathlib import Path

import httpx
import orjson
import pytest

from spanwise.service.process.cpus import available_cpus
from spanwise.service.process.priority import NLP_NICENESS
from tests.support.process import ServiceProcess, environment, service

pytestmark = pytest.mark.process

LONG = "!" * 45_000
"""About a second of work, with the component `slow_texts`."""

post = partial(httpx.post, timeout=120, verify=False)  # reading certificates takes longer than a request


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Yield one process that several tests share."""
    with service(environment(log_level="debug", components="slow_texts", max_queued_seconds="600")) as process:
        yield process


@pytest.mark.smoke
def test_it_starts_and_answers(running: ServiceProcess) -> None:
    """The one command starts the service with the default pipeline."""
    answer = httpx.post(f"{running.url}/v1/analyze", json={"text": "Tim Cook loved Paris."})
    assert answer.status_code == 200
    assert [entity["text"] for entity in answer.json()["entities"]] == ["Tim Cook", "Paris"]
    assert [line["url"] for line in running.log if line["event"] == "listening"] == [running.url]
    assert not running.errors, "the hint is for terminals"


def test_requests_load_nothing(running: ServiceProcess) -> None:
    """The pipeline was loaded once, before the first request. (test_loads_once watches opened files.)"""
    with httpx.Client(base_url=running.url) as client:
        for number in range(50):
            assert client.post("/v1/analyze", json={"text": f"Tim Cook loved Paris {number}."}).status_code == 200
    assert sum(line["event"] == "pipeline_ready" for line in running.log) == 1


def test_five_mebibytes_in_chunks_are_refused(running: ServiceProcess) -> None:
    """A caller who sends 5 MiB without a Content-Length gets the 413 although it never stops sending."""

    def chunks() -> Iterator[bytes]:
        yield b'{"text": "'
        for _ in range(5 * 16):
            yield b"x" * 65_536
        yield b'"}'

    headers = {"Content-Type": "application/json"}
    answer = httpx.post(f"{running.url}/v1/entities", content=chunks(), headers=headers)
    assert answer.status_code == 413
    assert answer.headers["Content-Type"] == "application/problem+json"
    assert answer.json()["code"] == "body_too_large"
    assert httpx.get(f"{running.url}/livez").status_code == 200


def test_a_chunked_body_within_the_limit_is_served(running: ServiceProcess) -> None:
    """A body in chunks of three bytes is served."""
    body = orjson.dumps({"text": "Tim Cook loved Paris."})
    headers = {"Content-Type": "application/json"}
    chunks = (body[i : i + 3] for i in range(0, len(body), 3))
    answer = httpx.post(f"{running.url}/v1/entities", content=chunks, headers=headers)
    assert answer.status_code == 200
    assert len(answer.json()["entities"]) == 2


def test_liveness_never_waits_for_analysis(running: ServiceProcess) -> None:
    """`/livez` answers while a long text is being analysed."""
    with ThreadPoolExecutor(1) as pool, httpx.Client(base_url=running.url) as client:
        analysis = pool.submit(post, f"{running.url}/v1/entities", json={"text": LONG})
        answered = 0
        while not analysis.done():
            assert client.get("/livez", timeout=10).status_code == 200
            answered += 1
        assert analysis.result().status_code == 200
        assert answered > 1


@pytest.mark.skipif(sys.platform != "linux", reason="niceness of single threads is Linux's")
def test_analysis_gives_way_to_the_event_loop(running: ServiceProcess) -> None:
    """The NLP thread alone has a higher niceness than the process was started with."""
    assert httpx.post(f"{running.url}/v1/entities", json={"text": "Paris"}).status_code == 200
    (worker,) = running.worker_pids()
    threads = Path(f"/proc/{worker}/task").iterdir()
    found = sorted(os.getpriority(os.PRIO_PROCESS, int(thread.name)) for thread in threads)
    started = os.getpriority(os.PRIO_PROCESS, 0)
    assert found.count(min(started + NLP_NICENESS, 19)) == 1
    assert found[:-1] == [started] * (len(found) - 1)
    assert os.getpriority(os.PRIO_PROCESS, worker) == started


def test_a_caller_who_hangs_up_is_noticed(running: ServiceProcess) -> None:
    """A disconnected caller's line in the log has status 499, and its text is not analysed."""
    with ThreadPoolExecutor(6) as pool:
        busy = [pool.submit(post, f"{running.url}/v1/entities", json={"text": LONG * 2}) for _ in range(6)]
        time.sleep(0.5)
        with pytest.raises(httpx.TimeoutException):
            post(f"{running.url}/v1/entities", json={"text": "gone"}, timeout=0.7, headers={"X-Request-ID": "gone"})
        assert {request.result().status_code for request in busy} == {200}
    (line,) = running.lines(lambda line: line.get("request_id") == "gone")
    assert line["status"] == 499
    assert line["nlp_ms"] == 0
    assert line["queue_ms"] > 0


def test_what_is_no_http_gets_a_400_and_no_traceback(running: ServiceProcess) -> None:
    """Bytes that are not HTTP get problem details, and the log counts the connection."""
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"\x16\x03\x01 this is no HTTP Xyzzy7\r\n\r\n")
        answer = connection.recv(10_000)
    head, _, body = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 400 ")
    assert b"content-type: application/problem+json" in head
    assert orjson.loads(body)["code"] == "malformed_request"
    assert orjson.loads(body)["request_id"].encode() in head
    (line,) = running.lines(lambda line: line["event"] == "connections_closed" and line["reason"] == "malformed")
    assert line["connections"] == 1
    assert "Xyzzy7" not in str(running.log)


@pytest.mark.parametrize("workers", ["1", "2"])
@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_a_signal_ends_it_in_order(number: signal.Signals, workers: str) -> None:
    """Accepted work is answered, new work is refused, and then the process exits with 0."""
    settings = environment(components="slow_texts", max_queued_seconds="600")
    with service(settings, "--workers", workers) as process, ThreadPoolExecutor(4) as pool:
        accepted = [pool.submit(post, f"{process.url}/v1/entities", json={"text": LONG}) for _ in range(4)]
        time.sleep(1.0)
        process.process.send_signal(number)
        assert [request.result().status_code for request in accepted] == [200] * 4
        assert process.process.wait(30) == 0
    assert b"Traceback" not in process.errors


def test_while_it_drains_it_says_so() -> None:
    """`/readyz` and new work get 503 `shutting_down` as long as accepted work is being finished."""
    settings = environment(components="slow_texts", max_queued_seconds="600")
    with service(settings) as process, ThreadPoolExecutor(6) as pool:
        accepted = [pool.submit(post, f"{process.url}/v1/entities", json={"text": LONG}) for _ in range(6)]
        time.sleep(1.0)
        process.process.send_signal(signal.SIGTERM)
        (draining,) = process.lines(lambda line: line["event"] == "draining")
        assert draining["signal"] == "SIGTERM"
        ready = httpx.get(f"{process.url}/readyz", timeout=30)
        new = post(f"{process.url}/v1/entities", json={"text": "new"})
        assert not all(request.done() for request in accepted), "the texts were too short to test anything"
        for refused in (ready, new):
            assert refused.status_code == 503
            assert refused.json()["code"] == "shutting_down"
            assert int(refused.headers["Retry-After"]) >= 1
        assert {request.result().status_code for request in accepted} == {200}
        assert process.process.wait(30) == 0
    events = [line["event"] for line in process.log]
    assert events.index("draining") < events.index("stopped") < events.index("Application shutdown complete.")


def test_a_drain_is_bounded() -> None:
    """Work that does not end in time is answered 503, and the process exits with 0 without waiting for it."""
    with (
        service(environment(shutdown_seconds="1", components="slow_texts", max_queued_seconds="600")) as process,
        ThreadPoolExecutor(16) as pool,
    ):
        slow = [pool.submit(post, f"{process.url}/v1/entities", json={"text": LONG}) for _ in range(16)]
        time.sleep(1.0)
        started = time.monotonic()
        process.process.send_signal(signal.SIGTERM)
        answers = [request.result() for request in slow]
        assert process.process.wait(30) == 0
        took = time.monotonic() - started
    refused = [answer for answer in answers if answer.status_code == 503]
    assert len(refused) >= 5, "the texts were too short to test anything"
    assert {answer.json()["code"] for answer in refused} == {"shutting_down"}
    assert took < 6


@pytest.mark.parametrize("headers", [b"X-Long: " + b"x" * 70_000, b"\r\n".join(b"X-%d: y" % i for i in range(9000))])
def test_headers_are_bounded(running: ServiceProcess, headers: bytes) -> None:
    """A request may have 64 KiB of headers, and 128 of them; the server's library would take any number."""
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=10) as connection:
        connection.sendall(b"GET /livez HTTP/1.1\r\nHost: a\r\n" + headers + b"\r\n\r\n")
        assert connection.recv(10_000).startswith(b"HTTP/1.1 431 ")


def test_a_refused_body_that_waits_to_be_asked_for_is_not_waited_for(running: ServiceProcess) -> None:
    """A refused caller with `Expect: 100-continue` sends no body, so the connection is closed at once."""
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=5) as connection:
        connection.sendall(
            b"POST /v1/entities HTTP/1.1\r\nHost: a\r\nContent-Type: application/json\r\n"
            b"Content-Length: 99999999\r\nExpect: 100-continue\r\n\r\n"
        )
        answer = b""
        while chunk := connection.recv(10_000):
            answer += chunk
    assert answer.startswith(b"HTTP/1.1 413 ")


def test_a_stuck_stdout_slows_no_request() -> None:
    """While nobody reads the log, requests are served as before, and the process can end."""
    settings = environment(log_queue_lines="20", log_level="debug")
    with service(settings, read_log=False) as process, httpx.Client(base_url=process.url) as client:
        slowest = 0.0
        for _ in range(2000):
            started = time.perf_counter()
            assert client.get("/livez").status_code == 200
            slowest = max(slowest, time.perf_counter() - started)
        assert slowest < 2.0, "a request waited for the log"
        assert process.stop() == 0


def test_dropped_lines_are_counted_and_logged() -> None:
    """The number of dropped lines is logged as soon as somebody reads the log again."""
    with service(environment(log_queue_lines="20", log_level="debug"), read_log=False) as process:
        with httpx.Client(base_url=process.url) as client:
            for _ in range(1500):
                client.get("/livez")
        read: list[bytes] = []
        assert process.process.stdout
        stdout = process.process.stdout
        reader = threading.Thread(target=lambda: read.extend(stdout))
        reader.start()
        time.sleep(0.5)
        assert process.stop() == 0
        reader.join(10)
    lines = [orjson.loads(line) for line in read]
    dropped = sum(line["lines"] for line in lines if line["event"] == "log_lines_dropped")
    assert dropped > 0
    served = sum(line["event"] == "request" and line["route"] == "/livez" for line in lines)
    assert 0 < served < 1500


def test_two_workers_share_one_port() -> None:
    """The pipelines are loaded once for both; together they answer on one address and share out the CPUs."""
    with (
        service(environment(nlp_threads="0"), "--workers", "2") as process,
        httpx.Client(base_url=process.url) as client,
    ):
        deadline = time.monotonic() + 60
        while sum(line["event"] == "ready" for line in process.log) < 2 and time.monotonic() < deadline:
            time.sleep(0.1)
        assert client.post("/v1/entities", json={"text": "Tim Cook"}).status_code == 200
        assert process.stop() == 0
    assert sum(line["event"] == "pipeline_ready" for line in process.log) == 1
    threads = [line["nlp_threads"] for line in process.log if line["event"] == "ready"]
    assert threads == [math.ceil(available_cpus() / 2)] * 2


def test_secrets_never_reach_the_log() -> None:
    """The start-up line shows the settings with keys redacted, and no other line shows a key."""
    with service(environment(api_keys="hidden-key-1,hidden-key-2")) as process:
        for key, status in (("hidden-key-1", 200), ("hidden-wrong", 401)):
            answer = httpx.get(f"{process.url}/v1/pipelines", headers={"X-API-Key": key})
            assert answer.status_code == status
        assert process.stop() == 0
    (starting,) = (line for line in process.log if line["event"] == "starting")
    assert starting["settings"]["api_keys"] == ["**********", "**********"]
    assert "hidden" not in str(process.log)
