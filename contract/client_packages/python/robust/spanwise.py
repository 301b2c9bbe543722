"""The two clients: `Spanwise` for threads, `AsyncSpanwise` for asyncio."""

from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Mapping
from concurrent.futures import Future
from typing import Any, Self, Unpack

import httpx
from spanwise_client import Client
from spanwise_client.models import AnalyzeResponse
from spanwise_client.robust.coalescing import AsyncCoalescer, Call, Coalescer
from spanwise_client.robust.errors import Refused
from spanwise_client.robust.http import AsyncRetryingClient, RetryingClient
from spanwise_client.robust.options import Document, Options, Result, plain
from spanwise_client.robust.retries import Retries
from spanwise_client.robust.streams import AsyncStreams, Streams

_PATIENCE = 5.0  # seconds beyond the time limit, in which the service's own 504 arrives
_JSON = {"Content-Type": "application/json"}


class Spanwise:
    """Calls the service at `base_url` from any number of threads.

    `timeout` is in seconds and holds for each try: the service is told of it, and starts no work whose time is over.
    `parallel` bounds the batches, and the windows of each stream, that are on their way. Further options are those of
    `httpx.Client`. `client` is for the generated functions, whose requests are retried too.
    """

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: Retries = Retries(),  # noqa: B008 - it is frozen
        parallel: int = 2,
        **options: Any,
    ) -> None:
        self._http = RetryingClient(retries=retries, **_http_options(base_url, api_key, timeout, options))
        self._coalescer = Coalescer(self._send, parallel)
        self._streams = Streams(self._http, parallel)
        self.client = Client(base_url=base_url).set_httpx_client(self._http)

    def analyze(self, text: str, **options: Unpack[Options]) -> AnalyzeResponse:
        """Analyse one text. Calls of other threads that come at the same time share its request.

        Raises `DocumentRefused`, `Refused`, or httpx's `TransportError` where there is no answer.
        """
        return self.submit(text, **options).result()

    def submit(self, text: str, **options: Unpack[Options]) -> "Future[AnalyzeResponse]":
        """Begin to analyse one text, and return where the answer will be."""
        return self._coalescer.submit(Call.of(text, options))

    def stream(self, documents: Iterable[Document], **options: Unpack[Options]) -> Generator[Result, None, None]:
        """Analyse any number of documents, and yield their results in order, while later documents are on their way."""
        return self._streams.results(documents, plain(options))

    def close(self) -> None:
        """Wait for what was submitted, and close the connections."""
        self._coalescer.close()
        self._http.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def _send(self, body: bytes) -> Mapping[str, Any]:
        return _answer_in(self._http.post("/v1/batch", content=body, headers=_JSON))


class AsyncSpanwise:
    """Calls the service from any number of tasks of one event loop, with the same options as `Spanwise`."""

    def __init__(
        self,
        base_url: str,
        *,
        api_key: str | None = None,
        timeout: float = 30.0,
        retries: Retries = Retries(),  # noqa: B008 - it is frozen
        parallel: int = 2,
        **options: Any,
    ) -> None:
        self._http = AsyncRetryingClient(retries=retries, **_http_options(base_url, api_key, timeout, options))
        self._coalescer = AsyncCoalescer(self._send, parallel)
        self._streams = AsyncStreams(self._http, parallel)
        self.client = Client(base_url=base_url).set_async_httpx_client(self._http)

    async def analyze(self, text: str, **options: Unpack[Options]) -> AnalyzeResponse:
        """Analyse one text. Calls of other tasks that come at the same time share its request.

        Raises `DocumentRefused`, `Refused`, or httpx's `TransportError` where there is no answer.
        """
        return await self._coalescer.answer(Call.of(text, options))

    def stream(
        self, documents: Iterable[Document] | AsyncIterable[Document], **options: Unpack[Options]
    ) -> AsyncGenerator[Result, None]:
        """Analyse any number of documents, and yield their results in order, while later documents are on their way."""
        return self._streams.results(documents, plain(options))

    async def close(self) -> None:
        """Wait for the calls that were begun, and close the connections."""
        await self._coalescer.close()
        await self._http.aclose()

    async def __aenter__(self) -> Self:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.close()

    async def _send(self, body: bytes) -> Mapping[str, Any]:
        return _answer_in(await self._http.post("/v1/batch", content=body, headers=_JSON))


def _http_options(base_url: str, api_key: str | None, timeout: float, options: Mapping[str, Any]) -> dict[str, Any]:
    headers = httpx.Headers(options.get("headers"))
    headers["X-Request-Timeout-Ms"] = str(int(timeout * 1000))
    if api_key:
        headers["X-API-Key"] = api_key
    patience = httpx.Timeout(timeout + _PATIENCE, connect=_PATIENCE, pool=None)
    return {"timeout": patience, **options, "base_url": base_url, "headers": headers}


def _answer_in(response: httpx.Response) -> Mapping[str, Any]:
    if not response.is_success:
        raise Refused.by(response)
    answer: Mapping[str, Any] = response.json()
    return answer
