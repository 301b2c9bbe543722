"""The short way of the common routes answers as FastAPI's own way does."""

from typing import Any

import httpx
import pytest

from spanwise.service.app import Application, create_app
from spanwise.service.http.hot_routes import HotRoutes
from spanwise.service.settings import Settings
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

JSON = {"Content-Type": "application/json"}
TEXT = b'{"text": "Tim Cook loved Paris. Nobody else did."}'
REQUESTS: list[tuple[str, str, bytes, dict[str, str]]] = [
    ("POST", "/v1/entities", TEXT, JSON),
    ("POST", "/v1/sentiment", TEXT, JSON),
    ("POST", "/v1/analyze", TEXT, JSON),
    ("POST", "/v1/batch", b'{"documents": [{"text": "Tim Cook"}, {"text": ""}]}', JSON),
    ("GET", "/livez", b"", {}),
    ("HEAD", "/livez", b"", {}),
    ("GET", "/readyz", b"", {}),
    ("GET", "/v1/pipelines", b"", {}),
    ("POST", "/v1/entities", b'{"text": ""}', JSON),
    ("POST", "/v1/entities", b'{"text": "a", "labels": ["NONE"]}', JSON),
    ("POST", "/v1/entities", b'{"text"', JSON),
    ("POST", "/v1/entities", b'{"text": "' + b"a" * 300_000 + b'"}', JSON),
    ("POST", "/v1/entities", TEXT, {"Content-Type": "text/plain"}),
    ("POST", "/v1/entities", TEXT, JSON | {"X-Request-Timeout-Ms": "never"}),
    ("GET", "/v1/entities", b"", {}),
    ("OPTIONS", "/v1/entities", b"", {"Origin": "https://a.example", "Access-Control-Request-Method": "POST"}),
    ("POST", "/livez", b"", {}),
    ("POST", "/v1/entities/", TEXT, JSON),
    ("GET", "/nowhere", b"", {}),
]


async def answers(client: httpx.AsyncClient) -> list[tuple[Any, ...]]:
    """Return status, headers and body of the answer to each request; the times are left out."""
    found = []
    for number, (method, path, body, headers) in enumerate(REQUESTS):
        answer = await client.request(method, path, content=body, headers=headers | {"X-Request-ID": f"r{number}"})
        names = [(name, value) for name, value in answer.headers.multi_items() if name != "server-timing"]
        found.append((answer.status_code, names, "server-timing" in answer.headers, answer.content))
    return found


@pytest.mark.parametrize("changed", [{}, {"cors_origins": "https://a.example", "allowed_hosts": "service"}])
async def test_both_ways_answer_alike_to_the_byte(serving: Serving, changed: dict[str, Any]) -> None:
    """Status, headers, their order and the body are the same, for good requests and bad ones."""
    async with serving(max_body_bytes=200_000, **changed) as client:
        app: Application = client.app  # type: ignore[attr-defined]
        short = await answers(client)
        front: Any = app.front
        while not isinstance(front, HotRoutes):
            front = front.app if hasattr(front, "app") else front._app
        front._table.clear()
        long = await answers(client)
    for request, one, other in zip(REQUESTS, short, long, strict=True):
        assert one == other, request[:2]
    assert {status for status, *_ in short} >= {200, 400, 404, 405, 413, 415, 422}


def test_the_table_holds_the_common_routes_and_no_other() -> None:
    """Streams, pages, lists and metrics go FastAPI's own way."""
    front: Any = create_app(Settings()).front
    assert set(front._app._table) == {
        ("POST", "/v1/entities"),
        ("POST", "/v1/sentiment"),
        ("POST", "/v1/analyze"),
        ("POST", "/v1/batch"),
        ("GET", "/livez"),
        ("GET", "/readyz"),
    }


async def test_what_the_framework_raises_is_still_a_problem(serving: Serving, monkeypatch: pytest.MonkeyPatch) -> None:
    """An error that nobody foresaw, on a route of FastAPI's own, is answered by the outermost middleware alone."""

    def fail(*_: object, **__: object) -> None:
        raise ValueError("Xyzzy7")

    async with serving() as client:
        monkeypatch.setattr("spanwise.service.endpoints.system.limits", fail)
        answer = await client.get("/v1/pipelines")
    assert answer.status_code == 500
    assert answer.json()["code"] == "internal_error"
    assert answer.headers["X-Request-ID"] == answer.json()["request_id"]
    assert "Xyzzy7" not in answer.text
