"""Headers are bounded as they arrive, whatever they consist of, and cost no more than their bytes."""

import os
from pathlib import Path

import httpx
import pytest

from spanwise.service.http.request_head import MAX_HEAD_BYTES, MAX_HEADERS
from tests.support.process import ServiceProcess
from tests.support.raw_http import LIVENESS, Raw, request

pytestmark = pytest.mark.process

START = b"GET /livez HTTP/1.1\r\nHost: x\r\n"
CHUNKS = request(b"Transfer-Encoding: chunked", body=b"1\r\n{\r\n")
ENDLESS = {
    "a request line": (b"GET /", 431),
    "a name": (START + b"X-", 431),
    "a value": (START + b"X-A: ", 431),
    "a chunk extension": (CHUNKS + b"1;", 400),
    "a trailer's name": (CHUNKS + b"0\r\nX-", 400),
    "a trailer's value": (CHUNKS + b"0\r\nX-A: ", 400),
    "a chunk's size": (CHUNKS, 400),
}


@pytest.mark.parametrize(("start", "status"), ENDLESS.values(), ids=ENDLESS.keys())
def test_what_never_ends_is_refused_long_before(running: ServiceProcess, start: bytes, status: int) -> None:
    """After some 64 KiB at most the caller has its refusal, although it goes on sending."""
    with Raw(running.url) as raw:
        raw.send(start)
        for _ in range(10):
            raw.send(b"0" * 10_000)
        answer = raw.answer()
        assert (answer.status, answer.closes) == (status, True)
        assert answer.json["code"] == ("headers_too_large" if status == 431 else "malformed_request")
        assert raw.is_closed()


def cpu_seconds(running: ServiceProcess) -> float:
    """Return the CPU time that the process has used."""
    columns = Path(f"/proc/{running.process.pid}/stat").read_text().rpartition(")")[2].split()
    return (int(columns[11]) + int(columns[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("start", [START + b"X-A: ", CHUNKS + b"0\r\nX-A: "], ids=["a value", "a trailer"])
def test_25_megabytes_of_one_value_cost_next_to_nothing(running: ServiceProcess, start: bytes) -> None:
    """The bytes behind the refusal are thrown away: a second of CPU would be far too much."""
    before = cpu_seconds(running)
    with Raw(running.url) as raw:
        raw.send(start, *[b"x" * 10_000] * 2_500, pause=0)
        assert raw.answer().status in {400, 431}
    assert cpu_seconds(running) - before < 0.7


def test_many_small_segments_cost_no_more(running: ServiceProcess) -> None:
    """Headers that come in 20,000 single bytes cost some microseconds each, and other callers are served meanwhile."""
    before = cpu_seconds(running)
    with Raw(running.url, seconds=60) as raw, httpx.Client(base_url=running.url) as other:
        raw.send(START + b"X-A: ")
        for _ in range(20):
            raw.send(*[b"x"] * 1000, pause=0)
            assert other.get("/livez").status_code == 200
        assert raw.send(b"\r\n\r\n").answer().status == 200
    assert cpu_seconds(running) - before < 5


def head_of(size: int) -> bytes:
    """Return a head of exactly so many bytes."""
    start = START + b"X-A: "
    return start + b"x" * (size - len(start) - 4) + b"\r\n\r\n"


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
@pytest.mark.parametrize("segment", [1_000_000, 1000])
def test_the_bound_on_bytes_is_exact(running: ServiceProcess, more: int, status: int, segment: int) -> None:
    """64 KiB are served, and one byte more is not, however they arrive."""
    head = head_of(MAX_HEAD_BYTES + more)
    with Raw(running.url) as raw:
        raw.send(*(head[i : i + segment] for i in range(0, len(head), segment)), pause=0)
        assert raw.answer().status == status


@pytest.mark.parametrize(("more", "status"), [(0, 200), (1, 431)])
def test_the_bound_on_their_number_is_exact(running: ServiceProcess, more: int, status: int) -> None:
    """128 headers are served, and one more is not, even if all are very short."""
    with Raw(running.url) as raw:
        raw.send(START + b"a:\r\n" * (MAX_HEADERS - 1 + more) + b"\r\n")
        assert raw.answer().status == status


def test_bounds_are_for_each_request(running: ServiceProcess) -> None:
    """A connection may carry any number of requests with large headers."""
    with Raw(running.url) as raw:
        for _ in range(5):
            assert raw.send(head_of(60_000)).answer().status == 200
        assert raw.send(LIVENESS).answer().status == 200


def test_a_long_body_in_single_byte_chunks_is_no_attack(running: ServiceProcess) -> None:
    """The framing may be longer than the data, as long as data comes."""
    body = b'{"text":"%b"}' % (b"Ada " * 5000)
    framed = b"".join(b"1;x=y\r\n%c\r\n" % byte for byte in body) + b"0\r\n\r\n"
    with Raw(running.url) as raw:
        assert raw.send(request(b"Transfer-Encoding: chunked", body=framed)).answer().status == 200
