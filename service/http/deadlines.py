"""How long a request may take: the header `X-Request-Timeout-Ms`, and a time limit on reading the body."""

import asyncio
import re
from types import TracebackType
from typing import Self

from starlette.requests import Request

from spanwise.schemas import FieldError
from spanwise.service.errors import DeadlineExceeded, ValidationFailed
from spanwise.service.runtime import Runtime
from spanwise.service.settings import Settings

REQUEST_TIMEOUT_HEADER = "X-Request-Timeout-Ms"
_HEADER = REQUEST_TIMEOUT_HEADER.lower().encode()
_MILLISECONDS = re.compile(r"[0-9]{1,10}")


def timeout_seconds(request: Request, settings: Settings) -> float:
    """Return the seconds that the caller is willing to wait, or the default.

    Raises `ValidationFailed` when the header is not a whole number of milliseconds within the configured bounds.
    """
    for name, value in request.scope["headers"]:  # Starlette's `headers` would decode all of them first
        if name == _HEADER:
            sent = str(value, "latin-1")
            break
    else:
        return settings.default_timeout_ms / 1000
    if _MILLISECONDS.fullmatch(sent) and 1 <= int(sent) <= settings.max_timeout_ms:
        return int(sent) / 1000
    detail = f"The header {REQUEST_TIMEOUT_HEADER} must be a whole number from 1 to {settings.max_timeout_ms}."
    raise ValidationFailed([FieldError(pointer="", code="invalid_header", detail=detail)])


class ReadingLimit:
    """A context manager that bounds the reading of a body by a deadline and by the beginning of a drain.

    Raises `DeadlineExceeded` or `ShuttingDown`. While a drain is under way only what has arrived already is read.
    It is a class because a generator's context manager would cost every request some microseconds more.
    """

    __slots__ = ("_runtime", "_timeout")

    def __init__(self, runtime: Runtime, deadline: float) -> None:
        """`deadline` is a time on the event loop's clock, in seconds."""
        self._runtime = runtime
        self._timeout = asyncio.timeout_at(deadline if runtime.batcher.accepting else 0)

    async def __aenter__(self) -> Self:
        self._runtime.readers.add(self._timeout)  # a drain makes it expire at once
        await self._timeout.__aenter__()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._runtime.readers.discard(self._timeout)
        try:
            await self._timeout.__aexit__(kind, error, trace)
        except TimeoutError:
            self._runtime.batcher.refuse_while_draining()
            raise DeadlineExceeded from None
