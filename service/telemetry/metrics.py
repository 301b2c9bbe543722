"""What the service counts, and the text of `/metrics`.

A single process keeps the numbers in memory. Several workers each write their own numbers into files of a shared
folder, and the worker that is scraped adds up the files of all. To keep counting cheap, requests look up no series by
name (the tallies are kept in dictionaries), and a micro-batch is counted once, not text by text. What changes without
being counted, such as the age of what waits, is looked at before a scrape, and once a second in a group of workers
(`metrics_sampling.py`). `metric_families.py` names the metrics.
"""

import asyncio
import os
import platform
from collections.abc import Callable, Iterable
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Literal, get_args

from prometheus_client import CollectorRegistry, ProcessCollector, generate_latest, values
from prometheus_client.multiprocess import MultiProcessCollector

from spanwise.service.telemetry.metric_families import (
    BATCH_DOCUMENTS,
    BATCH_SECONDS,
    SECONDS,
    WAIT_SECONDS,
    MetricFamilies,
)
from spanwise.service.telemetry.tallies import HistogramTally, Tallies, Tally
from spanwise.service.telemetry.worker_group import FOLDER_VARIABLE, drop_gauges_of_the_dead, join
from spanwise.service.telemetry.worker_processes import WorkerProcesses

if TYPE_CHECKING:
    from spanwise.pipelines import Analyzer

CONTENT_TYPE = "text/plain; version=0.0.4; charset=utf-8"

DocumentOutcome = Literal["ok", "failed", "dropped"]
"""`ok`: analysed. `failed`: the analysis raised. `dropped`: left the queue unanalysed, since nobody waited any more."""
DropReason = Literal["deadline", "disconnect", "shutdown"]
"""Why a text left the queue unanalysed."""
Stage = Literal["queue", "analysis"]
"""Where a request was when its deadline passed or its caller hung up: waiting, or with a text being analysed."""
LINES = ("short", "long", "stream")
"""The lines of the queue, in the order of the numbers in `service/queue/submission.py`."""

MOST_KEYS = 100
"""So many API keys are counted by name; all others together, as `other`."""
OTHER_KEYS = "other"


