"""A queue whose time and threads are the test's: analyses take the seconds that the test says, and no real ones."""

import asyncio
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import Feature
from spanwise.service.queue.batcher import Batcher


@dataclass
class ScriptedThreads:
    """An executor with a clock. A micro-batch that was handed over runs when the test calls `finish_next`."""

    seconds_of: Callable[[str], float]
    """How long a text really takes."""
    now: float = 1000.0
    handed_over: list[Callable[[], None]] = field(default_factory=list)
    batches: list[list[str]] = field(default_factory=list)
    """The texts of each micro-batch that has run."""

    def clock(self) -> float:
        """Return the test's time, in seconds."""
        return self.now

    def submit(self, run: Callable[..., None], *arguments: Any) -> None:
        """Take a micro-batch over, as an executor does."""
        self.handed_over.append(lambda: run(*arguments))

    async def finish_next(self) -> list[str]:
        """Run the micro-batch that was handed over first, let the queue notice, and return its texts."""
        self.handed_over.pop(0)()
        await settle()
        return self.batches[-1]

    async def finish_all(self) -> None:
        """Run micro-batches until none is left."""
        while self.handed_over:
            await self.finish_next()


class ScriptedAnalyzer:
    """A pipeline that answers nothing, in the time that the test says."""

    default_features: frozenset[Feature] = frozenset({"entities"})

    def __init__(self, threads: ScriptedThreads, language: str = "en") -> None:
        self._threads = threads
        self.language = language
        self.title = f"{language}-scripted"

    def analyze_documents(self, documents: Sequence[Document]) -> list[dict[str, Any]]:
        """Note the texts, and let their time pass."""
        texts = [document.text for document in documents]
        self._threads.batches.append(texts)
        self._threads.now += sum(map(self._threads.seconds_of, texts))
        return [{} for _ in texts]


def queue_with(threads: ScriptedThreads, number: int = 1, **options: Any) -> Batcher:
    """Return a queue over these threads. By default micro-batches hold 16,000 characters and 0.1 s."""
    sizes = {"max_queued_characters": 2_000_000, "batch_characters": 16_000, "document_characters": 100}
    return Batcher(threads, number, clock=threads.clock, **(sizes | options))  # type: ignore[arg-type]


def pipeline(threads: ScriptedThreads, language: str = "en") -> Analyzer:
    """Return a scripted pipeline, as the queue takes it."""
    return ScriptedAnalyzer(threads, language)  # type: ignore[return-value]


async def settle() -> None:
    """Let the event loop run what is ready."""
    for _ in range(5):
        await asyncio.sleep(0)
