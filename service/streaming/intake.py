"""The intake of one stream: read lines, check each, queue it, and put its result into the window."""

import asyncio
from functools import partial
from time import perf_counter
from typing import NamedTuple

from starlette.types import Message, Receive

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import BatchDocument, RejectedDocument, StreamOptions, given, stream_document
from spanwise.service.documents.batch_results import batch_error, batch_result, encode_line
from spanwise.service.documents.document_language import resolve_language
from spanwise.service.documents.options import options_of
from spanwise.service.documents.selection import choice_of, choose_analyzer
from spanwise.service.errors import (
    BrokenBody,
    CallerGone,
    DeadlineExceeded,
    MalformedJson,
    RateLimited,
    ShuttingDown,
    UnpackedTooLarge,
)
from spanwise.service.http.bodies import parse_json, without_byte_order_mark
from spanwise.service.http.deadlines import ReadingLimit
from spanwise.service.http.request_record import RequestRecord
from spanwise.service.queue.encoded_analysis import is_large
from spanwise.service.queue.submission import Submission
from spanwise.service.runtime import Runtime
from spanwise.service.streaming.json_lines import LineSplitter
from spanwise.service.streaming.stream_unpacking import StreamUnpacking
from spanwise.service.streaming.window import Window

_LINES_PER_TURN = 16  # then other tasks of the event loop get their turn, even if no line had to wait


class _EndedEarly(Exception):
    """The service ends the stream before the caller does. The message goes into the last record."""

    def __init__(self, code: str, reason: str) -> None:
        super().__init__(f"The stream ends before this line: {reason}. Send it and what follows again.")
        self.code = code


class _Work(NamedTuple):
    """A line that can be queued: the caller's name for it, its pipeline, its text and options."""

    id: str | None
    analyzer: Analyzer
    document: Document


