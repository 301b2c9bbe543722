"""Compressed answers: only for callers who ask, and only where it is worth it."""

import gzip
import http.client
import socket
from collections.abc import Callable
from typing import Any

import orjson
import pytest
from backports import zstd

from spanwise.service.http.compressed_answers import accepted_coding
from tests.support.bad_requests import JSON
from tests.support.process import ServiceProcess
from tests.support.serving import Serving

UNPACK: dict[str, Callable[[bytes], bytes]] = {"gzip": gzip.decompress, "zstd": zstd.decompress}
SHORT = {"text": "Ada Lovelace lived in London."}
LONG = {"text": "Ada Lovelace lived in London. " * 50}
LARGE = {"text": "Ada Lovelace lived in London. " * 3_000, "features": ["tokens"]}


def exchange(url: str, method: str, path: str, accept: str, body: Any = None) -> tuple[dict[str, str], bytes]:
    """Send a request and return the headers and the bytes of its answer as they are."""
    connection = http.client.HTTPConnection(url.removeprefix("http://"), timeout=60)
    headers = JSON | ({"Accept-Encoding": accept} if accept else {})
    connection.putrequest(method, path, skip_accept_encoding=True)
    content = orjson.dumps(body) if body else b""
    for name, value in {**headers, "Content-Length": str(len(content))}.items():
        connection.putheader(name, value)
    connection.endheaders(content)
    answer = connection.getresponse()
    assert answer.status == 200
    found = answer.read()
    connection.close()
    return {name.lower(): value for name, value in answer.getheaders()}, found


@pytest.mark.parametrize(
    ("accept", "coding"),
    [
        ("gzip", "gzip"),
        ("GZip", "gzip"),
        ("x-gzip", "gzip"),
        ("zstd", "zstd"),
        ("gzip, deflate, br, zstd", "zstd"),
        ("gzip, deflate", "gzip"),
        ("gzip;q=1.0, zstd;q=0.5", "gzip"),
        ("gzip; q=0.5 , zstd ; q=0.7", "zstd"),
        ("zstd;q=0, gzip;q=0.1", "gzip"),
        ("*", "gzip"),
        ("*;q=0, zstd", "zstd"),
        ("gzip;q=0", None),
        ("*;q=0", None),
        ("gzip;q=high", None),
        ("identity", None),
        ("identity, gzip;q=0.5", None),
        ("identity;q=0.5, gzip;q=0.5", "gzip"),
        ("identity;q=0, gzip;q=0.1", "gzip"),
        ("identity;q=1, *;q=0.1", None),
        ("gzip;q=nan", None),
        ("gzip;q=2", None),
        ("br, deflate", None),
        ("", None),
        (",;=,", None),
    ],
)
def test_the_caller_s_wish_is_read_as_the_rfc_says(accept: str, coding: str | None) -> None:
    """RFC 9110, 12.5.3: weights, zero, the asterisk, any case and white space."""
    assert accepted_coding([(b"host", b"x"), (b"accept-encoding", accept.encode())]) == coding
    assert accepted_coding([(b"accept-encoding", part.encode()) for part in accept.split(",")]) == coding


def test_who_says_nothing_gets_plain_answers() -> None:
    """Without the header nothing is compressed."""
    assert accepted_coding([(b"host", b"x")]) is None


@pytest.mark.process
@pytest.mark.parametrize("coding", UNPACK)
@pytest.mark.parametrize(
    ("path", "body"), [("/v1/analyze", LONG), ("/v1/analyze", LARGE), ("/v1/batch", {"documents": [LONG] * 40})]
)
def test_an_answer_is_compressed_for_those_who_ask(running: ServiceProcess, path: str, body: Any, coding: str) -> None:
    """The answer says so, varies by the header, and unpacks to the plain one: middle-sized ones and those in pieces."""
    plain, expected = exchange(running.url, "POST", path, "", body)
    assert "content-encoding" not in plain
    assert int(plain["content-length"]) == len(expected)
    headers, packed = exchange(running.url, "POST", path, coding, body)
    assert (headers["content-encoding"], headers["vary"]) == (coding, "Accept-Encoding")
    assert headers["content-type"] == "application/json"
    assert "server-timing" in headers
    assert "x-request-id" in headers
    assert UNPACK[coding](packed) == expected
    assert len(packed) < len(expected) / 3


