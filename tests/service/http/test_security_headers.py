"""What every answer tells browsers, and the policy under which the page at /docs runs."""

import base64
import hashlib
import re

import httpx
import pytest

from tests.support.bad_requests import JSON
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

EVERYWHERE = {
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "no-referrer",
    "Cross-Origin-Resource-Policy": "same-origin",
}
DATA = {
    **EVERYWHERE,
    "Content-Security-Policy": "default-src 'none'; frame-ancestors 'none'",
    "Cache-Control": "no-store",
}


async def test_every_answer_is_marked_as_data(serving: Serving) -> None:
    """Good and bad answers of every kind neither run in a browser nor stay in a cache; each header is there once."""
    async with serving(api_keys="key", rate_limit_per_minute=5) as client:
        key = {"X-API-Key": "key"}
        answers = {
            await client.get("/livez"): 200,
            await client.get("/readyz"): 200,
            await client.get("/metrics"): 200,
            await client.get("/openapi.json"): 200,
            await client.get("/nowhere"): 404,
            await client.delete("/livez"): 405,
            await client.get("/v1/pipelines"): 401,
            await client.get("/v1/pipelines", headers=key): 200,
            await client.post("/v1/entities", json={"text": "Ada"}, headers=key): 200,
            await client.post("/v1/entities", content=b"no JSON", headers={**JSON, **key}): 400,
            await client.post("/v1/entities", json={}, headers=key): 422,
            await client.post("/v1/stream", content=b"{}\n", headers={"Content-Type": "application/jsonl", **key}): 200,
            await client.get("/v1/pipelines", headers=key): 429,
        }
        for answer, status in answers.items():
            assert answer.status_code == status
            for name, value in DATA.items():
                assert answer.headers.get_list(name) == [value], f"{name} of {answer.request.url} {status}"


async def test_a_defect_is_marked_as_data_too(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """The 500 of an unknown exception has the headers of every other answer."""
    monkeypatch.setattr("spanwise.service.endpoints.system.describe", None)
    async with serving() as client:
        answer = await client.get("/v1/pipelines")
    assert answer.status_code == 500
    for name, value in DATA.items():
        assert answer.headers.get_list(name) == [value]


async def test_the_page_runs_its_own_script_alone(client: httpx.AsyncClient) -> None:
    """The policy of /docs allows the service's own files and exactly the script that is in the page."""
    page = await client.get("/docs")
    policy = page.headers["Content-Security-Policy"]
    (script,) = re.findall(r"<script>(.*?)</script>", page.text, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(script.encode()).digest()).decode()
    rules = dict(rule.split(" ", 1) for rule in policy.split("; "))
    assert rules["default-src"] == "'none'"
    assert rules["script-src"] == f"'self' 'sha256-{digest}'"
    assert rules["frame-ancestors"] == "'none'"
    for path in ("/docs", "/docs/swagger-ui-bundle.js", "/docs/swagger-ui.css"):
        answer = await client.get(path)
        assert answer.headers.get_list("Content-Security-Policy") == [policy]
        assert answer.headers["Cache-Control"] == "no-cache"
        for name, value in EVERYWHERE.items():
            assert answer.headers.get_list(name) == [value]


async def test_a_file_of_the_page_is_not_sent_twice(client: httpx.AsyncClient) -> None:
    """A browser may keep the page's files, asks again each time, and then gets no body."""
    first = await client.get("/docs/swagger-ui.css")
    again = await client.get("/docs/swagger-ui.css", headers={"If-None-Match": first.headers["ETag"]})
    assert again.status_code in (200, 304)
    assert again.headers["ETag"] == first.headers["ETag"]
