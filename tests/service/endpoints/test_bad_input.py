"""Every invalid request gets a precise, typed error, and none repeats what was sent."""

from collections.abc import AsyncIterator
from typing import Any

import httpx
import orjson
import pytest

from tests.support.bad_requests import ENDPOINTS, JSON, marked_requests
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize(
    "body",
    [
        b"",
        b" ",
        b"not json",
        b'{"text": "a"',
        b'{"text": "a",}',
        b"{'text': 'a'}",
        b'{"text": "\xff\xfe"}',
        b'{"text": "\xed\xa0\x80"}',
        b'{"text": "\\ud800"}',
        b'{"text": "a\\udc00b"}',
        b'{"text": NaN}',
        b'{"text": "a", "x": Infinity}',
        b'{"text": "tab\there"}',
        b"[" * 10_000 + b"]" * 10_000,
        b'{"a":' * 10_000 + b"1" + b"}" * 10_000,
        '{"text": "a"}'.encode("utf-16"),
    ],
    ids=lambda body: repr(body[:16]),
)
async def test_what_is_not_json_is_malformed(client: httpx.AsyncClient, path: str, body: bytes) -> None:
    """A body that RFC 8259 does not allow is a 400, never a 422 or a 500."""
    answer = await client.post(path, content=body, headers=JSON)
    assert answer.status_code == 400
    assert answer.json()["code"] == "malformed_json"


@pytest.mark.parametrize("path", ENDPOINTS)
@pytest.mark.parametrize("declared", [None, "text/plain", "application/x-www-form-urlencoded", "application/jsonl"])
async def test_another_media_type_is_unsupported(client: httpx.AsyncClient, path: str, declared: str | None) -> None:
    """Other media types, or none at all, are refused: a browser's form must not reach the service."""
    headers = {"Content-Type": declared} if declared else {}
    answer = await client.post(path, content=b'{"text": "a"}', headers=headers)
    assert answer.status_code == 415
    assert answer.json()["code"] == "unsupported_media_type"


@pytest.mark.parametrize("declared", ["application/json; charset=utf-8", "Application/JSON", "application/json;"])
async def test_json_may_be_declared_with_parameters(client: httpx.AsyncClient, declared: str) -> None:
    """Media types compare without case, and JSON is UTF-8 whatever a parameter says."""
    answer = await client.post("/v1/entities", content=b'{"text": "a"}', headers={"Content-Type": declared})
    assert answer.status_code == 200


@pytest.mark.parametrize(
    ("path", "body", "pointer", "code"),
    [
        ("/v1/entities", {}, "/text", "missing"),
        ("/v1/entities", [], "", "wrong_type"),
        ("/v1/entities", "text", "", "wrong_type"),
        ("/v1/entities", None, "", "wrong_type"),
        ("/v1/entities", {"text": ""}, "/text", "text_empty"),
        ("/v1/entities", {"text": "x" * 100_001}, "/text", "text_too_long"),
        ("/v1/entities", {"text": "🎉" * 100_001}, "/text", "text_too_long"),
        ("/v1/entities", {"text": 1}, "/text", "wrong_type"),
        ("/v1/entities", {"text": ["a"]}, "/text", "wrong_type"),
        ("/v1/entities", {"text": None}, "/text", "wrong_type"),
        ("/v1/entities", {"text": None, "language": None}, "/text", "wrong_type"),
        ("/v1/entities", {"text": "a", "labels": [None]}, "/labels/0", "wrong_type"),
        ("/v1/entities", {"text": "a", "txet": None}, "/txet", "unknown_field"),
        ("/v1/entities", {"text": "a", "labels": []}, "/labels", "too_short"),
        ("/v1/entities", {"text": "a", "labels": "PERSON"}, "/labels", "wrong_type"),
        ("/v1/entities", {"text": "a", "labels": [1]}, "/labels/0", "wrong_type"),
        ("/v1/entities", {"text": "a", "labels": ["PERSON", "WIZARD"]}, "/labels/1", "unknown_label"),
        ("/v1/entities", {"text": "a", "language": "tlh"}, "/language", "unsupported_language"),
        ("/v1/entities", {"text": "a", "offset_encoding": "utf32"}, "/offset_encoding", "invalid_value"),
        ("/v1/entities", {"text": "a", "txet": "b"}, "/txet", "unknown_field"),
        ("/v1/entities", {"text": "a", "features": ["entities"]}, "/features", "unknown_field"),
        ("/v1/entities", {"text": "a", "some/field~x": 1}, "", "unknown_field"),
        ("/v1/entities", {"text": "a"} | {f"x{i}": 1 for i in range(1000)}, "", "unknown_field"),
        ("/v1/sentiment", {"text": "a", "labels": ["PERSON"]}, "/labels", "unknown_field"),
        ("/v1/sentiment", {"text": "a", "language": "fr"}, "", "unsupported_feature"),
        ("/v1/analyze", {"text": "a", "features": []}, "/features", "too_short"),
        ("/v1/analyze", {"text": "a", "features": ["poetry"]}, "/features/0", "unsupported_feature"),
        (
            "/v1/analyze",
            {"text": "a", "features": ["entity_sentiment"], "language": "fr"},
            "/features",
            "unsupported_feature",
        ),
        ("/v1/analyze", {"text": "a", "features": ["sentiment"], "language": "fr"}, "/features", "unsupported_feature"),
        ("/v1/batch", {}, "/documents", "missing"),
        ("/v1/batch", {"documents": []}, "/documents", "documents_empty"),
        ("/v1/batch", {"documents": {}}, "/documents", "wrong_type"),
        ("/v1/batch", {"documents": None}, "/documents", "wrong_type"),
        ("/v1/batch", {"documents": [{"text": "a"}] * 129}, "/documents", "too_many_documents"),
        ("/v1/batch", {"documents": [{"text": "x" * 100_000}] * 11}, "/documents", "too_many_characters"),
        ("/v1/batch", {"documents": [{"text": "a"}], "labels": ["WIZARD"]}, "/labels/0", "unknown_label"),
        ("/v1/batch", {"documents": [{"text": "a"}], "text": "a"}, "/text", "unknown_field"),
    ],
    ids=lambda value: repr(value)[:40],
)
async def test_what_is_wrong_is_named_and_pointed_at(
    client: httpx.AsyncClient, path: str, body: Any, pointer: str, code: str
) -> None:
    """An error has a JSON Pointer and a code for programs, and a detail for people."""
    answer = await client.post(path, content=orjson.dumps(body), headers=JSON)
    assert answer.status_code == 422
    problem = answer.json()
    assert problem["code"] == "validation_failed"
    assert [(error["pointer"], error["code"]) for error in problem["errors"]] == [(pointer, code)]
    assert problem["errors"][0]["detail"].endswith(".")


