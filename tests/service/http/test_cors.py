"""Calls from pages of other origins in browsers: off, unless origins are configured."""

import json
import threading
from collections.abc import Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import httpx
import pytest

from tests.contract.tools import program
from tests.support.browser import browser
from tests.support.process import environment, service
from tests.support.serving import Serving

ORIGIN = "https://app.example.com"
PREFLIGHT = {
    "Origin": ORIGIN,
    "Access-Control-Request-Method": "POST",
    "Access-Control-Request-Headers": "content-type,x-api-key,x-request-timeout-ms",
}
ANSWER_HEADERS = "access-control-"


def cors(answer: httpx.Response) -> dict[str, str]:
    """Return the headers of CORS that an answer has."""
    return {name: value for name, value in answer.headers.items() if name.startswith(ANSWER_HEADERS)}


@pytest.mark.anyio
async def test_by_default_there_is_no_cors(client: httpx.AsyncClient) -> None:
    """Without origins a preflight is a method that there is not, and no answer has a header of CORS."""
    preflight = await client.options("/v1/entities", headers=PREFLIGHT)
    assert preflight.status_code == 405
    answer = await client.post("/v1/entities", json={"text": "Ada"}, headers={"Origin": ORIGIN})
    assert answer.status_code == 200
    assert cors(preflight) == cors(answer) == {}


@pytest.mark.anyio
async def test_a_preflight_needs_no_key(serving: Serving) -> None:
    """A browser sends no key with its preflight; the request itself needs one, and its refusal can be read."""
    async with serving(cors_origins=f"https://other.example, {ORIGIN}", api_keys="key") as client:
        preflight = await client.options("/v1/entities", headers=PREFLIGHT)
        assert preflight.status_code == 204
        assert preflight.content == b""
        assert preflight.headers["Access-Control-Allow-Origin"] == ORIGIN
        assert "POST" in preflight.headers["Access-Control-Allow-Methods"]
        allowed = preflight.headers["Access-Control-Allow-Headers"].lower()
        assert all(name in allowed for name in ("content-type", "x-api-key", "authorization", "x-request-timeout-ms"))
        assert "Origin" in preflight.headers["Vary"]
        refused = await client.post("/v1/entities", json={"text": "Ada"}, headers={"Origin": ORIGIN})
        answered = await client.post(
            "/v1/entities", json={"text": "Ada"}, headers={"Origin": ORIGIN, "X-API-Key": "key"}
        )
        for answer, status in ((refused, 401), (answered, 200)):
            assert answer.status_code == status
            assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN
            assert "X-Request-ID" in answer.headers["Access-Control-Expose-Headers"]
            assert "Origin" in answer.headers["Vary"]


@pytest.mark.anyio
async def test_another_origin_is_not_let_in(serving: Serving) -> None:
    """An origin that is not configured gets no permission: its browser refuses the rest."""
    async with serving(cors_origins=ORIGIN) as client:
        for origin in ("https://evil.example", "http://app.example.com", f"{ORIGIN}.evil.example", "null"):
            preflight = await client.options("/v1/entities", headers={**PREFLIGHT, "Origin": origin})
            assert preflight.status_code == 204
            assert "Access-Control-Allow-Origin" not in preflight.headers
            answer = await client.post("/v1/entities", json={"text": "Ada"}, headers={"Origin": origin})
            assert "Access-Control-Allow-Origin" not in answer.headers
            assert "Origin" in answer.headers["Vary"]


@pytest.mark.anyio
async def test_a_star_lets_every_origin_in(serving: Serving) -> None:
    """With `*` the answer is the same for every origin, and cookies are never asked for."""
    async with serving(cors_origins="*") as client:
        preflight = await client.options("/v1/entities", headers=PREFLIGHT)
        answer = await client.post("/v1/entities", json={"text": "Ada"}, headers={"Origin": ORIGIN})
        for one in (preflight, answer):
            assert one.headers["Access-Control-Allow-Origin"] == "*"
            assert "Access-Control-Allow-Credentials" not in one.headers


@pytest.mark.anyio
async def test_a_defect_can_be_read_by_the_page(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """A 500 has the headers too, so that a script sees the problem and not a network error."""
    monkeypatch.setattr("spanwise.service.endpoints.system.describe", None)
    async with serving(cors_origins=ORIGIN) as client:
        answer = await client.get("/v1/pipelines", headers={"Origin": ORIGIN})
    assert answer.status_code == 500
    assert answer.headers["Access-Control-Allow-Origin"] == ORIGIN


@pytest.mark.anyio
async def test_a_plain_options_request_is_no_preflight(serving: Serving) -> None:
    """OPTIONS without the headers of a preflight is a method that the path does not have."""
    async with serving(cors_origins=ORIGIN) as client:
        assert (await client.options("/v1/entities", headers={"Origin": ORIGIN})).status_code == 405


class _Page(BaseHTTPRequestHandler):
    """Answers every request with an empty page."""

    def do_GET(self) -> None:
        self.send_response(200)
        self.send_header("Content-Type", "text/html")
        self.end_headers()

    def log_message(self, *_: object) -> None:
        """Log nothing."""


@pytest.fixture
def other_origin() -> Iterator[str]:
    """Serve an empty page on a port of its own, and yield its origin."""
    server = HTTPServer(("127.0.0.1", 0), _Page)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.process
def test_a_real_browser_gets_in_where_it_may(other_origin: str, tmp_path: Path) -> None:
    """Chromium on a page of a configured origin reads answer and headers, by key; on another it reads nothing."""
    call = (
        "fetch({url} + '/v1/entities', {{method: 'POST', body: JSON.stringify({{text: 'Tim Cook'}}), "
        "headers: {{'Content-Type': 'application/json', 'X-API-Key': 'key'}}}})"
        ".then(async answer => [answer.status, answer.headers.get('X-Request-ID').length, "
        "(await answer.json()).entities[0].text]).catch(error => String(error))"
    )
    for origins, expected in ((other_origin, [200, 32, "Tim Cook"]), (ORIGIN, "TypeError: Failed to fetch")):
        with service(environment(cors_origins=origins, api_keys="key")) as running:
            profile = tmp_path / str(len(expected))
            with browser(program("chromium"), profile) as page:
                page.open(other_origin)
                page.wait_for(f"location.origin === {json.dumps(other_origin)}")
                assert page.value(call.format(url=json.dumps(running.url))) == expected
