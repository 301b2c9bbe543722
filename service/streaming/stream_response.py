"""The answer to one stream: JSON Lines in, JSON Lines out, while the caller still sends.

Two tasks share a window of results. `intake.py` reads lines, checks each, queues it for the NLP threads, and stops
reading while the window is full, so that back-pressure reaches the caller by way of TCP. The task here sends the
results in order. A stream that ends early (by a shutdown, or because the caller sends nothing for long) ends with a
last record that says so, unless the caller has gone.
"""

import asyncio
from contextlib import suppress

from starlette.responses import Response
from starlette.types import Receive, Scope, Send

from spanwise.schemas import StreamOptions
from spanwise.service.errors import CallerGone
from spanwise.service.http.bodies import JSON_LINES
from spanwise.service.http.protocol import CONNECTION_LOST
from spanwise.service.http.request_record import record_of
from spanwise.service.runtime import Runtime
from spanwise.service.streaming.intake import Intake

_LINGER_SECONDS = 10  # how long a caller who is still sending may take to read the last record


class StreamResponse(Response):
    """The response to `POST /v1/stream`, which reads the request while it answers."""

    def __init__(self, runtime: Runtime, options: StreamOptions, line_seconds: float, server_timing: str) -> None:
        """`line_seconds` is how long a line may take from when it was read to its result."""
        self.status_code = 200
        self.background = None
        self.raw_headers = [
            (b"content-type", JSON_LINES[0].encode()),
            (b"server-timing", server_timing.encode()),
            (b"x-accel-buffering", b"no"),  # nginx would keep results back
            (b"connection", b"close"),  # the request may not have been read to its end
        ]
        self._runtime = runtime
        self._options = options
        self._line_seconds = line_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end. Raises `CallerGone`."""
        intake = Intake(self._runtime, self._options, self._line_seconds, record_of(scope), receive)
        self._runtime.streams.add(intake)
        reading = asyncio.create_task(intake.read())
        writing = asyncio.create_task(self._write(intake, reading, send))
        disconnect = asyncio.create_task(scope.get(CONNECTION_LOST, asyncio.Event()).wait())
        tasks = (reading, writing, disconnect)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                if disconnect.done():
                    raise CallerGone
                await reading
            await writing
        finally:
            self._runtime.streams.discard(intake)
            for task in tasks:
                task.cancel()
            intake.abandon()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, intake: Intake, reading: "asyncio.Task[None]", send: Send) -> None:
        """Send results as they get ready, in order. Raises `CallerGone` when the caller reads nothing for too long."""
        await asyncio.sleep(0)  # the intake asks for the body, if need be by a 100 Continue, before the answer begins
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while results := await intake.window.take():
            try:
                async with asyncio.timeout(intake.patience):
                    await send({"type": "http.response.body", "body": results, "more_body": True})
            except TimeoutError:
                raise CallerGone from None  # the caller may be connected but does not read
        if intake.ended_early:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(reading), _LINGER_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})
