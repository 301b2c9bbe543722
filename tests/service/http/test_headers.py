"""Request ids, timings, deadlines, and the framework's own errors."""

import re

import httpx
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("sent", ["a", "A-Z_a.z-0", "x" * 128])
async def test_the_callers_request_id_is_echoed(client: httpx.AsyncClient, sent: str) -> None:
    """A valid id comes back on every answer, good or bad."""
    for response in (
        await client.get("/livez", headers={"X-Request-ID": sent}),
        await client.post("/v1/entities", json={"text": "a"}, headers={"X-Request-ID": sent}),
        await client.post("/v1/entities", json={}, headers={"X-Request-ID": sent}),
        await client.get("/nowhere", headers={"X-Request-ID": sent}),
    ):
        assert response.headers["X-Request-ID"] == sent


@pytest.mark.parametrize("sent", ["", "x" * 129, "with space", "semi;colon", "ümlaut", "a\tb"])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, sent: str) -> None:
    """An invalid id is replaced by a fresh one, so that nobody can write into our logs."""
    answer = await client.get("/livez", headers=[(b"X-Request-ID", sent.encode())])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


async def test_server_timing_tells_where_the_time_went(client: httpx.AsyncClient) -> None:
    """The header has the milliseconds of queue, analysis and encoding; the analysis is never free."""
    answer = await client.post("/v1/analyze", json={"text": "Tim Cook visited Paris. " * 20})
    match = re.fullmatch(
        r"queue;dur=([0-9.]+), nlp;dur=([0-9.]+), encode;dur=([0-9.]+)", answer.headers["Server-Timing"]
    )
    assert match
    queue, nlp, encode = map(float, match.groups())
    assert queue >= 0
    assert nlp > encode > 0


@pytest.mark.parametrize("sent", ["0", "-1", "1.5", "300001", "soon", "", "9" * 5000, "１００"])
async def test_a_timeout_out_of_bounds_is_refused(client: httpx.AsyncClient, sent: str) -> None:
    """The header must be a whole number of milliseconds from 1 to the configured maximum."""
    headers = [(b"X-Request-Timeout-Ms", sent.encode())]
    answer = await client.post("/v1/entities", json={"text": "a"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "invalid_header"


@pytest.mark.parametrize("sent", ["300000", "60000"])
async def test_a_timeout_within_bounds_is_accepted(client: httpx.AsyncClient, sent: str) -> None:
    """The maximum itself is accepted."""
    answer = await client.post("/v1/entities", json={"text": "a"}, headers={"X-Request-Timeout-Ms": sent})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v1/pipelines"])
async def test_what_answers_get_answers_head(client: httpx.AsyncClient, path: str) -> None:
    """HEAD gets the status and headers of GET (RFC 9110); the server leaves the body out."""
    head, get = await client.head(path), await client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


async def test_errors_have_server_timing_too(client: httpx.AsyncClient) -> None:
    """A request that was refused before its analysis has a `Server-Timing` of zeros."""
    answer = await client.post("/v1/entities", json={})
    assert answer.status_code == 422
    assert answer.headers["Server-Timing"] == "queue;dur=0.000, nlp;dur=0.000, encode;dur=0.000"


async def test_a_timeout_is_checked_whatever_becomes_of_the_body(client: httpx.AsyncClient) -> None:
    """A wrong timeout is refused even if every document of the batch is bad."""
    body = {"documents": [{"text": ""}]}
    answer = await client.post("/v1/batch", json=body, headers={"X-Request-Timeout-Ms": "zzz"})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/entities/", "/V1/entities", "//v1/entities"])
async def test_another_path_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    """An unknown path is answered with problem details."""
    answer = await client.post(path, json={"text": "a"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/v1/entities", "POST"), ("DELETE", "/v1/batch", "POST"), ("POST", "/livez", "GET")],
)
async def test_another_method_is_not_allowed(client: httpx.AsyncClient, method: str, path: str, allow: str) -> None:
    """A wrong method is answered with `Allow`."""
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert answer.headers["Allow"] == allow
