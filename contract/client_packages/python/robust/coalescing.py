"""Single calls that wait for an answer, gathered into batches.

There are no timers, as in the service itself: a call that comes while nobody sends is sent at once, and those that come
meanwhile are the next batch. So a lone call waits for nothing, and many calls share the costs of a request.
"""

import asyncio
from collections import OrderedDict, deque
from collections.abc import Awaitable, Callable, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from threading import Lock
from typing import Any

from spanwise_client.models import AnalyzeResponse, BatchOk
from spanwise_client.robust.errors import DocumentRefused, Refused
from spanwise_client.robust.options import as_json, plain, result_of

_TOO_LARGE = 413


@dataclass(eq=False)
class Call:
    """One text with its options, encoded, and where its answer goes."""

    options: bytes
    document: bytes
    characters: int
    answer: Future[AnalyzeResponse]
    sent_again: bool = False

    @classmethod
    def of(cls, text: str, options: Mapping[str, Any]) -> "Call":
        """Encode a text. `language` and `pipeline` go with it, so that calls that differ in them share a batch."""
        whole = plain(options)
        document: dict[str, Any] = {
            "text": text,
            **{name: whole.pop(name) for name in ("language", "pipeline") if name in whole},
        }
        return cls(as_json(dict(sorted(whole.items()))), as_json(document), len(text), Future())


