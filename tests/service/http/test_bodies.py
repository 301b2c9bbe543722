"""Bodies as real clients send them: byte order marks, other encodings, unknown codings, explicit nulls."""

import gzip
from typing import Any

import httpx
import orjson
import pytest

from tests.support.bad_requests import ENDPOINTS, JSON
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

MARK = b"\xef\xbb\xbf"
JSON_LINES = {"Content-Type": "application/jsonl"}


async def stream(client: httpx.AsyncClient, body: bytes) -> list[Any]:
    """Send a stream and return its results."""
    answer = await client.post("/v1/stream", content=body, headers=JSON_LINES)
    assert answer.status_code == 200
    return [orjson.loads(line) for line in answer.content.splitlines()]


@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_byte_order_mark_before_a_body_is_skipped(client: httpx.AsyncClient, path: str) -> None:
    """A body as an editor on Windows saves it gets the answer of the same body without the mark."""
    text = {"text": "Ada Lovelace lived in London."}
    body = orjson.dumps({"documents": [text]} if path == "/v1/batch" else text)
    with_mark = await client.post(path, content=MARK + body, headers=JSON)
    assert with_mark.status_code == 200
    assert with_mark.json() == (await client.post(path, content=body, headers=JSON)).json()


async def test_a_byte_order_mark_in_a_text_is_kept(client: httpx.AsyncClient) -> None:
    """Only a mark before the body is skipped: one within a text counts in every offset."""
    body = orjson.dumps({"text": "\ufeffHello. Tim Cook visited Angela Merkel."})
    (first, *_) = (await client.post("/v1/entities", content=MARK + body, headers=JSON)).json()["entities"]
    assert (first["text"], first["start"]) == ("Tim Cook", 8)


async def test_a_mark_alone_is_an_empty_body(client: httpx.AsyncClient) -> None:
    """A file that holds nothing but the mark is empty."""
    answer = await client.post("/v1/entities", content=MARK, headers=JSON)
    assert answer.json()["detail"] == "The body is not JSON: it is empty."


async def test_a_byte_order_mark_before_a_stream_is_skipped(client: httpx.AsyncClient) -> None:
    """The first line of a stream may have the mark, a blank one too; a later line may not."""
    results = await stream(client, MARK + b'{"text": "Ada"}\n{"text": "Bob"}\n' + MARK + b'{"text": "Eve"}\n')
    assert [(one["index"], one["status"]) for one in results] == [(0, "ok"), (1, "ok"), (2, "error")]
    assert results[2]["error"]["detail"] == "The line is not JSON at character 0."
    assert [one["index"] for one in await stream(client, MARK + b'\n{"text": "Bob"}\n')] == [1]


@pytest.mark.parametrize(
    ("body", "detail"),
    [
        (b'{"text":"caf\xe9"}', "is not UTF-8 at byte 12."),
        ('{"text":"ééé'.encode() + b'\xff"}', "is not UTF-8 at byte 15."),
        (b'{"text": \xff no JSON}', "is not UTF-8 at byte 9."),
        (b'{"text":"\xed\xa0\x80"}', "is not UTF-8 at byte 9."),
        (b"\xff", "is not UTF-8 at byte 0."),
        ('{"text":"ééé" x}'.encode(), "is not JSON at character 14."),
        (b'{"text": "\\ud800"}', "is not JSON at character 10."),
        (b'{\x00"text": "a"}', "is not JSON at character 1."),
        *(
            ('{"text": "Ada"}'.encode(encoding), f"is {encoding[:6].upper()}, not UTF-8.")
            for encoding in ("utf-16", "utf-16-le", "utf-16-be", "utf-32", "utf-32-le", "utf-32-be")
        ),
    ],
    ids=lambda value: repr(value[-24:]),
)
async def test_an_error_names_the_place(client: httpx.AsyncClient, body: bytes, detail: str) -> None:
    """A UTF-8 error names its byte, a JSON error its character, both from 0; another encoding is named."""
    answer = await client.post("/v1/entities", content=body, headers=JSON)
    assert (answer.status_code, answer.json()["code"]) == (400, "malformed_json")
    assert answer.json()["detail"] == f"The body {detail}"
    if b"\n" not in body:
        (result,) = await stream(client, body)
        assert result["error"] == {"code": "malformed_json", "detail": f"The line {detail}"}