@pytest.mark.process
@pytest.mark.parametrize("path", ["/openapi.json", "/docs/swagger-ui-bundle.js", "/v1/pipelines", "/metrics"])
def test_documents_and_pages_are_compressed_too(running: ServiceProcess, path: str) -> None:
    """What FastAPI's stack answers: the document, the pages with their files, lists, metrics."""
    headers, expected = exchange(running.url, "GET", path, "identity")
    assert "content-encoding" not in headers
    headers, packed = exchange(running.url, "GET", path, "gzip, deflate, br")
    assert headers["content-encoding"] == "gzip"
    assert len(packed) < len(expected) / 2
    if path != "/metrics":
        assert gzip.decompress(packed) == expected


@pytest.mark.process
@pytest.mark.parametrize(
    ("method", "path", "body"),
    [("POST", "/v1/entities", SHORT), ("GET", "/docs/favicon.png", None), ("GET", "/livez", None)],
)
def test_what_is_short_or_no_text_is_sent_as_it_is(running: ServiceProcess, method: str, path: str, body: Any) -> None:
    """Compressing these would cost time and save nothing."""
    headers, _ = exchange(running.url, method, path, "gzip, zstd", body)
    assert "content-encoding" not in headers
    assert "vary" not in headers
    assert "content-length" in headers


@pytest.mark.process
def test_an_old_client_reads_a_compressed_answer_to_its_end(running: ServiceProcess) -> None:
    """HTTP/1.0 knows no chunks: the connection's end is the answer's."""
    content = orjson.dumps(LARGE)
    head = b"POST /v1/analyze HTTP/1.0\r\nContent-Type: application/json\r\nAccept-Encoding: gzip\r\n"
    head += b"Content-Length: %d\r\n\r\n" % len(content)
    host, port = running.url.removeprefix("http://").split(":")
    with socket.create_connection((host, int(port)), timeout=60) as raw:
        raw.sendall(head + content)
        with raw.makefile("rb") as file:
            found, _, packed = file.read().partition(b"\r\n\r\n")
    assert b"chunked" not in found.lower()
    assert len(orjson.loads(gzip.decompress(packed))["tokens"]) == 18_000


@pytest.mark.anyio
@pytest.mark.parametrize(("least", "compressed"), [(0, False), (1, True), (1_000_000, False)])
async def test_the_size_is_a_setting(serving: Serving, least: int, compressed: bool) -> None:
    """From that size on, and never with 0."""
    async with serving(compress_from_bytes=least) as client:
        answer = await client.post("/v1/analyze", json=LONG, headers={"Accept-Encoding": "gzip"})
        assert ("content-encoding" in answer.headers) is compressed
        assert answer.json()["language"] == "en"
        document = await client.get("/openapi.json", headers={"Accept-Encoding": "gzip"})
        assert ("content-encoding" in document.headers) is compressed


@pytest.mark.anyio
async def test_an_answer_to_another_origin_varies_by_both(serving: Serving) -> None:
    """CORS adds its own header, and the compressed answer can be read by the page."""
    async with serving(cors_origins="https://a.example") as client:
        headers = {"Accept-Encoding": "gzip", "Origin": "https://a.example"}
        answer = await client.post("/v1/analyze", json=LONG, headers=headers)
        varies = {part.strip() for value in answer.headers.get_list("vary") for part in value.split(",")}
        assert varies == {"Accept-Encoding", "Origin"}
        assert answer.json()["language"] == "en"