class Metrics:
    """The metrics of one worker. With a `folder`, which the worker must have joined, its group's are exposed too."""

    def __init__(self, folder: Path | None = None) -> None:
        self.folder = folder
        self.families = families = MetricFamilies()
        self.log_lines_dropped = families.log_lines_dropped
        self.connections = families.connections
        self.connection_limit = families.connection_limit
        self.connections_closed = families.connections_closed
        self.unread_bytes = families.unread_bytes
        self.sample: Callable[[], None] = lambda: None
        """Called before a scrape, on the event loop, to set what is not counted."""
        self._scraping = asyncio.Lock()
        self._tallies = tallies = Tallies()
        self._in_flight = tallies.of(families.requests_in_flight)
        self._queue_characters = tallies.of(families.queue_characters)
        self._nlp_seconds = tallies.of(families.nlp_seconds)
        self._batch_estimates = tallies.of(families.batch_estimates)
        self._batch_documents = tallies.of_histogram(families.batch_documents, BATCH_DOCUMENTS)
        self._batch_seconds = tallies.of_histogram(families.batch_seconds, BATCH_SECONDS)
        self._waits = [tallies.of_histogram(families.queue_wait.labels(line), WAIT_SECONDS) for line in LINES]
        self._requests_of: dict[tuple[str, int], Tally] = {}
        self._seconds_of: dict[str, HistogramTally] = {}
        self._characters_of: dict[str, Tally] = {}
        self._documents_of: dict[tuple[str, DocumentOutcome], Tally] = {}
        self._keys: dict[str, tuple[Tally, Tally, Tally]] = {}
        for reason in get_args(DropReason):
            families.documents_dropped.labels(reason)
        for stage in get_args(Stage):
            families.deadline_misses.labels(stage)
            families.disconnects.labels(stage)
        families.build_info.labels(version("spanwise"), platform.python_version(), version("spacy")).set(1)
        if folder is None:
            ProcessCollector(registry=families.registry)

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
        self.families.workers.set(1)
        self.families.queue_limit.set(queue_limit)
        for analyzer in analyzers:
            reason = analyzer.fallback.reason if analyzer.fallback else ""
            self.families.pipeline_info.labels(analyzer.language, analyzer.title, analyzer.engine_name, reason).set(1)
            self._resolve(analyzer)

    def set_limits(self, threads: int, queued_seconds: float, streams: int) -> None:
        """Say how many NLP threads there are, how many seconds of work may wait for them, and how many streams."""
        self.families.nlp_threads.set(threads)
        self.families.queue_limit_seconds.set(threads * queued_seconds)
        self.families.stream_limit.set(streams)

    # Requests

    def arrived(self) -> None:
        """Count a request that begins; `answered` must follow."""
        self._in_flight.add(1)

    def answered(self, operation: str, status: int, seconds: float) -> None:
        """Count a request that is over, and its duration."""
        self._in_flight.add(-1)
        if (requests := self._requests_of.get((operation, status))) is None:
            requests = self._tallies.of(self.families.requests.labels(operation, str(status)))
            self._requests_of[operation, status] = requests
        requests.add(1)
        if (histogram := self._seconds_of.get(operation)) is None:
            series = self.families.request_seconds.labels(operation)
            histogram = self._seconds_of[operation] = self._tallies.of_histogram(series, SECONDS)
        histogram.observe(seconds)

    def had_problem(self, code: str) -> None:
        """Count a problem that was answered, by its code."""
        self.families.problems.labels(code).inc()

    def answered_key(self, key: str, characters: int, *, refused: bool) -> None:
        """Count a request of an API key, by the name that the operator gave it.

        `refused` says that the key's limit was reached. The first `MOST_KEYS` names have series of their own.
        """
        if (tallies := self._keys.get(key)) is None:
            name = key if len(self._keys) < MOST_KEYS else OTHER_KEYS
            if name == OTHER_KEYS and name in self._keys:
                tallies = self._keys[name]
            else:
                one = self.families
                tallies = self._keys[name] = (
                    self._tallies.of(one.key_requests.labels(name)),
                    self._tallies.of(one.key_refusals.labels(name)),
                    self._tallies.of(one.key_characters.labels(name)),
                )
        requests, refusals, of_texts = tallies
        requests.add(1)
        if refused:
            refusals.add(1)
        if characters:
            of_texts.add(characters)

    def missed_deadline(self, stage: Stage) -> None:
        """Count a request, or a line of a stream, whose deadline passed before its texts were analysed."""
        self.families.deadline_misses.labels(stage).inc()

    def disconnected(self, stage: Stage) -> None:
        """Count a request whose caller hung up before its texts were analysed."""
        self.families.disconnects.labels(stage).inc()

    # The queue

    def admitted(self, characters: int) -> None:
        """Add the characters of documents that have entered the queue."""
        self._queue_characters.add(characters)

    def waited(self, line: int, seconds: float) -> None:
        """Count how long a request waited whose analysis begins; `line` is a number in `LINES`."""
        self._waits[line].observe(seconds)

    def dropped(self, analyzer: "Analyzer", characters: int, reason: DropReason = "disconnect") -> None:
        """Count a document that left the queue before any work was done for it."""
        self._queue_characters.add(-characters)
        self._resolve(analyzer)
        self._documents_of[analyzer.title, "dropped"].add(1)
        self.families.documents_dropped.labels(reason).inc()

    def analyzed(
        self, analyzer: "Analyzer", ok: int, failed: int, characters: int, seconds: float, *, estimated: float = 0.0
    ) -> None:
        """Count the documents of a finished micro-batch, and the seconds that it took and was estimated to take."""
        self._queue_characters.add(-characters)
        self._nlp_seconds.add(seconds)
        self._batch_estimates.add(estimated)
        self._batch_documents.observe(ok + failed)
        self._batch_seconds.observe(seconds)
        title = analyzer.title
        if title not in self._characters_of:
            self._resolve(analyzer)
        self._characters_of[title].add(characters)
        self._documents_of[title, "ok"].add(ok)
        if failed:
            self._documents_of[title, "failed"].add(failed)

    def overran(self) -> None:
        """Count a micro-batch that took much longer than estimated."""
        self.families.overruns.inc()

    def _resolve(self, analyzer: "Analyzer") -> None:
        """Keep the series of a pipeline at hand; new ones start at 0."""
        title, language = analyzer.title, analyzer.language
        if title not in self._characters_of:
            self._characters_of[title] = self._tallies.of(self.families.characters.labels(title, language))
            for outcome in get_args(DocumentOutcome):
                series = self.families.documents.labels(title, language, outcome)
                self._documents_of[title, outcome] = self._tallies.of(series)

    # Scrapes

    async def exposition(self) -> bytes:
        """Return the Prometheus text. Made in a thread, since it takes milliseconds, and by one scrape at a time.

        The requests of scrapes are left out of those in flight, so that an idle service has none.
        """
        self._in_flight.add(-1)
        try:
            async with self._scraping:
                self.sample()
                self._tallies.fold()
                return await asyncio.to_thread(self._collect)
        finally:
            self._in_flight.add(1)

    def _collect(self) -> bytes:
        if self.folder is None:
            return generate_latest(self.families.registry)
        drop_gauges_of_the_dead(self.folder)
        merged = CollectorRegistry()
        MultiProcessCollector(merged, str(self.folder))
        WorkerProcesses(merged, self.folder)
        return generate_latest(merged)
