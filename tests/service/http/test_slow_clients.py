"""Callers that send slowly or not at all: every wait ends."""

import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.process import ServiceProcess, environment, service
from tests.support.raw_http import LIVENESS, Raw, request, sized

pytestmark = pytest.mark.process

HEADER_SECONDS = 2
IDLE_SECONDS = 4
LATE = 15  # a busy machine needs time, too


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Yield a process with short deadlines."""
    settings = environment(header_timeout_seconds=str(HEADER_SECONDS), keep_alive_seconds=str(IDLE_SECONDS))
    with service(settings) as process:
        yield process


def ended(raw: Raw) -> bool:
    """Send an empty line, and say whether the service has closed the connection."""
    try:
        raw.send(b"\r\n")
        return raw.socket.recv(1) == b""
    except TimeoutError:
        return False
    except (ConnectionResetError, BrokenPipeError):
        return True


def closed_after(raw: Raw) -> float:
    """Return the seconds until the service closes the connection."""
    started = time.monotonic()
    assert raw.is_closed()
    return time.monotonic() - started


def test_a_silent_connection_is_closed(running: ServiceProcess) -> None:
    """A caller that connects and sends nothing is closed, without an answer to nothing."""
    with Raw(running.url) as raw:
        assert HEADER_SECONDS - 0.5 < closed_after(raw) < LATE


@pytest.mark.parametrize("part", [b"G", b"POST /v1/ent", sized()[:60], sized(b"X-A: ")[:90]])
def test_a_part_of_the_headers_gets_408_and_a_close(running: ServiceProcess, part: bytes) -> None:
    """The caller learns why, once the time for headers is over."""
    with Raw(running.url) as raw:
        started = time.monotonic()
        answer = raw.send(part).answer()
        assert HEADER_SECONDS - 0.5 < time.monotonic() - started < LATE
        assert (answer.status, answer.json["code"], answer.closes) == (408, "request_timeout", True)
        assert raw.is_closed()


@pytest.mark.parametrize("before", [b"", LIVENESS], ids=["first", "later"])
def test_dripped_headers_win_no_time(running: ServiceProcess, before: bytes) -> None:
    """A byte now and then does not extend the time for headers, in the first request or a later one."""
    with Raw(running.url) as raw:
        if before:
            assert raw.send(before).answer().status == 200
        raw.send(b"GET /livez HTTP/1.1\r\nX-A: ")
        started = time.monotonic()
        raw.socket.settimeout(0.2)
        answered = b""
        while not answered:
            assert time.monotonic() - started < LATE
            raw.send(b"x")
            try:
                answered = raw.socket.recv(10)
            except TimeoutError:
                continue
        assert answered.startswith(b"HTTP/1.1 4")


def test_an_idle_connection_is_closed_later(running: ServiceProcess) -> None:
    """Between two requests the longer time for idle connections holds, and it begins anew behind each answer."""
    with Raw(running.url) as raw:
        for _ in range(3):
            assert raw.send(LIVENESS).answer().status == 200
            time.sleep(HEADER_SECONDS / 2)
        assert raw.send(LIVENESS).answer().status == 200
        assert IDLE_SECONDS - 0.5 < closed_after(raw) < LATE


def test_empty_lines_keep_no_connection_open(running: ServiceProcess) -> None:
    """Line ends between requests are ignored, and are no sign of life either."""
    with Raw(running.url) as raw:
        assert raw.send(LIVENESS).answer().status == 200
        started = time.monotonic()
        raw.socket.settimeout(0.1)
        while not ended(raw):
            assert time.monotonic() - started < LATE


def test_the_rest_of_an_answered_request_is_not_waited_for(running: ServiceProcess) -> None:
    """A body that never ends, of a request that was refused before, keeps the connection no longer than headers."""
    with Raw(running.url) as raw:
        assert raw.send(request(b"Content-Length: 1000", path=b"/nowhere", body=b"x")).answer().status == 404
        assert closed_after(raw) < LATE


def test_long_work_is_no_silence(running: ServiceProcess) -> None:
    """A caller that waits for its answer has no deadline of these kinds."""
    with Raw(running.url, seconds=120) as raw:
        assert raw.send(sized(body=b'{"text":"%b"}' % (b"!" * 60_000))).answer().status == 200
        assert raw.send(LIVENESS).answer().status == 200


def test_closings_are_counted_one_by_one_and_logged_together(running: ServiceProcess) -> None:
    """Twenty silent callers add twenty to the metric and hardly a line to the log."""
    name = 'spanwise_connections_closed_total{reason="header_timeout"}'

    def counted() -> float:
        lines = httpx.get(f"{running.url}/metrics").text.splitlines()
        return float(next(line.split()[1] for line in lines if line.startswith(name)))

    before = counted()
    silent = [Raw(running.url) for _ in range(20)]
    for raw in silent:
        assert raw.is_closed()
        raw.__exit__()
    assert counted() == before + 20
    logged = running.lines(lambda line: line["event"] == "connections_closed" and line["reason"] == "header_timeout")
    assert len(logged) <= 3
    assert logged[0]["level"] == "warning"
    assert logged[0]["connections"] == 1
