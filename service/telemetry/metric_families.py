"""Every metric that the service counts by itself: its name, its meaning, its labels, its buckets.

Names follow Prometheus' conventions: base units, `_total` for counters, the unit at the end. A table in
docs/reference/metrics.md documents each, which a test compares with what is exposed. Labels hold names of operations,
loaded pipelines, API keys' names as the operator chose them, statuses and codes: never anything that a caller sent, so
the number of series is bounded.

In a group of workers, `livesum` adds up the gauges of those that live, and `livemax` takes the largest.
"""

from collections.abc import Iterator, Sequence
from typing import Literal

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, disable_created_metrics
from prometheus_client.metrics import MetricWrapperBase

from spanwise.service.telemetry.worker_group import KINDS

SECONDS = (0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Bounds of the durations of requests, up to the longest timeout that a caller may ask for by default."""
WAIT_SECONDS = (0.0001, 0.001, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30, 60, 300)
"""Bounds of the waits in the queue. Where a thread is idle, a request waits for some ten microseconds."""
BATCH_SECONDS = (0.0005, 0.001, 0.0025, 0.005, 0.01, 0.025, 0.05, 0.1, 0.25, 0.5, 1, 2.5, 5, 10, 30)
BATCH_DOCUMENTS = (1, 2, 4, 8, 16, 32, 64, 128)

disable_created_metrics()  # they would be a second series for each, for OpenMetrics alone


class MetricFamilies:
    """The metrics of one process, in a registry of their own."""

    def __init__(self) -> None:
        self.registry = CollectorRegistry()
        gauge, counter, histogram = self._gauge, self._counter, self._histogram

        self.build_info = gauge(
            "build_info", "1; the labels say what runs.", ("version", "python", "spacy"), mode="livemax"
        )
        self.pipeline_info = gauge(
            "pipeline_info",
            "1 for each pipeline that is loaded; reason says why spaCy's own engine serves it.",
            ("language", "pipeline", "engine", "reason"),
            mode="livemax",
        )
        self.workers = gauge("workers", "Workers that have loaded their pipelines.")
        self.nlp_threads = gauge("nlp_threads", "Threads that analyse texts.")
        self.nlp_threads_busy = gauge("nlp_threads_busy", "Threads that are analysing a micro-batch.")
        self.nlp_seconds = counter("nlp_seconds_total", "Seconds that NLP threads were busy.")

        self.requests_in_flight = gauge("requests_in_flight", "Requests that are being served.")
        self.streams = gauge("streams", "Open streams.")
        self.stream_limit = gauge("stream_limit", "Streams that may be open.")
        self.requests = counter("requests_total", "Requests answered.", ("operation", "status"))
        self.request_seconds = histogram(
            "request_duration_seconds", "From a request's headers to the end of its answer.", SECONDS, ("operation",)
        )
        self.problems = counter("problems_total", "Problems answered, by their code.", ("code",))
        self.deadline_misses = counter(
            "deadline_misses_total", "Requests and lines of streams whose deadline passed.", ("stage",)
        )
        self.disconnects = counter(
            "disconnects_total", "Requests whose caller hung up before their texts were analysed.", ("stage",)
        )

        self.queue_characters = gauge("queue_characters", "Characters that wait or are being analysed.")
        self.queue_limit = gauge("queue_limit_characters", "Characters that may wait.")
        self.queue_seconds = gauge("queue_work_seconds", "Estimated NLP thread seconds that wait.", ("line",))
        self.queue_limit_seconds = gauge("queue_limit_work_seconds", "Estimated NLP thread seconds that may wait.")
        self.queue_oldest = gauge(
            "queue_oldest_seconds", "How long the oldest of what waits has waited.", mode="livemax"
        )
        self.queue_wait = histogram(
            "queue_wait_seconds", "From admission to the beginning of the analysis.", WAIT_SECONDS, ("line",)
        )

        self.documents = counter(
            "documents_total", "Texts that were accepted, once done.", ("pipeline", "language", "outcome")
        )
        self.documents_dropped = counter(
            "documents_dropped_total", "Texts that left the queue before work began.", ("reason",)
        )
        self.characters = counter("characters_total", "Characters analysed.", ("pipeline", "language"))
        self.batch_documents = histogram("micro_batch_documents", "Texts of a micro-batch.", BATCH_DOCUMENTS)
        self.batch_seconds = histogram("micro_batch_seconds", "How long a micro-batch took.", BATCH_SECONDS)
        self.batch_estimates = counter(
            "micro_batch_estimated_seconds_total", "How long micro-batches were estimated to take."
        )
        self.overruns = counter("micro_batch_overruns_total", "Micro-batches that took much longer than estimated.")

        self.key_requests = counter("key_requests_total", "Requests of an API key.", ("key",))
        self.key_refusals = counter("key_refusals_total", "Requests over the limit of an API key.", ("key",))
        self.key_characters = counter("key_characters_total", "Characters of an API key's accepted texts.", ("key",))

        self.connections = gauge("connections", "Open connections.")
        self.connection_limit = gauge("connection_limit", "Connections that may be open besides those of probes.")
        self.connections_closed = counter(
            "connections_closed_total", "Connections that the service closed by itself.", ("reason",)
        )
        self.unread_bytes = gauge("unread_bytes", "Bytes of answers that wait for callers to read.")
        self.log_lines_dropped = counter("log_lines_dropped_total", "Log lines that could not be written.")

        tables = ("pipeline", "table")
        self.lexicon_words = gauge("lexicon_words", "Words that a table of the compiled engine holds.", tables)
        self.lexicon_bytes = gauge("lexicon_bytes", "Bytes that these words take.", tables)
        self.lexicon_limit_bytes = gauge("lexicon_limit_bytes", "Bytes that they may take.", tables)
        self.lexicon_turnovers = counter(
            "lexicon_turnovers_total", "How often a table has dropped the words that had not come again.", tables
        )

        self.gc_collections = counter(
            "python_gc_collections_total", "Runs of the garbage collector.", ("generation",), prefix=""
        )
        self.gc_collected = counter(
            "python_gc_objects_collected_total", "Objects that the collector freed.", ("generation",), prefix=""
        )
        self.gc_uncollectable = counter(
            "python_gc_objects_uncollectable_total", "Objects that it could not free.", ("generation",), prefix=""
        )
        _check_files(self._all())

    def _gauge(
        self,
        name: str,
        meaning: str,
        labels: Sequence[str] = (),
        *,
        mode: Literal["livesum", "livemax"] = "livesum",
    ) -> Gauge:
        return Gauge(f"spanwise_{name}", meaning, labels, registry=self.registry, multiprocess_mode=mode)

    def _counter(self, name: str, meaning: str, labels: Sequence[str] = (), *, prefix: str = "spanwise_") -> Counter:
        return Counter(f"{prefix}{name}", meaning, labels, registry=self.registry)

    def _histogram(self, name: str, meaning: str, bounds: Sequence[float], labels: Sequence[str] = ()) -> Histogram:
        return Histogram(f"spanwise_{name}", meaning, labels, registry=self.registry, buckets=bounds)

    def _all(self) -> Iterator[MetricWrapperBase]:
        return (value for value in vars(self).values() if isinstance(value, MetricWrapperBase))


def _check_files(metrics: Iterator[MetricWrapperBase]) -> None:
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
