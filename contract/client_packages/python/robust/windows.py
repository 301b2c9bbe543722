"""The windows of a stream: documents are cut into pieces of at most 256 lines and 1 MiB, each a request of its own.

HTTP clients send a whole body before they read the answer, so that one endless request would fill the buffers on the
way, and both sides would wait. With windows it is enough to send again what has no result when a stream breaks off.
"""

import asyncio
import json
import time
from collections.abc import AsyncGenerator, AsyncIterable, AsyncIterator, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from spanwise_client.robust.errors import Refused
from spanwise_client.robust.options import Document, Result, as_json, document_fields, result_of
from spanwise_client.robust.retries import Retries, Tries

MOST_LINES = 256
MOST_BYTES = 1 << 20
MOST_SECONDS = 0.1
"""How long a window waits for more documents when their source is slow."""

_ENDS = {"shutting_down": 503, "rate_limited": 429}
"""Codes of the last line of a stream of which the service takes no more, and the statuses that they have elsewhere."""


@dataclass
class Window:
    """Consecutive lines of a stream, the first of which has the number `first`."""

    first: int
    lines: list[bytes] = field(default_factory=list)
    size: int = 0
    begun: float = 0.0

    def add(self, document: Document) -> None:
        """Add a document as a line."""
        if not self.lines:
            self.begun = time.monotonic()
        line = as_json(document_fields(document)) + b"\n"
        self.lines.append(line)
        self.size += len(line)

    def seconds_left(self) -> float | None:
        """Return how long the window may wait for a further document: None, for ever, while it is empty."""
        return max(0.0, self.begun + MOST_SECONDS - time.monotonic()) if self.lines else None

    def is_whole(self) -> bool:
        """Whether the window takes no further document."""
        return len(self.lines) >= MOST_LINES or self.size >= MOST_BYTES or self.seconds_left() == 0.0


class Lines:
    """The lines of one window on their way: which have results, and what is to be sent."""

    def __init__(self, window: Window, retries: Retries, *, once_more: bool = True) -> None:
        self._window = window
        self._retries = retries
        self._tries = Tries(retries)
        self._done = 0
        self._ended_early: Refused | None = None
        self._once_more = once_more

    @property
    def are_done(self) -> bool:
        """Whether every line has its result."""
        return self._done == len(self._window.lines)

    @property
    def are_cut_short(self) -> bool:
        """Whether the service has said that it takes no further lines."""
        return self._ended_early is not None

    def body(self) -> bytes:
        """Return the lines without a result."""
        self._ended_early = None
        return b"".join(self._window.lines[self._done :])

    def take(self, line: bytes) -> "Result | Lines | None":
        """Return the result in a line of the answer, with the document's number in the whole stream.

        Returns None if the line says that the service takes no further lines, and the document's `Lines` if it is to be
        sent once more, by itself, after an error inside the service.
        """
        fields: dict[str, Any] = json.loads(line)
        error: Mapping[str, Any] = fields.get("error", {})
        if (code := error.get("code")) in _ENDS:
            self._ended_early = Refused(_ENDS[code], code, str(error.get("detail", "")))
            return None
        number = self._window.first + self._done
        document = self._window.lines[self._done]
        self._done += 1
        self._tries = Tries(self._retries)  # what comes is progress
        if error.get("code") == "internal_error" and self._once_more:
            return Lines(Window(number, [document]), self._retries, once_more=False)
        return result_of({**fields, "index": number})

    def wait_after(self, break_off: Exception | None) -> float:
        """Return how many seconds to wait before the rest is sent. Raises what went wrong if it has been too often."""
        error = break_off or self._ended_early or Refused(502, "", "The stream ended before its last result.")
        if isinstance(error, Refused) and error.code:
            wait = self._tries.wait_after_answer(error.status, error.code, {})
        else:
            wait = self._tries.wait_after_break()
        if wait is None:
            raise error
        return wait


class LineSplitter:
    """Splits an answer at line feeds, and at nothing else: httpx's `iter_lines` also splits at U+2028 within a text."""

    def __init__(self) -> None:
        self._begun = b""

    def feed(self, chunk: bytes) -> list[bytes]:
        """Return the lines that a further piece of the answer ends. What breaks off within a line is no line."""
        *lines, self._begun = (self._begun + chunk).split(b"\n")
        return lines


def cut(documents: Iterable[Document]) -> Iterator[Window]:
    """Cut documents into windows, and take none of them before it is needed."""
    window = Window(0)
    for document in documents:
        window.add(document)
        if window.is_whole():
            yield window
            window = Window(window.first + len(window.lines))
    if window.lines:
        yield window


async def cut_async(documents: AsyncIterable[Document]) -> AsyncGenerator[Window, None]:
    """Cut documents into windows. A window does not wait for a slow source: it is sent with what it has."""
    source = aiter(documents)
    window, coming = Window(0), None
    try:
        while True:
            coming = coming or asyncio.ensure_future(_next_of(source))
            await asyncio.wait({coming}, timeout=window.seconds_left())
            if coming.done():
                document, coming = coming.result(), None
                if document is None:
                    break
                window.add(document)
            if window.is_whole():
                yield window
                window = Window(window.first + len(window.lines))
        if window.lines:
            yield window
    finally:
        if coming:
            coming.cancel()


async def _next_of(source: AsyncIterator[Document]) -> Document | None:
    return await anext(source, None)
