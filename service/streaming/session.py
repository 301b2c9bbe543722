"""One stream: JSON Lines in, JSON Lines out, while the caller still sends.

Two tasks and a window between them. The reader cuts the body into lines, checks each and puts it into the queue of the
NLP threads; the writer sends the results in order. The reader stops reading while the window is full, so that
back-pressure reaches the caller by way of TCP. Whatever ends a stream early (a shutdown, a caller who sends nothing
for very long) ends it with a last record that says so; only a caller who has gone gets none.
"""

import asyncio
from contextlib import suppress
from functools import partial
from time import perf_counter
from typing import cast

import orjson
from starlette.responses import Response
from starlette.types import Message, Receive, Scope, Send

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import (
    AnalyzeResponse,
    BatchDocument,
    BatchError,
    BatchOk,
    BatchResult,
    DocumentError,
    RejectedDocument,
    StreamOptions,
    given,
    stream_document,
)
from spanwise.service.endpoints.selection import choose_analyzer
from spanwise.service.errors import (
    CallerGone,
    DeadlineExceeded,
    MalformedJson,
    ServiceError,
    ShuttingDown,
    ValidationFailed,
)
from spanwise.service.http.bodies import parse_json
from spanwise.service.http.protocol import CONNECTION_LOST
from spanwise.service.http.request_record import Observed, observed
from spanwise.service.queue.submission import Outcome, Submission
from spanwise.service.runtime import Runtime
from spanwise.service.streaming.json_lines import LineSplitter
from spanwise.service.streaming.window import InFlight

MEDIA_TYPE = "application/jsonl"

_LINES_PER_TURN = 16  # then the event loop gets its turn, even if none of them had to wait
_LINGER_SECONDS = 10  # how long a caller who is still sending may take to read the last record


class _Ended(Exception):
    """The stream is over before its caller said so. What is said goes into its last record."""

    def __init__(self, code: str, why: str) -> None:
        super().__init__(f"The stream ends before this line: {why}. Send it and what follows again.")
        self.code = code