@dataclass
class Limits:
    """How much one batch holds: the service's defaults, lowered when a batch is refused as too large."""

    documents: int = 128
    characters: int = 1_000_000
    size: int = (4 << 20) - (64 << 10)  # bytes of all documents; the rest is for the options

    def lower(self, refusal: Refused, calls: Sequence[Call]) -> bool:
        """Lower the limit that a refused batch went over, and return whether its calls may fit into smaller ones."""
        if len(calls) == 1:
            return False
        if refusal.status == _TOO_LARGE:
            self.size = min(self.size, sum(len(call.document) for call in calls) // 2)
        elif "too_many_documents" in refusal.errors:
            self.documents = min(self.documents, len(calls) // 2)
        elif "too_many_characters" in refusal.errors:
            self.characters = min(self.characters, sum(call.characters for call in calls) // 2)
        else:
            return False
        return True


class Waiting:
    """The calls that wait, by their options; options that have waited longest come first. Any thread may use it.

    At most `parallel` senders take batches of them: `add` says when one must start, and an empty `take` ends one.
    """

    def __init__(self, parallel: int) -> None:
        self.limits = Limits()
        self._parallel = parallel
        self._lock = Lock()  # guards all below
        self._senders = 0
        self._by_options: OrderedDict[bytes, deque[Call]] = OrderedDict()

    def add(self, call: Call) -> bool:
        """Add a call behind the others of its options, and return whether another sender must start."""
        with self._lock:
            self._by_options.setdefault(call.options, deque()).append(call)
            starts = self._senders < self._parallel
            self._senders += starts
            return starts

    def take(self) -> list[Call]:
        """Return the next batch, without calls that were cancelled. An empty one ends the sender that gets it."""
        with self._lock:
            while self._by_options:
                options, calls = next(iter(self._by_options.items()))
                batch = self._fitting(calls)
                if calls:
                    self._by_options.move_to_end(options)
                else:
                    del self._by_options[options]
                if batch:
                    return batch
            self._senders -= 1
            return []

    def answered(self, calls: Sequence[Call], answer: Mapping[str, Any]) -> None:
        """Give each call of a batch its result. After an error inside the service a call is sent once more."""
        again = []
        try:
            for call, fields in zip(calls, answer["results"], strict=True):
                result = result_of(fields)
                if isinstance(result, BatchOk):
                    call.answer.set_result(result.analysis)
                elif result.error.code == "internal_error" and not call.sent_again:
                    call.sent_again = True
                    again.append(call)
                else:
                    call.answer.set_exception(DocumentRefused(result.error.code, result.error.detail))
        except (AttributeError, KeyError, TypeError, ValueError) as error:  # it was no answer of this service
            self.failed(calls, error)
        else:
            self._put_back(again)

    def failed(self, calls: Sequence[Call], error: BaseException) -> None:
        """Give an error to every call of a batch that has no result. What was too large together is sent apart."""
        if isinstance(error, Refused) and self.limits.lower(error, calls):
            self._put_back(calls)
            return
        for call in calls:
            if not call.answer.done():
                call.answer.set_exception(error)

    def _put_back(self, calls: Sequence[Call]) -> None:
        """Put calls of the same options back before all others."""
        with self._lock:
            for call in reversed(calls):
                self._by_options.setdefault(call.options, deque()).appendleft(call)
                self._by_options.move_to_end(call.options, last=False)

    def _fitting(self, calls: deque[Call]) -> list[Call]:
        """Take calls from the left: as many as one batch may hold, at least one, and no cancelled ones."""
        batch: list[Call] = []
        characters = size = 0
        while calls and len(batch) < self.limits.documents:
            call = calls[0]
            characters += call.characters
            size += len(call.document) + 1
            if batch and (characters > self.limits.characters or size > self.limits.size):
                break
            calls.popleft()
            if call.answer.running() or call.answer.set_running_or_notify_cancel():
                batch.append(call)
        return batch


def body_of(calls: Sequence[Call]) -> bytes:
    """Return the body of `POST /v1/batch` for calls of the same options."""
    options = calls[0].options.removeprefix(b"{").removesuffix(b"}")
    documents = b",".join(call.document for call in calls)
    return b'{"documents":[' + documents + b"]" + (b"," + options if options else b"") + b"}"


class Coalescer:
    """Sends the calls of many threads, with at most `parallel` requests at a time."""

    def __init__(self, send: Callable[[bytes], Mapping[str, Any]], parallel: int) -> None:
        self._send = send
        self._waiting = Waiting(parallel)
        self._threads = ThreadPoolExecutor(parallel, "spanwise-client")
        self._closed = False

    def submit(self, call: Call) -> Future[AnalyzeResponse]:
        """Take a call, and return where its answer will be."""
        if self._closed:
            raise RuntimeError("The client is closed.")
        if self._waiting.add(call):
            self._threads.submit(self._send_all)
        return call.answer

    def close(self) -> None:
        """Wait until every call that was taken has its answer."""
        self._closed = True
        self._threads.shutdown()

    def _send_all(self) -> None:
        while calls := self._waiting.take():
            try:
                answer = self._send(body_of(calls))
            except Exception as error:  # noqa: BLE001 - whatever it is, no caller waits for ever
                self._waiting.failed(calls, error)
            else:
                self._waiting.answered(calls, answer)


class AsyncCoalescer:
    """Sends the calls of many tasks, with at most `parallel` requests at a time."""

    def __init__(self, send: Callable[[bytes], Awaitable[Mapping[str, Any]]], parallel: int) -> None:
        self._send = send
        self._waiting = Waiting(parallel)
        self._senders: set[asyncio.Task[None]] = set()

    async def answer(self, call: Call) -> AnalyzeResponse:
        """Take a call, and return its answer. A call that is cancelled before it was sent is not sent."""
        if self._waiting.add(call):
            sender = asyncio.create_task(self._send_all())
            self._senders.add(sender)
            sender.add_done_callback(self._senders.discard)
        return await asyncio.wrap_future(call.answer)

    async def close(self) -> None:
        """Wait until every call that was taken has its answer."""
        await asyncio.gather(*self._senders)

    async def _send_all(self) -> None:
        while calls := self._waiting.take():
            try:
                answer = await self._send(body_of(calls))
            except Exception as error:  # noqa: BLE001 - whatever it is, no caller waits for ever
                self._waiting.failed(calls, error)
            else:
                self._waiting.answered(calls, answer)
