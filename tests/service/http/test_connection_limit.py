"""A bound on connections, with room for probes beyond it."""

import resource
import time
from collections.abc import Iterator

import httpx
import pytest

from tests.support.open_files import open_files
from tests.support.process import ServiceProcess, environment, service
from tests.support.raw_http import LIVENESS, Raw, sized

pytestmark = pytest.mark.process

READINESS = LIVENESS.replace(b"/livez", b"/readyz")
METRICS = LIVENESS.replace(b"/livez", b"/metrics")


@pytest.fixture
def callers() -> Iterator[list[Raw]]:
    """Yield a list whose connections are closed at the end."""
    opened: list[Raw] = []
    yield opened
    for raw in opened:
        raw.__exit__()


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Yield a process that serves ten connections."""
    with service(environment(max_connections="10")) as process:
        time.sleep(1.2)  # the connections that asked whether it is ready are closed
        yield process


def taken(running: ServiceProcess, callers: list[Raw], number: int) -> None:
    """Open connections that wait within a request."""
    callers += [Raw(running.url).send(b"GET /livez HTTP/1.1\r\n") for _ in range(number)]


@pytest.mark.parametrize("probe", [LIVENESS, READINESS, METRICS], ids=["livez", "readyz", "metrics"])
def test_probes_are_answered_beyond_the_bound(running: ServiceProcess, callers: list[Raw], probe: bytes) -> None:
    """While all connections are taken, a probe gets its answer and a close."""
    taken(running, callers, 10)
    for _ in range(5):
        with Raw(running.url) as raw:
            answer = raw.send(probe).answer()
            assert (answer.status, answer.closes) == (200, True)
            assert raw.is_closed()


def test_other_requests_are_refused_beyond_the_bound(running: ServiceProcess, callers: list[Raw]) -> None:
    """They get 503 `overloaded` with a `Retry-After`, and are served again once there is room."""
    taken(running, callers, 10)
    with Raw(running.url) as raw:
        answer = raw.send(sized()).answer()
        assert (answer.status, answer.json["code"], answer.closes) == (503, "overloaded", True)
        assert int(answer.headers["retry-after"]) >= 1
        assert raw.is_closed()
    callers.pop().__exit__()
    time.sleep(0.5)
    with Raw(running.url) as raw:
        answer = raw.send(sized()).answer()
        assert (answer.status, answer.closes) == (200, False)


def test_an_idle_connection_makes_room(running: ServiceProcess, callers: list[Raw]) -> None:
    """The connection that was idle for longest is closed for a new one; the others stay."""
    for _ in range(10):
        callers.append(Raw(running.url))
        assert callers[-1].send(LIVENESS).answer().status == 200
    time.sleep(1.2)
    with Raw(running.url) as raw:
        assert raw.send(sized()).answer().status == 200
        assert callers[0].is_closed()
        for other in callers[1:]:
            assert other.send(LIVENESS).answer().status == 200


def test_it_is_logged_once_and_shown(running: ServiceProcess, callers: list[Raw]) -> None:
    """The log has a line for the first connection that found no room; metrics show the bound."""
    taken(running, callers, 10)
    for _ in range(10):
        with Raw(running.url) as raw:
            assert raw.send(sized()).answer().status == 503
    lines = running.lines(lambda line: line["event"] == "connections_closed" and line["reason"] == "connection_limit")
    assert len(lines) <= 2
    with Raw(running.url) as raw:
        shown = raw.send(METRICS).answer().body.decode()
    assert "spanwise_connection_limit 10.0" in shown


def test_few_descriptors_shut_nobody_out(callers: list[Raw]) -> None:
    """With 256 open files, 300 useless connections leave probes their answer, and everybody after a while."""
    with open_files(256), service(environment(header_timeout_seconds="6")) as process:
        resource.setrlimit(resource.RLIMIT_NOFILE, (4096, resource.getrlimit(resource.RLIMIT_NOFILE)[1]))
        for number in range(300):
            raw = Raw(process.url)
            callers.append(raw.send(b"POST /v1/entities HTTP/1.1\r\nHost: x\r\n") if number % 2 else raw)
        for probe in (LIVENESS, READINESS, METRICS):
            with Raw(process.url) as raw:
                assert raw.send(probe).answer().status == 200
        deadline = time.monotonic() + 30
        status = 0
        while status != 200:
            assert time.monotonic() < deadline
            status = httpx.post(f"{process.url}/v1/entities", json={"text": "Ada"}).status_code
            time.sleep(0.5)


def test_a_bound_that_descriptors_do_not_allow_is_lowered() -> None:
    """The log says which bound holds instead of the one that was set."""
    with open_files(256), service(environment(max_connections="1000")) as process:
        (line,) = process.lines(lambda line: line["event"] == "connections_bounded_by_descriptors")
        assert (line["wanted"], line["limit"]) == (1000, 128)


def test_two_thousand_idle_connections_are_no_load(callers: list[Raw]) -> None:
    """They stay open under default settings, and requests beside them are served."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    most = 5000
    if hard < most:
        pytest.skip("this machine does not allow so many open files")
    with open_files(max(soft, most)), service(environment()) as process:
        callers += [Raw(process.url) for _ in range(2000)]
        with httpx.Client(base_url=process.url) as client:
            for _ in range(20):
                assert client.post("/v1/entities", json={"text": "Ada"}).status_code == 200
        assert callers[0].send(LIVENESS).answer().status == 200
