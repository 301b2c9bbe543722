"""What no request counts: the state of the queue, open streams, the compiled engine's tables, the garbage collector.

A single process looks at it before a scrape. In a group of workers the one that is scraped cannot look into the others,
so each looks once a second and leaves the numbers in its files.
"""

import asyncio
import gc
from collections.abc import AsyncIterator, Callable, Iterable, Sequence
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, NamedTuple

from prometheus_client import Counter

from spanwise.service.telemetry.metrics import LINES, Metrics

if TYPE_CHECKING:
    from spanwise.pipelines import Analyzer

_PERIOD_SECONDS = 1.0


class QueueState(NamedTuple):
    """The queue at one moment."""

    work_seconds: Sequence[float]
    """Estimated NLP thread seconds that wait, for each of the `LINES`."""
    oldest_seconds: float
    """How long the oldest of what waits has waited; 0 if nothing waits."""
    running: int
    """How many micro-batches are being analysed."""


class Sampler:
    """Sets the metrics of one worker that nobody counts."""

    def __init__(
        self,
        metrics: Metrics,
        analyzers: "Iterable[Analyzer]",
        queue: Callable[[], QueueState],
        streams: Callable[[], int],
    ) -> None:
        self._families = metrics.families
        self._analyzers = list(analyzers)
        self._queue = queue
        self._streams = streams
        self._seen: dict[Counter, int] = {}

    def sample(self) -> None:
        """Set the metrics to what there is now. Takes some tens of microseconds."""
        families, queue = self._families, self._queue()
        for line, seconds in zip(LINES, queue.work_seconds, strict=True):
            families.queue_seconds.labels(line).set(seconds)
        families.queue_oldest.set(queue.oldest_seconds)
        families.nlp_threads_busy.set(queue.running)
        families.streams.set(self._streams())
        for analyzer in self._analyzers:
            for table in analyzer.word_tables:
                where = analyzer.title, table.name
                families.lexicon_words.labels(*where).set(table.words)
                families.lexicon_bytes.labels(*where).set(table.bytes)
                families.lexicon_limit_bytes.labels(*where).set(table.limit_bytes)
                self._count(families.lexicon_turnovers.labels(*where), table.turnovers)
        for generation, stats in enumerate(gc.get_stats()):
            label = str(generation)
            self._count(families.gc_collections.labels(label), stats["collections"])
            self._count(families.gc_collected.labels(label), stats["collected"])
            self._count(families.gc_uncollectable.labels(label), stats["uncollectable"])

    def _count(self, counter: Counter, now: int) -> None:
        """Add what a running number has gained since it was last seen, so that it continues a dead worker's."""
        counter.inc(max(0, now - self._seen.get(counter, 0)))
        self._seen[counter] = now


@asynccontextmanager
async def sampling(metrics: Metrics, sampler: Sampler) -> AsyncIterator[None]:
    """Within the block, sample before each scrape, and in a group of workers once a second."""
    metrics.sample = sampler.sample
    sampler.sample()
    task = asyncio.create_task(_repeat(sampler)) if metrics.folder is not None else None
    try:
        yield
    finally:
        metrics.sample = lambda: None
        if task is not None:
            task.cancel()


async def _repeat(sampler: Sampler) -> None:
    while True:
        await asyncio.sleep(_PERIOD_SECONDS)
        sampler.sample()
