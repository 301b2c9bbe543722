"""The window of one stream: accepted lines whose results are not sent yet, in input order, bounded in lines and
characters.

The intake puts lines in and waits while there is no room. The response takes results out as soon as they and all before
them are ready. So a slow reader of the answer slows the intake, and a long stream needs no more memory than a
short one.
"""

import asyncio
from collections import deque

MAX_LINES = 64
MAX_CHARACTERS = 16_000
_SENT_TOGETHER_BYTES = 64 * 1024


class Window:
    """A bounded queue of future results, for one reader and one writer on the event loop."""

    def __init__(self) -> None:
        self._lines: deque[tuple[asyncio.Future[bytes], int]] = deque()
        self._characters = 0
        self._closed = False
        self._has_room = asyncio.Event()
        self._has_room.set()
        self._has_lines = asyncio.Event()

    async def room(self, characters: int) -> None:
        """Wait until a line of so many characters fits. A line over the bound fits when the window is empty."""
        while self._lines and (len(self._lines) >= MAX_LINES or self._characters + characters > MAX_CHARACTERS):
            self._has_room.clear()
            await self._has_room.wait()

    def put(self, result: "asyncio.Future[bytes]", characters: int = 0) -> None:
        """Add the future result of the next line. Call `room` before."""
        self._lines.append((result, characters))
        self._characters += characters
        self._has_lines.set()

    def close(self) -> None:
        """Say that there will be no more lines."""
        self._closed = True
        self._has_lines.set()

    async def take(self) -> bytes:
        """Wait for the next result, and return it with those behind it that are ready; b"" after the last one."""
        while not self._lines and not self._closed:
            self._has_lines.clear()
            await self._has_lines.wait()
        ready: list[bytes] = []
        size = 0
        while self._lines and size < _SENT_TOGETHER_BYTES and (not ready or self._lines[0][0].done()):
            ready.append(await self._lines[0][0])
            size += len(ready[-1])
            _, characters = self._lines.popleft()
            self._characters -= characters
        self._has_room.set()
        return b"".join(ready)
