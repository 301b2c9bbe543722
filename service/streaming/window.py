"""What of a stream is between its intake and its answer: results in the order of their lines, and a bound on them.

The reader puts lines in and waits while there is no room; the writer takes results out, as soon as they and all
before them are ready. So a slow reader of the answer slows the intake, and a long stream needs no more memory than a
short one.
"""

import asyncio
from collections import deque

MAX_LINES = 64
MAX_CHARACTERS = 16_000
_SENT_TOGETHER_BYTES = 64 * 1024


class InFlight:
    """Used by one reader and one writer on the event loop."""

    def __init__(self) -> None:
        self._lines: deque[tuple[asyncio.Future[bytes], int]] = deque()
        self._characters = 0
        self._closed = False
        self._room = asyncio.Event()
        self._room.set()
        self._something = asyncio.Event()

    async def room(self, characters: int) -> None:
        """Wait until a line of so many characters fits. One that is too large for any room fits when it is alone."""
        while self._lines and (len(self._lines) >= MAX_LINES or self._characters + characters > MAX_CHARACTERS):
            self._room.clear()
            await self._room.wait()

    def put(self, result: "asyncio.Future[bytes]", characters: int = 0) -> None:
        """The result of the next line; for whoever has waited for `room`."""
        self._lines.append((result, characters))
        self._characters += characters
        self._something.set()

    def close(self) -> None:
        """There will be no more lines."""
        self._closed = True
        self._something.set()

    async def take(self) -> bytes:
        """What is ready to be sent, at least one result; nothing once all of a closed stream has been taken."""
        while not self._lines and not self._closed:
            self._something.clear()
            await self._something.wait()
        ready: list[bytes] = []
        size = 0
        while self._lines and size < _SENT_TOGETHER_BYTES and (not ready or self._lines[0][0].done()):
            ready.append(await self._lines[0][0])
            size += len(ready[-1])
            _, characters = self._lines.popleft()
            self._characters -= characters
        self._room.set()
        return b"".join(ready)
