"""What is analysed on the event loop, and what never is."""

import asyncio
import threading
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from spanwise.pipelines import Analyzer, Document
from spanwise.pipelines.language import LanguageDetector
from spanwise.service.queue.batcher import Batcher
from spanwise.service.queue.submission import Submission
from tests.support.fakes import GatedEngine, with_engine

pytestmark = pytest.mark.anyio

TEXT = "Tim Cook visited Paris."


class CountingThreads:
    """An executor that runs each micro-batch in a thread of its own, and counts them."""

    def __init__(self) -> None:
        self.batches = 0

    def submit(self, run: Callable[..., None], *arguments: Any) -> None:
        """Take a micro-batch over, as an executor does."""
        self.batches += 1
        threading.Thread(target=run, args=arguments).start()


async def analyze(batcher: Batcher, *work: tuple[Analyzer, Document]) -> Submission:
    """Send one request through the queue."""
    submission = batcher.admit("request", work)
    await batcher.wait(submission, 20)
    return submission


def queue(threads: CountingThreads, milliseconds: float = 1000) -> Batcher:
    """Return a queue that analyses on the event loop what is likely to take so long."""
    return Batcher(threads, 1, 2_000_000, 16_000, 100, loop_milliseconds=milliseconds)  # type: ignore[arg-type]


async def test_a_lone_short_text_wakes_no_thread(english: Analyzer) -> None:
    """Its answer is the one that a thread gives, and its times are recorded as ever."""
    threads = CountingThreads()
    document = Document(TEXT, frozenset({"entities"}))
    alone = await analyze(queue(threads), (english, document))
    assert threads.batches == 0
    assert alone.outcomes == english.analyze_documents([document])
    assert alone.nlp_ms > 0
    by_thread = await analyze(queue(threads, 0), (english, document))
    assert threads.batches == 1
    assert by_thread.outcomes == alone.outcomes


@pytest.mark.parametrize(
    "document",
    [
        Document(TEXT * 200, frozenset({"entities"})),  # more than a text on the loop may have
        Document(TEXT, frozenset({"entities", "noun_chunks"})),  # the test makes them spaCy's
    ],
    ids=["long", "noun chunks"],
)
async def test_what_is_long_or_not_the_kernels_goes_to_a_thread(
    english: Analyzer, document: Document, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The loop analyses only what takes a time that is known to be short."""
    monkeypatch.setattr(Analyzer, "computes_in_kernels", lambda _, features: "noun_chunks" not in features)
    threads = CountingThreads()
    await analyze(queue(threads), (english, document))
    assert threads.batches == 1


async def test_what_is_likely_to_take_longer_goes_to_a_thread(english: Analyzer) -> None:
    """The estimate decides, below the bound of characters."""
    threads = CountingThreads()
    await analyze(queue(threads, 0.001), (english, Document(TEXT, frozenset({"entities"}))))
    assert threads.batches == 1


async def test_a_component_that_may_hang_never_runs_on_the_loop(english: Analyzer, engine: GatedEngine) -> None:
    """The loop turns while the component waits; the text behind it waits too and is not analysed on the loop."""
    threads = CountingThreads()
    batcher = queue(threads)
    hanging = asyncio.create_task(
        analyze(batcher, (with_engine(english, engine), Document(TEXT, frozenset({"entities"}))))
    )
    assert await asyncio.to_thread(engine.entered.wait, 10)
    behind = asyncio.create_task(analyze(batcher, (english, Document(TEXT, frozenset({"entities"})))))
    await asyncio.sleep(0.05)
    assert not hanging.done()
    assert not behind.done()
    engine.gate.set()
    await asyncio.gather(hanging, behind)


async def test_a_detector_is_not_loaded_on_the_loop(english: Analyzer) -> None:
    """The first text whose language is assumed goes to a thread, which loads the detector."""
    threads = CountingThreads()
    batcher, analyzer = queue(threads), replace(english, detector=LanguageDetector())
    document = Document(TEXT * 3, frozenset({"entities"}), language_assumed=True)
    await analyze(batcher, (analyzer, document))
    assert threads.batches == 1
    await analyze(batcher, (analyzer, document))
    assert threads.batches == 1
