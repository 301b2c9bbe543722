"""Requests are the same however their bytes are cut, and no bytes at all make the reader fail in another way."""

from itertools import pairwise

from hypothesis import example, given
from hypothesis import strategies as st

from spanwise.service.errors import HeadersTooLarge, MalformedRequest
from spanwise.service.http.request_reader import RequestReader
from tests.support.raw_http import LIVENESS, chunked, request, sized

Read = list[tuple[bytes, bytes, bytes]]
"""Of each request its method, its target and its body."""


class Receiver:
    """Collects what is read."""

    def __init__(self) -> None:
        self.read: Read = []
        self.reader = RequestReader(self)
        self._body = b""

    def request_begins(self) -> None:
        """Begin a body."""
        self._body = b""

    def body_arrives(self, body: bytes) -> None:
        """Add to the body."""
        assert body
        self._body += body

    def request_ends(self) -> None:
        """Keep the request."""
        self.read.append((self.reader.method, self.reader.target, self._body))


def read(data: bytes, cuts: list[int]) -> tuple[Read, bool]:
    """Read data in segments. Return the requests, and whether the rest was refused."""
    receiver = Receiver()
    places = sorted({0, len(data), *(cut % (len(data) + 1) for cut in cuts)})
    try:
        for start, end in pairwise(places):
            rest = data[start:end]
            while rest:
                rest = receiver.reader.take(rest)
    except (MalformedRequest, HeadersTooLarge):
        return receiver.read, True
    return receiver.read, False


MARKS = b'{"a": "\r\n\r\n0\r\n\r\nGET / HTTP/1.1\r\n\r\n"}'
PIECES = [
    LIVENESS,
    sized(),
    chunked(size=3),
    chunked(body=MARKS, size=9),
    chunked(body=MARKS * 2000, size=20_000),
    sized(body=MARKS),
    sized(b"Connection: upgrade", b"Upgrade: h2c"),
    request(b"Transfer-Encoding: chunked", body=b"2;x=y\r\nab\r\n0\r\nX: a\r\nY: b\r\n\r\n"),
    b"\r\n",
    b"GARBAGE\r\n\r\n",
    b"   ",
    request(b"Content-Length: 1", b"Transfer-Encoding: chunked", body=b""),
]
BODIES = [
    (b"GET", b"/livez", b""),
    *((b"POST", b"/v1/entities", body) for body in (sized()[-40:], sized()[-40:], MARKS, MARKS * 2000, MARKS)),
    (b"POST", b"/v1/entities", sized()[-40:]),
    (b"POST", b"/v1/entities", b"ab"),
]


@given(st.lists(st.sampled_from(range(9)), max_size=5), st.lists(st.integers(0, 1 << 20), max_size=12))
def test_requests_do_not_depend_on_segments(chosen: list[int], cuts: list[int]) -> None:
    """Valid requests behind each other are read exactly, wherever the segments end."""
    expected = [BODIES[number] for number in chosen if number < 8]
    assert read(b"".join(PIECES[number] for number in chosen), cuts) == (expected, False)


@given(st.sampled_from(range(9, 12)), st.lists(st.integers(0, 1 << 20), max_size=12))
def test_what_is_refused_does_not_depend_on_segments(bad: int, cuts: list[int]) -> None:
    """Requests before something malformed are read, and it is refused, wherever the segments end."""
    data = PIECES[3] + PIECES[bad] + b"\r\n\r\n"
    assert read(data, cuts) == ([BODIES[3]], True)


@given(st.lists(st.one_of(st.binary(max_size=20), st.sampled_from(PIECES[:4] + PIECES[5:])), max_size=5), st.data())
@example([b"GET / HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n", b"0\r\nx:"], None)
def test_any_bytes_are_read_or_refused(parts: list[bytes], data: st.DataObject | None) -> None:
    """No bytes raise anything but a refusal, and one segment or single bytes make no difference."""
    sent = b"".join(parts)
    assert read(sent, []) == read(sent, list(range(len(sent))))