class StreamResponse(Response):
    """The answer to `POST /v1/stream`, which reads the request as it goes."""

    def __init__(self, runtime: Runtime, options: StreamOptions, line_seconds: float, server_timing: str) -> None:
        """`line_seconds`: how long a line may take from when it was read to its result."""
        self.status_code = 200
        self.background = None
        self.raw_headers = [
            (b"content-type", MEDIA_TYPE.encode()),
            (b"server-timing", server_timing.encode()),
            (b"x-accel-buffering", b"no"),  # nginx would keep results back
            (b"connection", b"close"),  # the request may not have been read to its end
        ]
        self._runtime = runtime
        self._options = options
        self._line_seconds = line_seconds

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve the stream to its end. Raises `CallerGone`."""
        stream = _Stream(self._runtime, self._options, self._line_seconds, observed(scope), receive)
        self._runtime.streams.add(stream)
        reading = asyncio.create_task(stream.read())
        writing = asyncio.create_task(self._write(stream, reading, send))
        leaving = asyncio.create_task(scope.get(CONNECTION_LOST, asyncio.Event()).wait())
        tasks = (reading, writing, leaving)
        try:
            await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
            if not writing.done():
                if leaving.done():
                    raise CallerGone
                await reading
            await writing
        finally:
            self._runtime.streams.discard(stream)
            for task in tasks:
                task.cancel()
            stream.abandon()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _write(self, stream: "_Stream", reading: "asyncio.Task[None]", send: Send) -> None:
        await asyncio.sleep(0)  # the reader asks for the body, if need be by a 100 Continue, before the answer begins
        await send({"type": "http.response.start", "status": self.status_code, "headers": self.raw_headers})
        while results := await stream.in_flight.take():
            try:
                async with asyncio.timeout(stream.patience):
                    await send({"type": "http.response.body", "body": results, "more_body": True})
            except TimeoutError:
                raise CallerGone from None  # or as good as gone
        if stream.ended_early:
            with suppress(TimeoutError):
                await asyncio.wait_for(asyncio.shield(reading), _LINGER_SECONDS)
        await send({"type": "http.response.body", "body": b"", "more_body": False})


class _Stream:
    """The intake of a stream, and what of it is on its way."""

    def __init__(
        self, runtime: Runtime, options: StreamOptions, line_seconds: float, seen: Observed, receive: Receive
    ) -> None:
        self.in_flight = InFlight()
        self.ended_early = False
        self.patience = runtime.settings.max_timeout_ms / 1000
        self._runtime = runtime
        self._batcher = runtime.batcher
        self._options = options
        self._line_seconds = line_seconds
        self._seen = seen
        self._receive = receive
        self._index = 0
        self._undone: dict[Submission, asyncio.TimerHandle] = {}

    async def read(self) -> None:
        """Take in lines until there are no more, then wait for the caller to go. Raises `CallerGone` when it does."""
        try:
            await self._read_lines()
        except _Ended as end:
            self.ended_early = True
            self._seen.code = end.code
            self._put_error(None, end.code, str(end))
        self.in_flight.close()
        more = True
        while more or not self.ended_early:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            more = message.get("more_body", False)

    async def _read_lines(self) -> None:
        splitter = LineSplitter(self._runtime.settings.max_stream_line_bytes)
        more = True
        while more:
            message = await self._next_message()
            chunk = message.get("body", b"")
            self._seen.body_bytes += len(chunk)
            for line in splitter.feed(chunk):
                await self._accept(line)
            more = message.get("more_body", False)
        for line in splitter.rest():
            await self._accept(line)

    async def _next_message(self) -> Message:
        limit = asyncio.timeout(self.patience if self._batcher.accepting else 0)
        self._runtime.readers.add(limit)  # a shutdown makes it end at once
        try:
            async with limit:
                message = await self._receive()
        except TimeoutError:
            if not self._batcher.accepting:
                raise _shutting_down() from None
            raise _Ended(DeadlineExceeded.code, f"nothing was sent for {self.patience:g} seconds") from None
        finally:
            self._runtime.readers.discard(limit)
        if message["type"] == "http.disconnect":
            raise CallerGone
        return message

    async def _accept(self, line: bytes | None) -> None:
        """Wait for room, then put a line into the queue, or its error among the results."""
        if self._index % _LINES_PER_TURN == 0:
            await asyncio.sleep(0)
        if line is None or not (line == b"" or line.isspace()):
            document = self._document(line)
            analyzer = self._analyzer(document) if isinstance(document, BatchDocument) else document
            if isinstance(document, BatchDocument) and isinstance(analyzer, Analyzer):
                await self.in_flight.room(len(document.text))
                self._submit(document, analyzer)
            elif isinstance(analyzer, RejectedDocument):
                await self.in_flight.room(0)
                self._put_error(analyzer.id, analyzer.code, analyzer.detail)
        self._index += 1

    def _document(self, line: bytes | None) -> BatchDocument | RejectedDocument:
        settings = self._runtime.settings
        if line is None:
            detail = f"The line has more than {settings.max_stream_line_bytes} bytes."
            return RejectedDocument(id=None, code="line_too_long", detail=detail)
        try:
            value = parse_json(line, "line")
        except MalformedJson as error:
            return RejectedDocument(id=None, code=error.code, detail=error.detail)
        return stream_document(value, settings.limits)

    def _analyzer(self, document: BatchDocument) -> Analyzer | RejectedDocument:
        language = given(document.language) or given(self._options.language)
        try:
            return choose_analyzer(self._runtime.registry, language, self._options.features, "/features")
        except ValidationFailed as error:
            first = error.errors[0]
            return RejectedDocument(id=given(document.id), code=first["code"], detail=first["detail"])

    def _submit(self, document: BatchDocument, analyzer: Analyzer) -> None:
        options = self._options
        work = Document(document.text, options.features, options.offset_encoding, given(options.labels))
        try:
            submission = self._batcher.admit(self._seen.request_id, [(analyzer, work)], streamed=True)
        except ShuttingDown:
            raise _shutting_down() from None
        self._undone[submission] = self._batcher.expire_after(submission, self._line_seconds)
        result = asyncio.get_running_loop().create_future()
        settle = partial(self._settle, submission, self._index, given(document.id), result)
        submission.future.add_done_callback(settle)
        self.in_flight.put(result, len(document.text))
        self._seen.documents += 1
        self._seen.characters += len(document.text)

    def _settle(
        self,
        submission: Submission,
        index: int,
        name: str | None,
        result: "asyncio.Future[bytes]",
        done: "asyncio.Future[None]",
    ) -> None:
        """Encode a line's result as soon as it is there, so that its text is not kept for a slow reader."""
        error = done.exception()
        if (expiry := self._undone.pop(submission, None)) is None:
            return
        expiry.cancel()
        self._batcher.withdraw(submission)
        outcome: Outcome | None = error or submission.outcomes[0]
        started = perf_counter()
        if isinstance(outcome, ServiceError):
            result.set_result(_encode(_failed(index, name, outcome.code, outcome.detail)))
        else:
            result.set_result(_encode(_ok(index, name, cast("AnalyzeResponse", outcome))))
        self._seen.encode_ms += (perf_counter() - started) * 1000
        self._seen.queue_ms += submission.queue_ms
        self._seen.nlp_ms += submission.nlp_ms

    def _put_error(self, name: str | None, code: str, detail: str) -> None:
        result = asyncio.get_running_loop().create_future()
        result.set_result(_encode(_failed(self._index, name, code, detail)))
        self.in_flight.put(result)

    def abandon(self) -> None:
        """Take out of the queue what is still in it: nobody waits for it any more."""
        for submission, expiry in self._undone.items():
            expiry.cancel()
            self._batcher.withdraw(submission)
        self._undone.clear()


def _shutting_down() -> _Ended:
    return _Ended(ShuttingDown.code, "this instance is shutting down")


def _ok(index: int, name: str | None, analysis: AnalyzeResponse) -> BatchOk:
    if name is None:
        return BatchOk(status="ok", index=index, analysis=analysis)
    return BatchOk(status="ok", index=index, id=name, analysis=analysis)


def _failed(index: int, name: str | None, code: str, detail: str) -> BatchError:
    error = DocumentError(code=code, detail=detail)
    if name is None:
        return BatchError(status="error", index=index, error=error)
    return BatchError(status="error", index=index, id=name, error=error)


def _encode(result: BatchResult) -> bytes:
    return orjson.dumps(result, option=orjson.OPT_APPEND_NEWLINE)
