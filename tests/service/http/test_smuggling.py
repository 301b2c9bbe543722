"""Requests that two servers could read in two ways get 400 and a close (RFC 9112, 11.2)."""

import pytest

from tests.support.process import ServiceProcess
from tests.support.raw_http import TEXT, Raw, chunked, request, sized

pytestmark = pytest.mark.process

HIDDEN = b"GET /hidden HTTP/1.1\r\nHost: x\r\n\r\n"
"""What an attacker would smuggle: it must never be answered."""
CHUNKED = b"Transfer-Encoding: chunked"
LENGTH = b"Content-Length: 40"

AMBIGUOUS = {
    "both lengths": request(LENGTH, CHUNKED, body=b"0\r\n\r\n"),
    "both lengths, the other way round": request(CHUNKED, LENGTH, body=b"0\r\n\r\n"),
    "two different lengths": request(LENGTH, b"Content-Length: 5"),
    "two equal lengths": request(LENGTH, LENGTH),
    "a list of lengths": request(b"Content-Length: 40, 40"),
    "a length with a plus": request(b"Content-Length: +40"),
    "a length with a minus": request(b"Content-Length: -40"),
    "a length with a space": request(b"Content-Length: 4 0"),
    "a length in hexadecimal": request(b"Content-Length: 0x28"),
    "a length with an underscore": request(b"Content-Length: 4_0"),
    "an empty length": request(b"Content-Length:"),
    "a length beyond 64 bits": request(b"Content-Length: 18446744073709551656"),
    "a second coding": request(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n"),
    "chunked, but not last": request(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n"),
    "chunked twice": request(CHUNKED, CHUNKED, body=b"0\r\n\r\n"),
    "an unknown coding": request(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n"),
    "a quoted coding": request(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n"),
    "identity": request(b"Transfer-Encoding: identity", LENGTH),
    "an empty coding": request(b"Transfer-Encoding:", LENGTH),
    "chunks in HTTP/1.0": b"POST /v1/entities HTTP/1.0\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "a folded line": request(b"X-A: a\r\n b", LENGTH),
    "a folded coding": request(b"Transfer-Encoding:\r\n chunked", body=b"0\r\n\r\n"),
    "a tab at the beginning of a line": request(b"X-A: a\r\n\tb", LENGTH),
    "a space before the colon": request(b"Content-Length : 40"),
    "a tab before the colon": request(b"Transfer-Encoding\t: chunked", body=b"0\r\n\r\n"),
    "a space before the first header": b"GET /livez HTTP/1.1\r\n Host: x\r\n\r\n",
    "a line without a colon": request(b"Content-Length 40"),
    "an empty name": request(b": a", LENGTH),
    "a line feed alone": sized(b"X-A: a\nX-B: b"),
    "only line feeds": b"GET /livez HTTP/1.1\nHost: x\n\n",
    "a line feed alone at the end": b"GET /livez HTTP/1.1\r\nHost: x\r\n\n",
    "a carriage return alone": sized(b"X-A: a\rX-B: b"),
    "a carriage return before the line's end": sized(b"X-A: a\r"),
    "NUL in a value": sized(b"X-A: a\x00b"),
    "NUL in a name": sized(b"X\x00A: a"),
    "NUL in a length": request(b"Content-Length: 40\x00"),
    "a vertical tab before a coding": request(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n"),
    "DEL in a value": sized(b"X-A: a\x7fb"),
    "a name beyond ASCII": sized(b"X-\xc3\xa4: a"),
    "two spaces in the request line": b"GET  /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "a tab in the request line": b"GET\t/livez\tHTTP/1.1\r\nHost: x\r\n\r\n",
    "a space behind the version": b"GET /livez HTTP/1.1 \r\nHost: x\r\n\r\n",
    "a space in the target": b"GET /live z HTTP/1.1\r\nHost: x\r\n\r\n",
    "a target beyond ASCII": b"GET /liv\xc3\xa9z HTTP/1.1\r\nHost: x\r\n\r\n",
    "no version": b"GET /livez\r\nHost: x\r\n\r\n",
    "another version": b"GET /livez HTTP/1.2\r\nHost: x\r\n\r\n",
    "a version of two digits": b"GET /livez HTTP/1.10\r\nHost: x\r\n\r\n",
    "a protocol in small letters": b"GET /livez http/1.1\r\nHost: x\r\n\r\n",
    "an unknown method": b"NONSENSE /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "a method in small letters": b"get /livez HTTP/1.1\r\nHost: x\r\n\r\n",
    "no host": b"GET /livez HTTP/1.1\r\n\r\n",
    "two hosts": b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: y\r\n\r\n",
    "two equal hosts": b"GET /livez HTTP/1.1\r\nHost: x\r\nHost: x\r\n\r\n",
    "a host with a path": b"GET /livez HTTP/1.1\r\nHost: x/y\r\n\r\n",
    "a host with a space": b"GET /livez HTTP/1.1\r\nHost: x y\r\n\r\n",
}
BAD_CHUNKS = {
    "no size": b"\r\nab\r\n0\r\n\r\n",
    "no number": b"zz\r\nab\r\n0\r\n\r\n",
    "a size with 0x": b"0x2\r\nab\r\n0\r\n\r\n",
    "a negative size": b"-2\r\nab\r\n0\r\n\r\n",
    "a size with a plus": b"+2\r\nab\r\n0\r\n\r\n",
    "a size with a space behind": b"2 \r\nab\r\n0\r\n\r\n",
    "a size with a space before": b" 2\r\nab\r\n0\r\n\r\n",
    "a size beyond 64 bits": b"10000000000000002\r\nab\r\n0\r\n\r\n",
    "a line feed alone behind the size": b"2\nab\r\n0\r\n\r\n",
    "a line feed alone behind the data": b"2\r\nab\n0\r\n\r\n",
    "a carriage return alone behind the size": b"2\rab\r\n0\r\n\r\n",
    "data longer than its size": b"2\r\nabc\r\n0\r\n\r\n",
    "no end of line behind the data": b"2\r\nab0\r\n\r\n",
    "a line feed in an extension": b"2;a=b\nc\r\nab\r\n0\r\n\r\n",
    "a line feed alone behind the last chunk": b"2\r\nab\r\n0\n\r\n",
    "a line feed alone at the end": b"2\r\nab\r\n0\r\n\n",
    "a trailer with a space before its colon": b"2\r\nab\r\n0\r\nX : a\r\n\r\n",
    "a folded trailer": b"2\r\nab\r\n0\r\nX: a\r\n b\r\n\r\n",
    "a line feed alone behind a trailer": b"2\r\nab\r\n0\r\nX: a\n\r\n",
}


@pytest.mark.parametrize("sent", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
def test_an_ambiguous_head_is_refused(running: ServiceProcess, sent: bytes) -> None:
    """The answer is one 400 with problem details, what follows is not answered, and the connection closes."""
    with Raw(running.url, seconds=10) as raw:
        answer = raw.send(sent + HIDDEN).answer()
        assert (answer.status, answer.json["code"], answer.closes) == (400, "malformed_request", True)
        assert answer.headers["x-request-id"] == answer.json["request_id"]
        assert raw.is_closed()


@pytest.mark.parametrize("chunks", BAD_CHUNKS.values(), ids=BAD_CHUNKS.keys())
def test_malformed_chunks_are_refused(running: ServiceProcess, chunks: bytes) -> None:
    """A body whose chunks are malformed gets 400 and a close, whatever the application would have answered."""
    with Raw(running.url, seconds=10) as raw:
        answer = raw.send(request(CHUNKED, body=chunks + HIDDEN)).answer()
        assert (answer.status, answer.json["code"], answer.closes) == (400, "malformed_request", True)
        assert raw.is_closed()


def test_no_ambiguous_request_was_ever_served(running: ServiceProcess) -> None:
    """The hidden requests of the tests above have left no line in the log."""
    with Raw(running.url) as raw:
        assert raw.send(sized(b"X-Request-ID: last")).answer().status == 200
    running.lines(lambda line: line.get("request_id") == "last")
    assert not [line for line in running.log if line.get("status") == 404]


@pytest.mark.parametrize(
    "sent",
    [
        sized(b"X-A:\t a \t"),
        sized(b"X-A: \xc3\xa4"),
        sized(b"X-Empty:"),
        chunked(b"Trailer: X", size=40)[:-2] + b"X: a\r\n\r\n",
        chunked(size=40).replace(b"28\r\n", b'28;name=value;other="quoted"\r\n'),
        chunked(size=40).replace(b"28\r\n", b"00028\r\n"),
        request(b"TRANSFER-ENCODING: Chunked", body=b"28\r\n" + TEXT + b"\r\n0\r\n\r\n"),
        request(b"content-length:040"),
        b"\r\n" + sized(),
        sized().replace(b"/v1", b"http://x/v1"),
        sized().replace(b"Host: x", b"Host: [::1]:8000"),
        sized().replace(b"Host: x", b"Host:"),
        b"POST /v1/entities HTTP/1.0\r\nContent-Type: application/json\r\nContent-Length: 40\r\n\r\n" + TEXT,
    ],
)
def test_what_is_legal_is_served(running: ServiceProcess, sent: bytes) -> None:
    """The rarer forms that the RFC allows are read as it says."""
    with Raw(running.url) as raw:
        answer = raw.send(sent).answer()
        assert answer.status == 200, answer
        assert [entity["text"] for entity in answer.json["entities"]] == ["Ada Lovelace", "London"]
