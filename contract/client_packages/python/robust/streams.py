"""Streams of documents with back-pressure: documents are taken only as fast as the results of earlier ones are read.

At most `parallel` windows are on their way, so that memory stays bounded however long a stream is and however slowly
its results are read. Results come in the order of the documents, each as soon as it and all before it are ready.
"""

import asyncio
import time
from collections import deque
from collections.abc import AsyncGenerator, AsyncIterable, Generator, Iterable, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import aclosing, closing
from itertools import islice
from queue import SimpleQueue
from threading import Event
from typing import Any

from spanwise_client.robust.errors import Refused
from spanwise_client.robust.http import BROKEN, AsyncRetryingClient, RetryingClient
from spanwise_client.robust.options import Document, Result
from spanwise_client.robust.windows import Lines, LineSplitter, Window, cut, cut_async

_PATH = "/v1/stream"
_HEADERS = {"Content-Type": "application/jsonl"}

Item = Result | Exception | None
"""What comes of a window: results, and then None, or the error that ends the stream."""


class Streams:
    """Streams over a client, whose windows are sent by threads."""

    def __init__(self, http: RetryingClient, parallel: int) -> None:
        self._http = http
        self._parallel = parallel

    def results(self, documents: Iterable[Document], options: Mapping[str, Any]) -> Generator[Result, None, None]:
        """Yield the result of each document. Documents are taken in the caller's own thread."""
        stopped = Event()
        windows = cut(documents)
        running: deque[SimpleQueue[Item]] = deque()
        threads = ThreadPoolExecutor(self._parallel, "spanwise-stream")

        def start(number: int) -> None:
            for window in islice(windows, number):
                items: SimpleQueue[Item] = SimpleQueue()
                threads.submit(self._fill, items, window, options, stopped)
                running.append(items)

        try:
            start(self._parallel)
            while running:
                items = running.popleft()
                while (item := items.get()) is not None:
                    if isinstance(item, Exception):
                        raise item
                    yield item
                start(1)
        finally:
            stopped.set()
            threads.shutdown(wait=False, cancel_futures=True)

    def _fill(self, items: SimpleQueue[Item], window: Window, options: Mapping[str, Any], stopped: Event) -> None:
        try:
            with closing(self._results_of(Lines(window, self._http.retries), options)) as results:
                for result in results:
                    if stopped.is_set():
                        return
                    items.put(result)
        except Exception as error:  # noqa: BLE001 - the caller's thread raises it
            items.put(error)
        else:
            items.put(None)

    def _results_of(self, lines: Lines, options: Mapping[str, Any]) -> Generator[Result, None, None]:
        while not lines.are_done:
            request = self._http.stream("POST", _PATH, params=options, content=lines.body(), headers=_HEADERS)
            with request as response:
                if not response.is_success:
                    raise Refused.by(response)
                splitter, broken = LineSplitter(), None
                chunks = response.iter_bytes()
                while not lines.are_cut_short:
                    try:
                        chunk = next(chunks, None)
                    except BROKEN as error:
                        chunk, broken = None, error
                    if chunk is None:
                        break
                    for line in splitter.feed(chunk):
                        result = lines.take(line)
                        if isinstance(result, Lines):
                            yield from self._results_of(result, options)
                        elif result is not None:
                            yield result
            if not lines.are_done:
                time.sleep(lines.wait_after(broken))


class AsyncStreams:
    """Streams over an asynchronous client, whose windows are sent by tasks."""

    def __init__(self, http: AsyncRetryingClient, parallel: int) -> None:
        self._http = http
        self._parallel = parallel

    async def results(
        self, documents: Iterable[Document] | AsyncIterable[Document], options: Mapping[str, Any]
    ) -> AsyncGenerator[Result, None]:
        """Yield the result of each document."""
        free = asyncio.Semaphore(self._parallel)
        running: asyncio.Queue[asyncio.Queue[Item] | Exception | None] = asyncio.Queue()
        tasks: list[asyncio.Task[None]] = []

        async def start_windows() -> None:
            try:
                async with aclosing(_windows(documents)) as windows:
                    while await free.acquire() and (window := await anext(windows, None)):
                        items: asyncio.Queue[Item] = asyncio.Queue()
                        tasks[1:] = [task for task in tasks[1:] if not task.done()]
                        tasks.append(asyncio.create_task(self._fill(items, window, options)))
                        running.put_nowait(items)
            except Exception as error:  # noqa: BLE001 - the caller's source has failed, and the caller's task raises it
                running.put_nowait(error)
            else:
                running.put_nowait(None)

        tasks.append(asyncio.create_task(start_windows()))
        try:
            while (items := await running.get()) is not None:
                if isinstance(items, Exception):
                    raise items
                while (item := await items.get()) is not None:
                    if isinstance(item, Exception):
                        raise item
                    yield item
                free.release()
        finally:
            for task in tasks:
                task.cancel()
            await asyncio.gather(*tasks, return_exceptions=True)

    async def _fill(self, items: "asyncio.Queue[Item]", window: Window, options: Mapping[str, Any]) -> None:
        try:
            async with aclosing(self._results_of(Lines(window, self._http.retries), options)) as results:
                async for result in results:
                    items.put_nowait(result)
        except Exception as error:  # noqa: BLE001 - the caller's task raises it
            items.put_nowait(error)
        else:
            items.put_nowait(None)

    async def _results_of(self, lines: Lines, options: Mapping[str, Any]) -> AsyncGenerator[Result, None]:
        while not lines.are_done:
            request = self._http.stream("POST", _PATH, params=options, content=lines.body(), headers=_HEADERS)
            async with request as response:
                if not response.is_success:
                    raise Refused.by(response)
                splitter, broken = LineSplitter(), None
                chunks = response.aiter_bytes()
                while not lines.are_cut_short:
                    try:
                        chunk = await anext(chunks, None)
                    except BROKEN as error:
                        chunk, broken = None, error
                    if chunk is None:
                        break
                    for line in splitter.feed(chunk):
                        result = lines.take(line)
                        if isinstance(result, Lines):
                            async for once_more in self._results_of(result, options):
                                yield once_more
                        elif result is not None:
                            yield result
            if not lines.are_done:
                await asyncio.sleep(lines.wait_after(broken))


async def _windows(documents: Iterable[Document] | AsyncIterable[Document]) -> AsyncGenerator[Window, None]:
    if isinstance(documents, AsyncIterable):
        async with aclosing(cut_async(documents)) as windows:
            async for window in windows:
                yield window
    else:
        for window in cut(documents):
            yield window
