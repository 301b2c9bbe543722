"""The problem examples of the document are answers that the service really gives."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import AsyncExitStack, asynccontextmanager
from dataclasses import dataclass, replace
from typing import Any

import httpx
import pytest

from spanwise.pipelines import Analyzer, Registry
from spanwise.service import errors
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.support.fakes import FailingEngine, GatedEngine
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

DOCUMENT: dict[str, Any] = create_app(Settings(), Registry({})).openapi()
REQUESTS: dict[str, Any] = {
    "extract_entities": {"json": {"text": "Tim Cook"}},
    "analyze_sentiment": {"json": {"text": "Tim Cook"}},
    "analyze": {"json": {"text": "Tim Cook"}},
    "analyze_batch": {"json": {"documents": [{"text": "Tim Cook"}]}},
    "analyze_stream": {"content": b'{"text": "Tim Cook"}\n', "headers": {"Content-Type": "application/jsonl"}},
}
"""A good request of each operation that takes a body."""
WRONG_REQUESTS: dict[str, Any] = {
    "analyze_batch": {"json": {"documents": []}},
    "analyze_stream": {**REQUESTS["analyze_stream"], "params": {"features": "poetry"}},
}
"""A request that is not valid, for the operations that have no `text`."""
ONE_TEXT = ("extract_entities", "analyze_sentiment", "analyze")


@dataclass(frozen=True)
class Example:
    """One problem example of the document, and the operation that it belongs to."""

    operation_id: str
    method: str
    path: str
    status: int
    code: str

    @property
    def response(self) -> Any:
        """The document's response for the status."""
        return DOCUMENT["paths"][self.path][self.method]["responses"][str(self.status)]

    @property
    def problem(self) -> Any:
        """The problem that the example shows."""
        return self.response["content"]["application/problem+json"]["examples"][self.code]["value"]


EXAMPLES = [
    Example(operation["operationId"], method, path, int(status), code)
    for path, methods in DOCUMENT["paths"].items()
    for method, operation in methods.items()
    for status, response in operation["responses"].items()
    for code in response["content"].get("application/problem+json", {}).get("examples", {})
]


