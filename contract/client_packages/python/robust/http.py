"""httpx clients that send a request again where the table of retries says so.

Whatever httpx can do works as before: proxies, certificates, event hooks. A body that can be read only once, such as a
generator, is never sent again.
"""

import asyncio
import time
from typing import Any

import httpx
from spanwise_client.robust.errors import problem_of
from spanwise_client.robust.retries import Retries, Tries

BROKEN = (httpx.NetworkError, httpx.RemoteProtocolError, httpx.ConnectTimeout)
"""No answer came, and a further try may get one."""


class RetryingClient(httpx.Client):
    """An `httpx.Client` that retries."""

    def __init__(self, *, retries: Retries, **options: Any) -> None:
        super().__init__(**options)
        self.retries = retries

    def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send a request, as often as is needed and allowed, and return the last answer."""
        tries = Tries(self.retries)
        while True:
            try:
                response = super().send(request, stream=stream, **options)
            except BROKEN:
                wait = tries.wait_after_break() if _can_be_sent_again(request) else None
                if wait is None:
                    raise
            else:
                if response.is_success:
                    return response
                response.read()
                wait = _wait_after(response, tries)
                if wait is None:
                    return response
            time.sleep(wait)


class AsyncRetryingClient(httpx.AsyncClient):
    """An `httpx.AsyncClient` that retries."""

    def __init__(self, *, retries: Retries, **options: Any) -> None:
        super().__init__(**options)
        self.retries = retries

    async def send(self, request: httpx.Request, *, stream: bool = False, **options: Any) -> httpx.Response:
        """Send a request, as often as is needed and allowed, and return the last answer."""
        tries = Tries(self.retries)
        while True:
            try:
                response = await super().send(request, stream=stream, **options)
            except BROKEN:
                wait = tries.wait_after_break() if _can_be_sent_again(request) else None
                if wait is None:
                    raise
            else:
                if response.is_success:
                    return response
                await response.aread()
                wait = _wait_after(response, tries)
                if wait is None:
                    return response
            await asyncio.sleep(wait)


def _can_be_sent_again(request: httpx.Request) -> bool:
    return isinstance(request.stream, httpx.ByteStream)


def _wait_after(response: httpx.Response, tries: Tries) -> float | None:
    if not _can_be_sent_again(response.request):
        return None
    code = problem_of(response).get("code", "")
    return tries.wait_after_answer(response.status_code, code, response.headers)