class Intake:
    """Reads one stream and holds the window of its results."""

    def __init__(
        self, runtime: Runtime, options: StreamOptions, line_seconds: float, record: RequestRecord, receive: Receive
    ) -> None:
        """`line_seconds` is how long a line may take from when it was read to its result."""
        self.window = Window()
        self.ended_early = False
        self.patience = runtime.settings.max_timeout_ms / 1000
        """How many seconds the caller may send nothing, or read nothing."""
        self._runtime = runtime
        self._batcher = runtime.batcher
        self._options = options
        self._wanted = options_of(options)
        self._line_seconds = line_seconds
        self._record = record
        self._receive = receive
        self._more = True
        """Whether there is more of the body to come."""
        self._index = 0
        """The number of the line that is read next, from 0."""
        self._pending: dict[Submission, asyncio.TimerHandle] = {}
        """The lines without a result, each with the timer of its deadline."""

    async def read(self) -> None:
        """Take in all lines, then wait for the caller to disconnect. Raises `CallerGone` when the caller does."""
        try:
            await self._read_lines()
        except _EndedEarly as end:
            self.ended_early = True
            self._record.code = end.code
            self._put_error(None, end.code, str(end))
        self.window.close()
        while self._more or not self.ended_early:
            message = await self._receive()
            if message["type"] == "http.disconnect":
                raise CallerGone
            self._more = message.get("more_body", False)

    async def _read_lines(self) -> None:
        max_line_bytes = self._runtime.settings.max_stream_line_bytes
        splitter = LineSplitter(max_line_bytes)
        coding = self._record.coding
        unpacking = await StreamUnpacking.begin(coding, max_line_bytes) if coding else None
        try:
            while self._more:
                message = await self._next_message()
                chunk = message.get("body", b"")
                self._record.body_bytes += len(chunk)
                self._more = message.get("more_body", False)
                for piece in unpacking.feed(chunk) if unpacking else (chunk,):
                    for line in splitter.feed(piece):
                        await self._accept(line)
                        if unpacking is not None:
                            unpacking.took(line)
                    if unpacking is not None:
                        await asyncio.sleep(0)
            if unpacking is not None:
                unpacking.end()
        except BrokenBody as error:
            raise _EndedEarly(error.code, "its body cannot be unpacked any further") from None
        except UnpackedTooLarge as error:
            raise _EndedEarly(error.code, "its body unpacks to too much that is no document") from None
        for line in splitter.rest():
            await self._accept(line)

    async def _next_message(self) -> Message:
        deadline = asyncio.get_running_loop().time() + self.patience
        try:
            async with ReadingLimit(self._runtime, deadline):
                message = await self._receive()
        except ShuttingDown:
            raise _shutting_down() from None
        except DeadlineExceeded:
            raise _EndedEarly(DeadlineExceeded.code, f"nothing was sent for {self.patience:g} seconds") from None
        if message["type"] == "http.disconnect":
            raise CallerGone
        return message

    async def _accept(self, line: bytes | None) -> None:
        """Wait for room in the window, then queue a line or put its error into the window. Pass over a blank one."""
        if self._index % _LINES_PER_TURN == 0:
            await asyncio.sleep(0)
        if self._index == 0 and line is not None:
            line = without_byte_order_mark(line)
        if line is None or not (line == b"" or line.isspace()):
            document = self._document(line)
            work = await self._work(document) if isinstance(document, BatchDocument) else document
            if isinstance(work, RejectedDocument):
                await self.window.room(0)
                self._put_error(work.id, work.code, work.detail)
            else:
                await self._wait_for_quota()
                await self.window.room(len(work.document.text))
                self._submit(work)
        self._index += 1

    async def _wait_for_quota(self) -> None:
        """Wait until the caller's quota has characters left, so that a stream is as fast as its quota."""
        allowance = self._record.allowance
        if allowance is None or not (seconds := allowance.seconds_until_characters()):
            return
        if seconds > self.patience:
            reason = f"the API key's characters are spent for more than {self.patience:g} seconds"
            raise _EndedEarly(RateLimited.code, reason)
        try:
            async with ReadingLimit(self._runtime, asyncio.get_running_loop().time() + self.patience + 1):
                await asyncio.sleep(seconds)
        except ShuttingDown:
            raise _shutting_down() from None

    def _document(self, line: bytes | None) -> BatchDocument | RejectedDocument:
        """Parse and validate a line; None is a line over the limit."""
        settings = self._runtime.settings
        if line is None:
            detail = f"The line has more than {settings.max_stream_line_bytes} bytes."
            return RejectedDocument(id=None, code="line_too_long", detail=detail)
        try:
            value = parse_json(line, "line")
        except MalformedJson as error:
            return RejectedDocument(id=None, code=error.code, detail=error.detail)
        return stream_document(value, settings.limits)

    async def _work(self, document: BatchDocument) -> _Work | RejectedDocument:
        """Choose the pipeline of a line, and put its text and options together."""
        by = await resolve_language(self._runtime, choice_of(document, self._options), document.text)
        chosen = by.error or choose_analyzer(self._runtime.registry, by.choice, self._wanted)
        if not isinstance(chosen, Analyzer):
            return RejectedDocument(id=given(document.id), code=chosen["code"], detail=chosen["detail"])
        return _Work(given(document.id), chosen, self._wanted.document(document.text, chosen, by))

    def _submit(self, work: _Work) -> None:
        """Queue a line, start its deadline, and put its future result into the window."""
        characters = len(work.document.text)
        try:
            submission = self._batcher.admit(
                self._record.request_id,
                [(work.analyzer, work.document)],
                streamed=True,
                caller=self._record.caller,
            )
        except ShuttingDown:
            raise _shutting_down() from None
        submission.large = is_large([(work.analyzer, work.document)])
        self._pending[submission] = self._batcher.expire_after(submission, self._line_seconds)
        result = asyncio.get_running_loop().create_future()
        settle = partial(self._settle, submission, self._index, work.id, result)
        submission.future.add_done_callback(settle)
        self.window.put(result, characters)
        self._record.documents += 1
        self._record.pipelines.add(work.analyzer.title)
        self._record.characters += characters
        if self._record.allowance is not None:
            self._record.allowance.charge(characters)

    def _settle(
        self,
        submission: Submission,
        index: int,
        document_id: str | None,
        result: "asyncio.Future[bytes]",
        done: "asyncio.Future[None]",
    ) -> None:
        """Encode a line's result as soon as it is ready, so that its text is not kept for a slow reader."""
        error = done.exception()
        if (expiry := self._pending.pop(submission, None)) is None:
            return
        expiry.cancel()
        self._batcher.withdraw(submission)
        started = perf_counter()
        result.set_result(encode_line(batch_result(index, document_id, error or submission.outcomes[0])))
        self._record.encode_ms += (perf_counter() - started) * 1000
        self._record.queue_ms += submission.queue_ms
        self._record.nlp_ms += submission.nlp_ms

    def _put_error(self, document_id: str | None, code: str, detail: str) -> None:
        result = asyncio.get_running_loop().create_future()
        result.set_result(encode_line(batch_error(self._index, document_id, code, detail)))
        self.window.put(result)

    def abandon(self) -> None:
        """Take the lines that still wait out of the queue, because nobody will read their results."""
        for submission, expiry in self._pending.items():
            expiry.cancel()
            self._batcher.withdraw(submission)
        self._pending.clear()


def _shutting_down() -> _EndedEarly:
    return _EndedEarly(ShuttingDown.code, "this instance is shutting down")
