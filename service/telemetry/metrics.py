"""The metrics of the service, and the text of `/metrics`.

A single process keeps the numbers in memory. Several workers each write their own numbers into files of a shared
folder, and the worker that is scraped adds up the files of all. To keep counting cheap, requests look up no series by
name (the objects are kept in dictionaries), and a micro-batch is counted once, not text by text. Labels hold names of
operations, loaded pipelines and their languages, statuses, and the engine with its reason: never anything that a caller
sent, so the number of series is bounded.
"""

import asyncio
import os
from collections.abc import Iterable
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
from prometheus_client.metrics import MetricWrapperBase
from prometheus_client.multiprocess import MultiProcessCollector

from spanwise.service.telemetry.worker_group import FOLDER_VARIABLE, KINDS, drop_gauges_of_the_dead, join

if TYPE_CHECKING:
    from spanwise.pipelines import Analyzer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DocumentOutcome = Literal["ok", "failed", "dropped"]
"""`ok`: analysed. `failed`: the analysis raised. `dropped`: left the queue unanalysed, since nobody waited any more."""

_SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Bounds of the duration histogram, up to the longest timeout that a caller may ask for by default."""

disable_created_metrics()  # they would be a second series for each, for OpenMetrics alone


class Metrics:
    """The metrics of one worker. With a `folder`, which the worker must have joined, its group's are exposed too."""

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
            ("pipeline", "language", "outcome"),
            registry=registry,
        )
        self._characters = Counter(
            "spanwise_characters_total", "Characters analysed.", ("pipeline", "language"), registry=registry
        )
        self._nlp_seconds = Counter(
            "spanwise_nlp_seconds_total", "Seconds that NLP threads were busy.", registry=registry
        )
        self._overruns = Counter(
            "spanwise_micro_batch_overruns_total",
            "Micro-batches that took much longer than estimated.",
            registry=registry,
        )
        self.log_lines_dropped = Counter(
            "spanwise_log_lines_dropped_total", "Log lines that could not be written.", registry=registry
        )
        self.connections = Gauge(
            "spanwise_connections", "Open connections.", registry=registry, multiprocess_mode="livesum"
        )
        self.connection_limit = Gauge(
            "spanwise_connection_limit",
            "Connections that may be open besides those of probes, in all workers together.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        self.connections_closed = Counter(
            "spanwise_connections_closed_total",
            "Connections that the service closed by itself.",
            ("reason",),
            registry=registry,
        )
        self.unread_bytes = Gauge(
            "spanwise_unread_bytes",
            "Bytes of answers that wait for callers to read.",
            registry=registry,
            multiprocess_mode="livesum",
        )
        if folder is None:
            ProcessCollector(registry=registry)
        _check_files(value for value in vars(self).values() if isinstance(value, MetricWrapperBase))
        self._requests_of: dict[tuple[str, int], Counter] = {}
        self._seconds_of: dict[str, Histogram] = {}
        self._characters_of: dict[str, Counter] = {}
        self._documents_of: dict[tuple[str, DocumentOutcome], Counter] = {}

    @classmethod
    def of_this_process(cls) -> "Metrics":
        """Return the metrics of a worker of a group, if the environment names its folder, else of a single process.

        Call once in a process: a second object of a group would overwrite the first one's numbers.
        """
        if not (folder := os.environ.get(FOLDER_VARIABLE)):
            return cls()
        number = join(Path(folder))
        values.ValueClass = values.MultiProcessValue(lambda: number)
        return cls(Path(folder))

    def ready(self, analyzers: "Iterable[Analyzer]", queue_limit: int) -> None:
        """Call once after loading: sets the static gauges and creates every per-pipeline series at 0."""
        self._workers.set(1)
        self._queue_limit.set(queue_limit)
        for analyzer in analyzers:
            reason = analyzer.fallback.reason if analyzer.fallback else ""
            self._pipeline_info.labels(analyzer.language, analyzer.title, analyzer.engine_name, reason).set(1)
            self._resolve(analyzer)

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Count a request that is over, and its duration."""
        if (requests := self._requests_of.get((operation, status))) is None:
            requests = self._requests_of[operation, status] = self._requests.labels(operation, str(status))
        requests.inc()
        if (histogram := self._seconds_of.get(operation)) is None:
            histogram = self._seconds_of[operation] = self._seconds.labels(operation)
        histogram.observe(seconds)

    def admitted(self, characters: int) -> None:
        """Add the characters of documents that have entered the queue."""
        self._queue_characters.inc(characters)

    def dropped(self, analyzer: "Analyzer", characters: int) -> None:
        """Count a document that left the queue before any work was done for it."""
        self._queue_characters.dec(characters)
        self._resolve(analyzer)
        self._documents_of[analyzer.title, "dropped"].inc()

    def analyzed(self, analyzer: "Analyzer", ok: int, failed: int, characters: int, seconds: float) -> None:
        """Count the documents of a finished micro-batch."""
        self._queue_characters.dec(characters)
        self._nlp_seconds.inc(seconds)
        self._resolve(analyzer)
        self._characters_of[analyzer.title].inc(characters)
        self._documents_of[analyzer.title, "ok"].inc(ok)
        if failed:
            self._documents_of[analyzer.title, "failed"].inc(failed)

    def overran(self) -> None:
        """Count a micro-batch that took much longer than estimated."""
        self._overruns.inc()

    def _resolve(self, analyzer: "Analyzer") -> None:
        """Keep the series of a pipeline at hand; new ones start at 0."""
        title, language = analyzer.title, analyzer.language
        if title not in self._characters_of:
            self._characters_of[title] = self._characters.labels(title, language)
            for outcome in get_args(DocumentOutcome):
                self._documents_of[title, outcome] = self._documents.labels(title, language, outcome)

    async def exposition(self) -> bytes:
        """Return the Prometheus text. Made in a thread, since it takes milliseconds, and by one scrape at a time."""
        async with self._scraping:
            return await asyncio.to_thread(self._collect)

    def _collect(self) -> bytes:
        if self._folder is None:
            return generate_latest(self._registry)
        drop_gauges_of_the_dead(self._folder)
        merged = CollectorRegistry()
        MultiProcessCollector(merged, str(self._folder))
        return generate_latest(merged)


def _check_files(metrics: Iterable[MetricWrapperBase]) -> None:
    """Raise RuntimeError if prometheus_client would keep one of these metrics in a file that no worker allocates.

    It keeps counters and histograms in files of these names, and gauges by the way in which workers are merged.
    """
    for metric in metrics:
        kind = str(metric._type)  # noqa: SLF001 - prometheus_client.values names the files by these attributes
        if isinstance(metric, Gauge):
            kind += f"_{metric._multiprocess_mode}"  # noqa: SLF001
        if kind not in KINDS:
            name = metric._name  # noqa: SLF001
            raise RuntimeError(f"The metric {name} needs files of the kind {kind}: add it to KINDS in worker_group.py.")
