"""Offers to change the protocol are ignored: the request is served as if they were not there (RFC 9110, 7.8)."""

from itertools import pairwise

import pytest

from tests.support.process import ServiceProcess
from tests.support.raw_http import LIVENESS, TEXT, Answer, Raw, chunked, request, sized

pytestmark = pytest.mark.process

OFFERS = {
    "tls": (b"Connection: Upgrade", b"Upgrade: TLS/1.2"),  # Apache HttpClient 5.4 and later, by default
    "h2c": (  # the JDK's client, curl --http2
        b"Connection: Upgrade, HTTP2-Settings",
        b"Upgrade: h2c",
        b"HTTP2-Settings: AAMAAABkAARAAAAAAAIAAAAA",
    ),
    "websocket": (
        b"Connection: keep-alive, upgrade",
        b"UPGRADE: websocket",
        b"Sec-WebSocket-Version: 13",
        b"Sec-WebSocket-Key: AAAAAAAAAAAAAAAAAAAAAA==",
    ),
    "two": (b"Connection: upgrade", b"upgrade: h2c", b"Upgrade: TLS/1.2"),
}
each_offer = pytest.mark.parametrize("offer", OFFERS.values(), ids=OFFERS.keys())


def names(answer: Answer) -> list[str]:
    """Return the entities of an answer that must be a 200."""
    assert answer.status == 200, answer
    return [entity["text"] for entity in answer.json["entities"]]


@each_offer
@pytest.mark.parametrize("framed", [sized, chunked])
def test_the_body_is_read_in_one_segment(running: ServiceProcess, offer: tuple[bytes, ...], framed: object) -> None:
    """A request in one segment gets its entities, and the connection serves the next one."""
    with Raw(running.url) as raw:
        assert names(raw.send(framed(*offer)).answer()) == ["Ada Lovelace", "London"]  # type: ignore[operator]
        assert raw.send(LIVENESS).answer().status == 200


@each_offer
@pytest.mark.parametrize("framed", [sized, chunked])
def test_the_body_is_read_in_many_segments(running: ServiceProcess, offer: tuple[bytes, ...], framed: object) -> None:
    """It does not matter where the segments are cut: behind the headers, within them, within the body."""
    whole: bytes = framed(*offer)  # type: ignore[operator]
    head = whole.index(b"\r\n\r\n") + 4
    with Raw(running.url) as raw:
        for cuts in ((head,), (head - 2,), (10, head - 30, head + 5)):
            places = (0, *cuts, len(whole))
            segments = [whole[start:end] for start, end in pairwise(places)]
            assert names(raw.send(*segments).answer()) == ["Ada Lovelace", "London"]


@each_offer
def test_requests_behind_it_are_served(running: ServiceProcess, offer: tuple[bytes, ...]) -> None:
    """What follows in the same segment is HTTP as before, and may offer an upgrade itself."""
    with Raw(running.url) as raw:
        raw.send(sized(*offer) + LIVENESS + chunked(*offer) + LIVENESS)
        assert names(raw.answer()) == ["Ada Lovelace", "London"]
        assert raw.answer().json == {"status": "alive"}
        assert names(raw.answer()) == ["Ada Lovelace", "London"]
        assert raw.answer().json == {"status": "alive"}


def test_an_offer_without_a_body_is_ignored(running: ServiceProcess) -> None:
    """A GET that offers WebSocket gets the answer to a GET."""
    with Raw(running.url) as raw:
        raw.send(request(*OFFERS["websocket"], method=b"GET", path=b"/livez", body=b""))
        assert raw.answer().json == {"status": "alive"}
        assert raw.send(LIVENESS).answer().status == 200


def test_contradictions_beside_an_offer_are_still_refused(running: ServiceProcess) -> None:
    """An offer does not switch off any check."""
    with Raw(running.url) as raw:
        raw.send(request(*OFFERS["h2c"], b"Transfer-Encoding: chunked", b"Content-Length: 3", body=TEXT))
        answer = raw.answer()
        assert (answer.status, answer.closes) == (400, True)
        assert raw.is_closed()


@pytest.mark.parametrize("start", [b"CONNECT x:443 HTTP/1.1", b"CONNECT / HTTP/1.1", b"PRI * HTTP/2.0"])
def test_what_would_leave_http_is_refused(running: ServiceProcess, start: bytes) -> None:
    """CONNECT and HTTP/2's preface get 400 and a close: what follows them is not HTTP/1.1."""
    with Raw(running.url) as raw:
        assert raw.send(start + b"\r\nHost: x\r\n\r\nSM\r\n\r\n").answer().status == 400
        assert raw.is_closed()


def test_http_2_by_prior_knowledge_is_told_what_is_spoken(running: ServiceProcess) -> None:
    """The connection's preface gets an answer that names HTTP/1.1, and a close."""
    with Raw(running.url) as raw:
        answer = raw.send(b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n" + b"\0\0\0\4\0\0\0\0\0").answer()
        assert (answer.status, answer.closes) == (400, True)
        assert "HTTP/1.1" in answer.json["detail"]
        assert "HTTP/2" in answer.json["detail"]
        assert raw.is_closed()
