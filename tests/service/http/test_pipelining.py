"""What a caller sends behind a request, and callers who close their sending half."""

import socket
import time

import httpx
import pytest

from tests.support.process import ServiceProcess
from tests.support.raw_http import LIVENESS, TEXT, Raw, chunked, request, sized

pytestmark = pytest.mark.process


@pytest.mark.parametrize("behind", [b"GARBAGE\r\n\r\n", b"   ", b"\x16\x03\x01", b"GET /livez\r\n\r\n", TEXT])
@pytest.mark.parametrize("valid", [sized(), chunked()], ids=["sized", "chunked"])
@pytest.mark.parametrize("segments", [1, 2])
def test_bytes_behind_a_request_do_not_spoil_its_answer(
    running: ServiceProcess, valid: bytes, behind: bytes, segments: int
) -> None:
    """The request gets its 200; then the rest gets 400 and a close."""
    with Raw(running.url) as raw:
        raw.send(*((valid + behind,) if segments == 1 else (valid, behind)), pause=0)
        assert raw.answer().status == 200
        rest = raw.answer()
        assert (rest.status, rest.json["code"], rest.closes) == (400, "malformed_request", True)
        assert raw.is_closed()


def test_a_thousand_requests_at_once_are_answered_in_order(running: ServiceProcess) -> None:
    """Requests in one go are served one after the other, all of them."""
    ids = [b"%d" % number for number in range(1000)]
    with Raw(running.url, seconds=60) as raw:
        raw.send(b"".join(b"GET /livez HTTP/1.1\r\nHost: x\r\nX-Request-ID: %b\r\n\r\n" % one for one in ids))
        assert [raw.answer().headers["x-request-id"].encode() for _ in ids] == ids


def test_a_request_in_single_bytes_is_served(running: ServiceProcess) -> None:
    """It does not matter how small the segments are."""
    with Raw(running.url) as raw:
        for sent in (sized(), chunked()):
            raw.send(*(sent[i : i + 1] for i in range(len(sent))), pause=0)
            assert raw.answer().status == 200


@pytest.mark.parametrize("sent", [sized(), chunked(), sized() + sized(), LIVENESS], ids=["one", "chunks", "two", "get"])
def test_a_caller_that_has_closed_its_sending_half_is_answered(running: ServiceProcess, sent: bytes) -> None:
    """Whole requests before the end of the caller's bytes get their answers; then the connection closes."""
    with Raw(running.url) as raw:
        raw.send(sent).half_close()
        for _ in range(sent.count(b"HTTP/1.1\r\n")):
            assert raw.answer().status == 200
        assert raw.is_closed()


def test_a_quick_answer_to_a_half_closed_caller_comes_without_an_interim_one(running: ServiceProcess) -> None:
    """Callers who read the first line alone, as scripts around netcat do, find the status there."""
    assert httpx.post(f"{running.url}/v1/entities", json={"text": "warm"}).status_code == 200
    with Raw(running.url) as raw:
        raw.send(LIVENESS).half_close()
        assert raw.socket.recv(12) == b"HTTP/1.1 200"
    with Raw(running.url) as raw:
        raw.send(sized()).half_close()
        assert raw.socket.recv(12) == b"HTTP/1.1 200"


def test_half_a_request_and_no_more_is_not_waited_for(running: ServiceProcess) -> None:
    """A caller that closes its sending half within a request is closed at once."""
    for sent in (sized()[:30], sized()[:-5], chunked()[:-5], b""):
        with Raw(running.url, seconds=5) as raw:
            raw.send(sent).half_close()
            assert raw.is_closed()


def test_a_half_closed_caller_that_leaves_is_noticed(running: ServiceProcess) -> None:
    """A caller that closes the whole connection looks the same at first; it is told apart before its work begins."""
    busy = [Raw(running.url, seconds=60).send(sized(body=b'{"text":"%b"}' % (b"!" * 45_000))) for _ in range(4)]
    time.sleep(0.3)
    with Raw(running.url) as raw:
        raw.send(sized(b"X-Request-ID: left"))
        time.sleep(0.2)
    (line,) = running.lines(lambda line: line.get("request_id") == "left")
    assert (line["status"], line["nlp_ms"]) == (499, 0)
    for other in busy:
        assert other.answer().status == 200
        other.__exit__()


def test_a_request_answered_before_its_end_is_read_to_its_end(running: ServiceProcess) -> None:
    """A 404 does not wait for the body; the next request begins behind the body."""
    with Raw(running.url) as raw:
        raw.send(request(b"Content-Length: 10", path=b"/nowhere", body=b"GET /"))
        assert raw.answer().status == 404
        assert raw.send(b"livez" + LIVENESS).answer().json == {"status": "alive"}


@pytest.mark.parametrize("version", ["1.0", "1.1"])
def test_a_caller_that_asks_for_a_close_gets_one(running: ServiceProcess, version: str) -> None:
    """HTTP/1.0, and `Connection: close` among other options, end the connection behind the answer."""
    options = b"Connection: TE , Close\r\n" if version == "1.1" else b""
    with Raw(running.url) as raw:
        raw.send(b"GET /livez HTTP/" + version.encode() + b"\r\nHost: x\r\n" + options + b"\r\n")
        answer = raw.answer()
        assert (answer.status, answer.closes) == (200, True)
        assert raw.is_closed()


def test_a_refused_caller_that_still_sends_gets_its_answer(running: ServiceProcess) -> None:
    """25 MB behind what is refused are thrown away, so that no reset destroys the answer."""
    with Raw(running.url) as raw:
        raw.send(b"NONSENSE\r\n\r\n" + b"x" * 25_000_000)
        assert raw.answer().status == 400
        raw.socket.shutdown(socket.SHUT_WR)
        assert raw.is_closed()


@pytest.mark.parametrize("path", [b"/livez", b"/readyz", b"/v1/pipelines"])
def test_what_follows_a_last_request_is_read_and_thrown_away(running: ServiceProcess, path: bytes) -> None:
    """Its answer arrives whole: a connection that was closed with bytes unread would be reset, and the answer lost."""
    with Raw(running.url) as raw:
        raw.send(b"GET %b HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n" % path + b"G" * 3_000_000, pause=0)
        answer = raw.answer()
        assert (answer.status, answer.closes) == (200, True)
        raw.half_close()
        assert raw.is_closed()