async def test_everything_that_is_wrong_is_reported_at_once(client: httpx.AsyncClient) -> None:
    """One answer lists every violation, so that a caller need not find them one by one."""
    answer = await client.post("/v1/analyze", json={"features": [], "offset_encoding": 5, "nope": 1})
    found = {(error["pointer"], error["code"]) for error in answer.json()["errors"]}
    assert found == {
        ("/text", "missing"),
        ("/features", "too_short"),
        ("/offset_encoding", "invalid_value"),
        ("/nope", "unknown_field"),
    }


@pytest.mark.smoke
@pytest.mark.parametrize("path", ENDPOINTS)
async def test_a_body_over_the_limit_is_refused_while_it_arrives(client: httpx.AsyncClient, path: str) -> None:
    """The limit counts chunks as they arrive; bytes beyond it are not kept."""
    sent = 0

    async def chunks() -> AsyncIterator[bytes]:
        nonlocal sent
        for _ in range(5 * 64):
            sent += 16_384
            yield b"x" * 16_384

    answer = await client.post(path, content=chunks(), headers=JSON)
    assert answer.status_code == 413
    assert answer.json()["code"] == "body_too_large"


async def test_a_declared_length_over_the_limit_is_refused_unread(serving: Serving) -> None:
    """A Content-Length over the limit is refused; a body of exactly the limit is served."""
    async with serving(max_body_bytes=1024) as client:
        largest = orjson.dumps({"text": "x" * (1024 - len(b'{"text":""}'))})
        assert (await client.post("/v1/entities", content=largest, headers=JSON)).status_code == 200
        answer = await client.post("/v1/entities", content=largest + b" ", headers=JSON)
        assert answer.status_code == 413


async def test_configured_limits_are_the_ones_in_force(serving: Serving) -> None:
    """Configured limits hold in the checks, in `/v1/pipelines`, and in the OpenAPI document."""
    async with serving(max_text_characters=10, max_batch_documents=2, max_batch_characters=15) as client:
        assert (await client.post("/v1/entities", json={"text": "x" * 11})).status_code == 422
        assert (await client.post("/v1/entities", json={"text": "🎉" * 10})).status_code == 200
        assert (await client.post("/v1/batch", json={"documents": [{"text": "a"}] * 3})).status_code == 422
        assert (await client.post("/v1/batch", json={"documents": [{"text": "x" * 8}] * 2})).status_code == 422
        limits = (await client.get("/v1/pipelines")).json()["limits"]
        assert limits["max_text_characters"] == 10
        schemas = (await client.get("/openapi.json")).json()["components"]["schemas"]
        assert schemas["EntitiesRequest"]["properties"]["text"]["maxLength"] == 10
        assert schemas["BatchRequest"]["properties"]["documents"]["maxItems"] == 2


async def test_no_error_repeats_any_of_the_text(client: httpx.AsyncClient) -> None:
    """No answer holds the mark of a refused request, neither in its body nor in a header."""
    for path, body in marked_requests():
        answer = await client.post(path, content=body, headers=JSON)
        whole = answer.text + str(answer.headers)
        assert "Xyzzy7" not in whole, f"{path} {body[:80]!r} answered {whole}"
        assert answer.status_code in (200, 400, 404, 413, 422)
