"""Pipelines are loaded once per worker, before the first request; serving opens no file and imports nothing."""

import sys
from typing import Any

import httpx
import pytest

from spanwise.service.app import create_app
from spanwise.service.settings import Settings

pytestmark = pytest.mark.anyio

_WATCHED = {"open", "import"}
_seen: list[tuple[str, str]] = []
_watching = False


def _watch(event: str, arguments: tuple[Any, ...]) -> None:
    if _watching and event in _WATCHED and arguments[0] != "sniffio":  # the client looks for it at every request
        _seen.append((event, str(arguments[0])))


sys.addaudithook(_watch)  # for as long as the process lives: a hook cannot be taken away, only be idle


def watch(on: bool) -> None:
    """Begin or end to note the files opened and modules imported."""
    global _watching  # noqa: PLW0603 - the hook outlives every test
    _watching = on


async def test_requests_load_nothing() -> None:
    """The lifespan loads the pipeline; fifty requests of every kind open and import nothing."""
    app = create_app(Settings())
    _seen.clear()
    watch(True)
    async with app.router.lifespan_context(app):
        assert any("en_core_web_sm" in path for _, path in _seen), "the watch does not work"
        transport = httpx.ASGITransport(app)
        async with httpx.AsyncClient(transport=transport, base_url="http://service") as client:
            body = {"text": "Tim Cook loved Paris.", "features": ["entities", "sentiment", "sentences"]}
            assert (await client.post("/v1/analyze", json=body)).status_code == 200  # the client's own first imports
            assert (await client.get("/v1/pipelines")).status_code == 200  # FastAPI reads each endpoint's source once
            _seen.clear()
            for number in range(50):
                body["text"] = f"Tim Cook loved Paris {number} times. Xq{number} hated it 🎉."
                assert (await client.post("/v1/analyze", json=body)).status_code == 200
                assert (await client.get("/v1/pipelines")).status_code == 200
            watch(False)
    assert _seen == []
