"""What the service counts, and how `/metrics` tells it.

In a single process the numbers live in memory. Among several workers each writes its own into files of their shared
folder, and whoever is scraped adds up the files of all. Nothing is looked up by name while a request is served: the
series that it adds to are kept at hand, and a micro-batch is counted once, not text by text. Labels hold names of
operations and of configured languages, statuses, and what `pipelines` says of an engine: never anything that a caller
sent, so that there are only so many series.
"""

import asyncio
import os
from collections.abc import Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import (
    CollectorRegistry,
    Counter,
    Gauge,
    Histogram,
    ProcessCollector,
    disable_created_metrics,
    generate_latest,
    values,
)
from prometheus_client.multiprocess import MultiProcessCollector

from spanwise.service.telemetry.worker_group import FOLDER_VARIABLE, drop_gauges_of_the_dead, join

if TYPE_CHECKING:
    from spanwise.pipelines import Analyzer, Document

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DocumentOutcome = Literal["ok", "failed", "dropped"]
"""Analysed; a failure inside; taken out of the queue before work began, because nobody waited for it any more."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Up to the longest time that a caller may ask for by default."""

disable_created_metrics()  # a second series for each, which only OpenMetrics has a use for


class Metrics:
    """The numbers of one worker. With a `folder`, which it must have joined, those of its group are told with them."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder
        self._scraping = asyncio.Lock()
        self._registry = registry = CollectorRegistry()
        self._pipeline_info = Gauge(
            "spanwise_pipeline_info",
            "1 for each pipeline that is loaded; reason says why spaCy's own engine serves it.",
            ("language", "pipeline", "engine", "reason"),
            registry=registry,
            multiprocess_mode="livemax",
        )
        self._queue_characters = Gauge(
            "spanwise_queue_characters",
            "Characters that wait or are being analysed.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._queue_limit = Gauge(
            "spanwise_queue_limit_characters",
            "Characters that may wait, in all workers together.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._workers = Gauge(
            "spanwise_workers",
            "Workers that have loaded their pipelines.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self._requests = Counter(
            "spanwise_requests_total", "Requests answered.", ("operation", "status"), registry=registry
        )
        self._seconds = Histogram(
            "spanwise_request_duration_seconds",
            "From a request's headers to the end of its answer.",
            ("operation",),
            registry=registry,
            buckets=_SECONDS,
        )
        self._documents = Counter(
            "spanwise_documents_total",
            "Texts that were accepted, once done.",
            ("language", "outcome"),
            registry=registry,
        )
        self._characters = Counter(
            "spanwise_characters_total", "Characters analysed.", ("language",), registry=registry
        )
        self._nlp_seconds = Counter(
            "spanwise_nlp_seconds_total", "Seconds that NLP threads were busy.", registry=registry
        )
        self.log_lines_dropped = Counter(
            "spanwise_log_lines_dropped_total", "Log lines that could not be written.", registry=registry
        )
        if folder is None:
            ProcessCollector(registry=registry)
        self._requests_of: dict[tuple[str, int], Counter] = {}
        self._seconds_of: dict[str, Histogram] = {}
        self._characters_of: dict[str, Counter] = {}
        self._documents_of: dict[tuple[str, DocumentOutcome], Counter] = {}

    @classmethod
    def of_this_process(cls) -> "Metrics":
        """Those of a worker of a group, where the environment names its folder, or else of a single process.

        To be called once in a process: a second one of a group would write over the first one's numbers.
        """
        if not (folder := os.environ.get(FOLDER_VARIABLE)):
            return cls()
        number = join(Path(folder))
        values.ValueClass = values.MultiProcessValue(lambda: number)
        return cls(Path(folder))

    def ready(self, analyzers: "Iterable[Analyzer]", queue_limit: int) -> None:
        """Told once the pipelines of this worker are loaded; what is counted by language starts at 0."""
        self._workers.set(1)
        self._queue_limit.set(queue_limit)
        for analyzer in analyzers:
            reason = analyzer.fallback.reason if analyzer.fallback else ""
            self._pipeline_info.labels(analyzer.language, analyzer.title, analyzer.engine_name, reason).set(1)
            self._resolve(analyzer.language)

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """A request is over."""
        if (requests := self._requests_of.get((operation, status))) is None:
            requests = self._requests_of[operation, status] = self._requests.labels(operation, str(status))
        requests.inc()
        if (histogram := self._seconds_of.get(operation)) is None:
            histogram = self._seconds_of[operation] = self._seconds.labels(operation)
        histogram.observe(seconds)

    def admitted(self, work: "Sequence[tuple[Analyzer, Document]]") -> None:
        """These wait now."""
        self._queue_characters.inc(sum(len(document.text) for _, document in work))

    def dropped(self, language: str, characters: int) -> None:
        """A document left the queue before any work was done for it."""
        self._queue_characters.dec(characters)
        self._resolve(language)
        self._documents_of[language, "dropped"].inc()

    def analyzed(self, language: str, outcomes: Sequence[object], characters: int, seconds: float) -> None:
        """A micro-batch is done; outcomes that are exceptions have failed."""
        failed = sum(isinstance(outcome, BaseException) for outcome in outcomes)
        self._queue_characters.dec(characters)
        self._nlp_seconds.inc(seconds)
        self._resolve(language)
        self._characters_of[language].inc(characters)
        self._documents_of[language, "ok"].inc(len(outcomes) - failed)
        if failed:
            self._documents_of[language, "failed"].inc(failed)

    def _resolve(self, language: str) -> None:
        if language not in self._characters_of:
            self._characters_of[language] = self._characters.labels(language)
            for outcome in get_args(DocumentOutcome):
                self._documents_of[language, outcome] = self._documents.labels(language, outcome)

    async def exposition(self) -> bytes:
        """The Prometheus text, made in a thread: it takes milliseconds. One at a time, however many ask."""
        async with self._scraping:
            return await asyncio.to_thread(self._collect)

    def _collect(self) -> bytes:
        if self._folder is None:
            return generate_latest(self._registry)
        drop_gauges_of_the_dead(self._folder)
        merged = CollectorRegistry()
        MultiProcessCollector(merged, str(self._folder))
        return generate_latest(merged)