class Provoker:
    """Provokes an error of an operation, in a service of its own; the method's name is the error's code."""

    def __init__(self, serving: Serving, english: Analyzer, engine: GatedEngine, patch: pytest.MonkeyPatch) -> None:
        self.serving, self.english, self.engine, self.patch = serving, english, engine, patch
        self.example = EXAMPLES[0]

    async def provoke(self, example: Example) -> httpx.Response:
        """Return the service's answer to a request that causes the error of an example."""
        self.example = example
        cause: Callable[[], Awaitable[httpx.Response]] = getattr(self, example.code)
        return await cause()

    async def request(self, client: httpx.AsyncClient, **changed: Any) -> httpx.Response:
        """Make a good request of the operation, with these changes."""
        good = REQUESTS.get(self.example.operation_id, {})
        return await client.request(self.example.method, self.example.path, **{**good, **changed})

    @asynccontextmanager
    async def busy(self, **settings: Any) -> AsyncIterator[httpx.AsyncClient]:
        """Serve with an NLP thread that is busy until the test is over."""
        registry = Registry({"en": replace(self.english, engine=self.engine)})
        async with AsyncExitStack() as stack:
            client = await stack.enter_async_context(self.serving(registry, **settings))
            tasks = [asyncio.create_task(client.post("/v1/entities", json={"text": "busy"}))]
            await asyncio.to_thread(self.engine.entered.wait, 10)
            client.tasks = tasks  # type: ignore[attr-defined]
            yield client
            self.engine.gate.set()
            await asyncio.gather(*tasks)

    async def malformed_json(self) -> httpx.Response:
        """Send text that is no JSON."""
        async with self.serving() as client:
            return await self.request(
                client, json=None, content=b"no JSON", headers={"Content-Type": "application/json"}
            )

    async def malformed_request(self) -> httpx.Response:
        """Name a host that the service does not answer for."""
        async with self.serving(allowed_hosts="api.example.com") as client:
            return await self.request(client)

    async def unauthorized(self) -> httpx.Response:
        """Send no API key."""
        async with self.serving(api_keys="key") as client:
            return await self.request(client)

    async def body_too_large(self) -> httpx.Response:
        """Send more bytes than the default limit."""
        async with self.serving() as client:
            content = b" " * (Settings().max_body_bytes + 1)
            return await self.request(client, json=None, content=content, headers={"Content-Type": "application/json"})

    async def unsupported_media_type(self) -> httpx.Response:
        """Declare the body as plain text."""
        async with self.serving() as client:
            return await self.request(client, headers={"Content-Type": "text/plain"})

    async def validation_failed(self) -> httpx.Response:
        """Send a request that breaks one rule of its schema."""
        async with self.serving() as client:
            return await self.request(client, **WRONG_REQUESTS.get(self.example.operation_id, {"json": {"text": ""}}))

    async def rate_limited(self) -> httpx.Response:
        """Send more requests than a key may in a minute."""
        async with self.serving(api_keys="key", rate_limit_per_minute=1) as client:
            client.headers["X-API-Key"] = "key"
            await client.get("/v1/pipelines")
            return await self.request(client)

    async def internal_error(self) -> httpx.Response:
        """Have the engine fail on one text; for other operations, plant a defect."""
        if self.example.operation_id in ONE_TEXT:
            registry = Registry({"en": replace(self.english, engine=FailingEngine(lambda _: True))})
            async with self.serving(registry) as client:
                return await self.request(client)
        place = {"analyze_batch": "analysis.check_batch", "analyze_stream": "stream.check_options"}
        module = "spanwise.service.endpoints."
        self.patch.setattr(module + place.get(self.example.operation_id, "system.describe"), None)
        async with self.serving() as client:
            return await self.request(client)

    async def overloaded(self) -> httpx.Response:
        """Fill the queue; for a stream, open as many streams as may be open."""
        if self.example.operation_id == "analyze_stream":
            async with self.serving(max_streams=1) as client:
                client.app.state.runtime.streams.add(object())  # type: ignore[attr-defined]
                return await self.request(client)
        limits = {"max_queued_characters": 10, "max_text_characters": 10, "max_batch_characters": 10}
        async with self.busy(**limits) as client:
            queued = asyncio.create_task(client.post("/v1/entities", json={"text": "x" * 10}))
            client.tasks.append(queued)  # type: ignore[attr-defined]
            await asyncio.sleep(0.05)
            return await self.request(client)

    async def shutting_down(self) -> httpx.Response:
        """Drain the worker."""
        async with self.serving() as client:
            assert await client.app.state.runtime.drain()  # type: ignore[attr-defined]
            return await self.request(client)

    async def not_ready(self) -> httpx.Response:
        """Keep the NLP thread busy for longer than it may be."""
        async with self.busy(stall_seconds=0.01) as client:
            await asyncio.sleep(0.05)
            return await self.request(client)

    async def deadline_exceeded(self) -> httpx.Response:
        """Wait no longer than 20 ms for a thread that is busy."""
        async with self.busy() as client:
            return await self.request(client, headers={"X-Request-Timeout-Ms": "20"})


@pytest.fixture
def provoker(serving: Serving, english: Analyzer, engine: GatedEngine, monkeypatch: pytest.MonkeyPatch) -> Provoker:
    """Return a provoker with the fixtures that it needs."""
    return Provoker(serving, english, engine, monkeypatch)


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: f"{example.operation_id}-{example.code}")
async def test_every_example_is_an_answer_of_the_service(provoker: Provoker, example: Example) -> None:
    """The answer to a request that causes the error equals the example in all fields but the request's id."""
    answer = await provoker.provoke(example)
    assert answer.status_code == example.status
    assert answer.json() == {**example.problem, "request_id": answer.json()["request_id"]}
    assert ("Retry-After" in answer.headers) == ("Retry-After" in example.response["headers"])


async def test_limits_of_examples_are_those_of_the_settings() -> None:
    """An example that names a limit names the configured one."""
    document = create_app(Settings(max_body_bytes=4321), Registry({})).openapi()
    response = document["paths"]["/v1/batch"]["post"]["responses"]["413"]
    (example,) = response["content"]["application/problem+json"]["examples"].values()
    assert example["value"]["detail"] == "The body has more than 4321 bytes."


async def test_docstrings_of_errors_are_not_in_the_contract(monkeypatch: pytest.MonkeyPatch) -> None:
    """The document stays the same when every docstring of an error is edited."""
    kinds = [kind for kind in vars(errors).values() if isinstance(kind, type) and issubclass(kind, Exception)]
    assert errors.InternalError in kinds
    for kind in kinds:
        monkeypatch.setattr(kind, "__doc__", "Edited.")
    assert create_app(Settings(), Registry({})).openapi() == DOCUMENT
