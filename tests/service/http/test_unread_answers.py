"""Callers that do not read their answers: what waits for them is bounded in time and in bytes."""

import time
from collections.abc import Iterator
from contextlib import ExitStack

import httpx
import orjson
import pytest

from tests.support.process import ServiceProcess, environment, service
from tests.support.raw_http import LIVENESS, Raw, sized

pytestmark = pytest.mark.process

WRITE_SECONDS = 4
BOUND = 3_000_000
LARGE = sized(
    body=orjson.dumps({"text": "Go on. " * 14_000, "features": ["sentences"]}),
).replace(b"/v1/entities", b"/v1/analyze")
"""A request whose answer has a megabyte."""
BATCH = sized(
    body=orjson.dumps({"documents": [{"text": "Go on. " * 14_000}] * 8, "features": ["sentences"]}),
).replace(b"/v1/entities", b"/v1/batch")
"""A request whose answer has 5 MB: more than the kernel takes from us for a caller who does not read."""


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Yield a process with a short deadline and a low bound."""
    settings = environment(write_timeout_seconds=str(WRITE_SECONDS), max_unread_bytes=str(BOUND))
    with service(settings) as process:
        yield process


def metric(running: ServiceProcess, name: str) -> float:
    """Return the value of a metric; the name includes its labels."""
    lines = httpx.get(f"{running.url}/metrics", timeout=30).text.splitlines()
    return float(next(line.rpartition(" ")[2] for line in lines if line.startswith(name)))


def wait_until_answered(running: ServiceProcess, request_id: bytes) -> None:
    """Wait until the application has given the answer to the connection."""
    running.lines(lambda line: line.get("request_id") == request_id.decode(), seconds=60)


def dropped(raw: Raw) -> bool:
    """Read a little, and say whether the connection was reset instead."""
    try:
        return not raw.socket.recv(100)
    except ConnectionResetError:
        return True


def with_id(request: bytes, request_id: bytes) -> bytes:
    """Return the request with an id."""
    return request.replace(b"Host: x\r\n", b"Host: x\r\nX-Request-ID: " + request_id + b"\r\n")


def test_an_answer_that_nobody_reads_is_dropped_in_time(running: ServiceProcess) -> None:
    """After the time for writing the connection is closed, counted and logged, and nothing is kept."""
    name = 'spanwise_connections_closed_total{reason="write_timeout"}'
    before = metric(running, name)
    with Raw(running.url, receive_buffer=4096) as raw:
        raw.send(with_id(BATCH, b"unread"))
        wait_until_answered(running, b"unread")
        deadline = time.monotonic() + 20
        while metric(running, name) == before:
            assert time.monotonic() < deadline
            time.sleep(0.2)
    assert running.lines(lambda line: line["event"] == "connections_closed" and line["reason"] == "write_timeout")
    time.sleep(0.6)  # a sweep
    assert metric(running, "spanwise_unread_bytes") == 0


def test_reading_a_byte_now_and_then_is_not_reading(running: ServiceProcess) -> None:
    """A caller that drips is cut off, too, and what the kernel holds for it is dropped."""
    with Raw(running.url, receive_buffer=4096) as raw:
        raw.send(with_id(BATCH, b"dripped"))
        wait_until_answered(running, b"dripped")
        started = time.monotonic()
        while not dropped(raw):
            assert time.monotonic() - started < 20
            time.sleep(0.05)


def test_a_slow_reader_gets_all_of_it(running: ServiceProcess) -> None:
    """Whoever reads steadily has as much time as it takes, far beyond the time for writing."""
    with Raw(running.url, receive_buffer=65_536) as raw:
        raw.send(BATCH)
        read = raw.socket.recv(65_536)
        size = len(read)
        started = time.monotonic()
        total = int(read.lower().partition(b"content-length: ")[2].split()[0]) if b"ontent-length" in read else 0
        assert total > 4_000_000
        while size < total:
            chunk = raw.socket.recv(65_536)
            assert chunk, "cut off"
            size += len(chunk)
            time.sleep(0.08)
        assert time.monotonic() - started > WRITE_SECONDS


def test_beyond_the_bound_the_slowest_reader_makes_room() -> None:
    """Of many callers that do not read, the first are cut off for the later ones; others are served as ever."""
    cut_off = 'spanwise_connections_closed_total{reason="unread_limit"}'
    with service(environment(write_timeout_seconds="300", max_unread_bytes=str(BOUND))) as running, ExitStack() as idle:
        raws = [idle.enter_context(Raw(running.url, receive_buffer=4096)) for _ in range(4)]
        for number, raw in enumerate(raws):
            raw.send(with_id(BATCH, b"many-%d" % number))
            deadline = time.monotonic() + 60
            while metric(running, "spanwise_unread_bytes") == 0 or metric(running, cut_off) < number:
                assert time.monotonic() < deadline, f"caller {number - 1} was never cut off"
                time.sleep(0.1)
            assert metric(running, "spanwise_unread_bytes") <= BOUND
        with Raw(running.url) as raw:
            assert raw.send(LIVENESS).answer().status == 200
            assert raw.send(LARGE).answer().status == 200
        ended = [line["request_id"] for line in running.log if line.get("request_id", "").startswith("many-")]
        assert ended == ["many-0", "many-1", "many-2"]


def test_pipelined_requests_wait_for_the_reader(running: ServiceProcess) -> None:
    """A caller that sends on and on without reading has one answer waiting, not all of them."""
    with Raw(running.url, receive_buffer=4096) as raw:
        raw.send(*(with_id(LARGE, b"piped-%d" % number) for number in range(12)))
        wait_until_answered(running, b"piped-0")
        time.sleep(2)
        served = {line["request_id"] for line in running.log if line.get("request_id", "").startswith("piped-")}
        assert len(served) < 12