@pytest.mark.parametrize("path", [*ENDPOINTS, "/v1/stream"])
@pytest.mark.parametrize("coding", ["deflate", "br", "identity, gzip", "gzip, zstd", "x"])
async def test_a_coding_that_is_not_read_is_refused_as_such(client: httpx.AsyncClient, path: str, coding: str) -> None:
    """The answer is a 415 that says which codings are read (RFC 9110, 15.5.16), never "not JSON"."""
    headers = {**(JSON_LINES if path == "/v1/stream" else JSON), "Content-Encoding": coding}
    answer = await client.post(path, content=gzip.compress(b'{"text":"Ada"}\n'), headers=headers)
    assert (answer.status_code, answer.json()["code"]) == (415, "unsupported_media_type")
    assert answer.headers["Accept-Encoding"] == "gzip, zstd"
    assert "Content-Encoding" in answer.json()["detail"]


@pytest.mark.parametrize("coding", ["identity", "Identity", ""])
async def test_a_body_that_is_not_compressed_may_say_so(client: httpx.AsyncClient, coding: str) -> None:
    """`identity` and an empty value declare no compression."""
    headers = {**JSON, "Content-Encoding": coding}
    assert (await client.post("/v1/entities", content=b'{"text":"Ada"}', headers=headers)).status_code == 200


async def test_another_media_type_has_no_accept_encoding(client: httpx.AsyncClient) -> None:
    """The header is there only where the coding is what is wrong."""
    answer = await client.post("/v1/entities", content=b"a", headers={"Content-Type": "text/plain"})
    assert answer.status_code == 415
    assert "Accept-Encoding" not in answer.headers


@pytest.mark.parametrize(
    ("path", "sent"),
    [
        ("/v1/entities", {"text": "Tim Cook", "language": None, "offset_encoding": None, "labels": None}),
        ("/v1/sentiment", {"text": "Tim Cook", "language": None, "offset_encoding": None}),
        (
            "/v1/analyze",
            {"text": "Tim Cook", "features": None, "language": None, "offset_encoding": None, "labels": None},
        ),
        (
            "/v1/batch",
            {
                "documents": [{"text": "Tim Cook", "id": None, "language": None}],
                "features": None,
                "offset_encoding": None,
                "labels": None,
            },
        ),
    ],
)
async def test_a_null_is_as_good_as_nothing(client: httpx.AsyncClient, path: str, sent: dict[str, Any]) -> None:
    """What a generated model sends with all of its fields is answered like the same request without the nulls."""
    bare = {"documents": [{"text": "Tim Cook"}]} if path == "/v1/batch" else {"text": "Tim Cook"}
    answer = await client.post(path, json=sent)
    assert answer.status_code == 200
    assert answer.json() == (await client.post(path, json=bare)).json()


async def test_a_line_may_have_nulls(client: httpx.AsyncClient) -> None:
    """Optional fields of a stream's line may be null; a required one may not."""
    good, bad = await stream(client, b'{"text": "Ada", "id": null, "language": null}\n{"text": null, "id": "b"}\n')
    assert (good["status"], "id" in good) == ("ok", False)
    assert (bad["id"], bad["error"]["code"]) == ("b", "wrong_type")


async def test_a_null_document_fails_alone(client: httpx.AsyncClient) -> None:
    """A document that is null, or whose text is, gets an error of its own."""
    documents = [None, {"text": None, "id": None}, {"text": "Ada"}]
    answer = await client.post("/v1/batch", json={"documents": documents})
    assert [one["status"] for one in answer.json()["results"]] == ["error", "error", "ok"]


async def test_the_schema_has_no_nulls(serving: Serving) -> None:
    """Nulls are taken, not published: a generated client has plain optional fields."""
    async with serving() as client:
        assert '"null"' not in (await client.get("/openapi.json")).text
