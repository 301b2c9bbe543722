"""The service in this process, behind a client that holds every answer against the published document.

The caller is synchronous, because Hypothesis is: each request runs the event loop until its answer is complete.
"""

import asyncio
import logging
from collections.abc import AsyncIterator, Sequence
from contextlib import AsyncExitStack
from typing import Any, Self

import httpx
import orjson
import structlog

from spanwise.pipelines import Analyzer, Registry
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.conftest import ENGLISH
from tests.support.contract import Contract


class ServiceUnderFuzz:
    """A running application with one NLP thread and small limits, which random bodies can reach."""

    def __init__(self) -> None:
        self._runner = asyncio.Runner()
        self._stack = AsyncExitStack()

    def __enter__(self) -> Self:
        structlog.configure(wrapper_class=structlog.make_filtering_bound_logger(logging.ERROR))
        settings = Settings(
            nlp_threads=1, log_level="error", max_body_bytes=65_536, max_stream_line_bytes=4_096, max_batch_documents=8
        )
        app = create_app(settings, Registry({"en": Analyzer.load(ENGLISH)}))
        self._contract = Contract(orjson.loads(orjson.dumps(app.openapi())))
        self._runner.run(self._stack.enter_async_context(app.router.lifespan_context(app)))
        transport = httpx.ASGITransport(app)  # it raises what the application raises
        self._client = httpx.AsyncClient(transport=transport, base_url="http://service", timeout=120)
        return self

    def __exit__(self, *_: object) -> None:
        self._runner.run(self._client.aclose())
        self._runner.run(self._stack.aclose())
        self._runner.close()

    def post(self, path: str, chunks: Sequence[bytes], media_type: str) -> tuple[int, Any]:
        """Send a body in these chunks. Return the status and the decoded body, which were checked."""
        return self._runner.run(self._post(path, chunks, media_type))

    async def _post(self, path: str, chunks: Sequence[bytes], media_type: str) -> tuple[int, Any]:
        async def body() -> AsyncIterator[bytes]:
            for chunk in chunks:
                yield chunk

        answer = await self._client.post(path, content=body(), headers={"Content-Type": media_type})
        lines = answer.headers["content-type"] == "application/jsonl"
        decoded = [orjson.loads(line) for line in answer.content.splitlines()] if lines else answer.json()
        self._contract.check("POST", path.partition("?")[0], answer.status_code, answer.headers, decoded)
        return answer.status_code, decoded
