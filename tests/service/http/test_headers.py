"""Request ids, timings, deadlines, and the errors of the framework."""

import re

import httpx
import pytest

pytestmark = pytest.mark.anyio


@pytest.mark.parametrize("given", ["a", "A-Z_a.z-0", "x" * 128])
async def test_the_callers_request_id_is_echoed(client: httpx.AsyncClient, given: str) -> None:
    """On good answers and on bad ones, where the problem names it too."""
    for response in (
        await client.get("/livez", headers={"X-Request-ID": given}),
        await client.post("/v1/entities", json={"text": "a"}, headers={"X-Request-ID": given}),
        await client.post("/v1/entities", json={}, headers={"X-Request-ID": given}),
        await client.get("/nowhere", headers={"X-Request-ID": given}),
    ):
        assert response.headers["X-Request-ID"] == given


@pytest.mark.parametrize("given", ["", "x" * 129, "with space", "semi;colon", "ümlaut", "a\tb"])
async def test_any_other_request_id_is_replaced(client: httpx.AsyncClient, given: str) -> None:
    """By a fresh one, so that nobody can write into our logs."""
    answer = await client.get("/livez", headers=[(b"X-Request-ID", given.encode())])
    assert re.fullmatch(r"[0-9a-f]{32}", answer.headers["X-Request-ID"])


async def test_server_timing_tells_where_the_time_went(client: httpx.AsyncClient) -> None:
    """Milliseconds of queue, analysis and encoding; the analysis is never free."""
    answer = await client.post("/v1/analyze", json={"text": "Tim Cook visited Paris. " * 20})
    match = re.fullmatch(
        r"queue;dur=([0-9.]+), nlp;dur=([0-9.]+), encode;dur=([0-9.]+)", answer.headers["Server-Timing"]
    )
    assert match
    queue, nlp, encode = map(float, match.groups())
    assert queue >= 0
    assert nlp > encode > 0


@pytest.mark.parametrize("given", ["0", "-1", "1.5", "300001", "soon", "", "9" * 5000, "１００"])
async def test_a_timeout_out_of_bounds_is_refused(client: httpx.AsyncClient, given: str) -> None:
    """1 to the configured maximum, in whole milliseconds."""
    headers = [(b"X-Request-Timeout-Ms", given.encode())]
    answer = await client.post("/v1/entities", json={"text": "a"}, headers=headers)
    assert answer.status_code == 422
    assert answer.json()["errors"][0]["code"] == "invalid_header"


@pytest.mark.parametrize("given", ["300000", "60000"])
async def test_a_timeout_within_bounds_is_accepted(client: httpx.AsyncClient, given: str) -> None:
    """Up to the maximum itself."""
    answer = await client.post("/v1/entities", json={"text": "a"}, headers={"X-Request-Timeout-Ms": given})
    assert answer.status_code == 200


@pytest.mark.parametrize("path", ["/livez", "/readyz", "/v1/pipelines"])
async def test_what_answers_get_answers_head(client: httpx.AsyncClient, path: str) -> None:
    """With the same status and headers (RFC 9110); the server leaves the body out."""
    head, get = await client.head(path), await client.get(path)
    assert head.status_code == get.status_code == 200
    assert head.headers["Content-Length"] == get.headers["Content-Length"]


async def test_errors_tell_their_times_too(client: httpx.AsyncClient) -> None:
    """Also those that never came to analysis."""
    answer = await client.post("/v1/entities", json={})
    assert answer.status_code == 422
    assert answer.headers["Server-Timing"] == "queue;dur=0.000, nlp;dur=0.000, encode;dur=0.000"


async def test_a_timeout_is_checked_whatever_becomes_of_the_body(client: httpx.AsyncClient) -> None:
    """Even when every document of a batch is bad."""
    body = {"documents": [{"text": ""}]}
    answer = await client.post("/v1/batch", json=body, headers={"X-Request-Timeout-Ms": "zzz"})
    assert answer.status_code == 422


@pytest.mark.parametrize("path", ["/nowhere", "/v1", "/v1/entities/", "/V1/entities", "//v1/entities"])
async def test_another_path_is_not_found(client: httpx.AsyncClient, path: str) -> None:
    """As problem details, like every error."""
    answer = await client.post(path, json={"text": "a"})
    assert answer.status_code == 404
    assert answer.json()["code"] == "not_found"


@pytest.mark.parametrize(
    ("method", "path", "allow"),
    [("GET", "/v1/entities", "POST"), ("DELETE", "/v1/batch", "POST"), ("POST", "/livez", "GET")],
)
async def test_another_method_is_not_allowed(client: httpx.AsyncClient, method: str, path: str, allow: str) -> None:
    """And `Allow` says which is."""
    answer = await client.request(method, path)
    assert answer.status_code == 405
    assert answer.json()["code"] == "method_not_allowed"
    assert answer.headers["Allow"] == allow
