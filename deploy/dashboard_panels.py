"""The panels of the Grafana dashboard: what each shows, in which unit, by which queries.

`$S` stands for the labels that the dashboard's variables choose, and `$I` for the interval of rates. A legend names
each query; `{{label}}` in it is Grafana's.
"""

from dataclasses import dataclass
from typing import Literal

_SELECTED = 'namespace=~"$namespace", job=~"$job", instance=~"$instance"'
_INTERVAL = "$__rate_interval"
_SINGLE = 'operation=~"extract_entities|analyze_sentiment|analyze"'
_ANALYSES = 'operation=~"extract_entities|analyze_sentiment|analyze|analyze_batch|analyze_stream"'


@dataclass(frozen=True)
class Panel:
    """One panel. `unit` is one of Grafana's; `warn_above` is where a number turns red."""

    title: str
    unit: str
    queries: dict[str, str]
    """By legend."""
    meaning: str = ""
    kind: Literal["stat", "timeseries", "table"] = "timeseries"
    width: int = 8
    """Of 24 columns."""
    stacked: bool = False
    warn_above: float | None = None

    def __post_init__(self) -> None:
        """Write out what `$S` and `$I` stand for."""
        for legend, query in self.queries.items():
            self.queries[legend] = query.replace("$S", _SELECTED).replace("$I", _INTERVAL)


def _stat(title: str, unit: str, query: str, meaning: str, warn_above: float | None = None) -> Panel:
    return Panel(title, unit, {"": query}, meaning, "stat", width=4, warn_above=warn_above)


def _quantiles(name: str, labels: str = "", by: str = "le") -> dict[str, str]:
    legend = "".join(f" {{{{{label}}}}}" for label in by.split(", ") if label != "le")
    rates = f"sum by ({by}) (rate({name}_bucket{{$S{labels}}}[$I]))"
    return {f"p{share * 100:g}{legend}": f"histogram_quantile({share}, {rates})" for share in (0.5, 0.95, 0.99)}


ROWS: dict[str, tuple[Panel, ...]] = {
    "At a glance": (
        _stat(
            "Texts per second",
            "short",
            'sum(rate(spanwise_documents_total{$S, outcome="ok"}[$I]))',
            "Texts analysed.",
        ),
        _stat(
            "Errors",
            "percentunit",
            'sum(rate(spanwise_requests_total{$S, status="500"}[$I]) or vector(0))'
            f" / sum(rate(spanwise_requests_total{{$S, {_ANALYSES}}}[$I]))",
            "Requests that got a 500.",
            0.01,
        ),
        _stat(
            "Refused",
            "percentunit",
            'sum(rate(spanwise_problems_total{$S, code="overloaded"}[$I]) or vector(0))'
            f" / sum(rate(spanwise_requests_total{{$S, {_ANALYSES}}}[$I]))",
            "Requests for analyses that got a 503, because the queue was full.",
            0.01,
        ),
        _stat(
            "p99 of one text",
            "s",
            "histogram_quantile(0.99, sum by (le) "
            f"(rate(spanwise_request_duration_seconds_bucket{{$S, {_SINGLE}}}[$I])))",
            "Duration of requests of a single text.",
            2,
        ),
        _stat(
            "NLP threads busy",
            "percentunit",
            "sum(rate(spanwise_nlp_seconds_total{$S}[$I])) / sum(spanwise_nlp_threads{$S})",
            "Share of their time.",
            0.9,
        ),
        _stat(
            "Pipelines on spaCy",
            "short",
            'count(spanwise_pipeline_info{$S, engine="spacy"}) or vector(0)',
            "Pipelines that the compiled engine does not serve; the table at the end has the reasons.",
            0.5,
        ),
    ),
    "Requests": (
        Panel(
            "Requests per second",
            "reqps",
            {"{{operation}}": "sum by (operation) (rate(spanwise_requests_total{$S}[$I]))"},
            "By operation.",
            stacked=True,
        ),
        Panel(
            "Duration of one text",
            "s",
            _quantiles("spanwise_request_duration_seconds", f", {_SINGLE}"),
            "Of requests of a single text, from headers to the end of the answer.",
        ),
        Panel(
            "Duration by operation, p99",
            "s",
            {
                "{{operation}}": "histogram_quantile(0.99, sum by (operation, le) "
                f"(rate(spanwise_request_duration_seconds_bucket{{$S, {_ANALYSES}}}[$I])))"
            },
        ),
        Panel(
            "Answers by status",
            "reqps",
            {"{{status}}": "sum by (status) (rate(spanwise_requests_total{$S}[$I]))"},
            "499: the caller hung up.",
            stacked=True,
        ),
        Panel(
            "Problems by code",
            "reqps",
            {"{{code}}": "sum by (code) (rate(spanwise_problems_total{$S}[$I]))"},
            stacked=True,
        ),
        Panel(
            "Missed deadlines and hang-ups",
            "short",
            {
                "deadline, {{stage}}": "sum by (stage) (rate(spanwise_deadline_misses_total{$S}[$I]))",
                "hung up, {{stage}}": "sum by (stage) (rate(spanwise_disconnects_total{$S}[$I]))",
            },
            "Per second, by where the request was: waiting, or with a text being analysed.",
        ),
        Panel(
            "In flight",
            "short",
            {
                "requests": "sum(spanwise_requests_in_flight{$S})",
                "streams": "sum(spanwise_streams{$S})",
                "streams, limit": "sum(spanwise_stream_limit{$S})",
            },
            width=12,
        ),
        Panel(
            "Connections",
            "short",
            {
                "open": "sum(spanwise_connections{$S})",
                "limit": "sum(spanwise_connection_limit{$S})",
                "closed for {{reason}}, per minute": "60 * sum by (reason) "
                "(rate(spanwise_connections_closed_total{$S}[$I]))",
            },
            width=12,
        ),
    ),
    "Queue and NLP threads": (
        Panel(
            "Wait in the queue",
            "s",
            _quantiles("spanwise_queue_wait_seconds", by="line, le"),
            "From admission to the beginning of the analysis.",
        ),
        Panel("Oldest of what waits", "s", {"{{instance}}": "max by (instance) (spanwise_queue_oldest_seconds{$S})"}),
        Panel(
            "Work that waits",
            "s",
            {
                "{{line}}": "sum by (line) (spanwise_queue_work_seconds{$S})",
                "limit of requests": "sum(spanwise_queue_limit_work_seconds{$S})",
            },
            "Estimated seconds of NLP threads.",
        ),
        Panel(
            "Characters that wait or run",
            "short",
            {"characters": "sum(spanwise_queue_characters{$S})", "limit": "sum(spanwise_queue_limit_characters{$S})"},
        ),
        Panel(
            "NLP threads",
            "short",
            {
                "busy now": "sum(spanwise_nlp_threads_busy{$S})",
                "busy on average": "sum(rate(spanwise_nlp_seconds_total{$S}[$I]))",
                "threads": "sum(spanwise_nlp_threads{$S})",
            },
        ),
        Panel("Texts of a micro-batch", "short", _quantiles("spanwise_micro_batch_documents")),
        Panel("Duration of a micro-batch", "s", _quantiles("spanwise_micro_batch_seconds")),
        Panel(
            "Cost, actual by estimated",
            "short",
            {
                "ratio": "sum(rate(spanwise_nlp_seconds_total{$S}[$I])) "
                "/ sum(rate(spanwise_micro_batch_estimated_seconds_total{$S}[$I]))"
            },
            "1 is perfect. Above 2, admission lets in more than it means to.",
        ),
        Panel(
            "Micro-batches that overran",
            "short",
            {"per minute": "60 * sum(rate(spanwise_micro_batch_overruns_total{$S}[$I]))"},
            "The log has micro_batch_overran for each.",
        ),
    ),
    "Texts and pipelines": (
        Panel(
            "Texts per second",
            "short",
            {"{{pipeline}} {{outcome}}": "sum by (pipeline, outcome) (rate(spanwise_documents_total{$S}[$I]))"},
            stacked=True,
        ),
        Panel(
            "Characters per second",
            "short",
            {"{{pipeline}}": "sum by (pipeline) (rate(spanwise_characters_total{$S}[$I]))"},
            stacked=True,
        ),
        Panel(
            "Texts dropped per second",
            "short",
            {"{{reason}}": "sum by (reason) (rate(spanwise_documents_dropped_total{$S}[$I]))"},
            "Texts that left the queue before work began.",
        ),
        Panel(
            "Tables of words",
            "percentunit",
            {
                "{{pipeline}} {{table}}": "sum by (pipeline, table) (spanwise_lexicon_bytes{$S}) "
                "/ sum by (pipeline, table) (spanwise_lexicon_limit_bytes{$S})"
            },
            "How full the compiled engine's tables are.",
        ),
        Panel(
            "Words in the tables",
            "short",
            {"{{pipeline}} {{table}}": "sum by (pipeline, table) (spanwise_lexicon_words{$S})"},
        ),
        Panel(
            "Turnovers of the tables",
            "short",
            {
                "{{pipeline}} {{table}}": "3600 * sum by (pipeline, table) "
                "(rate(spanwise_lexicon_turnovers_total{$S}[$I]))"
            },
            "Per hour. Many mean that texts bring ever new words, which cost more than known ones.",
        ),
    ),
    "API keys": (
        Panel(
            "Requests per second",
            "reqps",
            {"{{key}}": "topk(10, sum by (key) (rate(spanwise_key_requests_total{$S}[$I])))"},
            "The ten keys with the most; empty where no keys are configured.",
        ),
        Panel(
            "Characters per second",
            "short",
            {"{{key}}": "topk(10, sum by (key) (rate(spanwise_key_characters_total{$S}[$I])))"},
        ),
        Panel(
            "Refused over their limit",
            "reqps",
            {"{{key}}": "topk(10, sum by (key) (rate(spanwise_key_refusals_total{$S}[$I])))"},
        ),
    ),
    "Processes": (
        Panel(
            "CPU",
            "short",
            {"{{instance}} {{worker}}": "sum by (instance, worker) (rate(process_cpu_seconds_total{$S}[$I]))"},
            "Cores used, by worker where there are several.",
        ),
        Panel(
            "Resident memory",
            "bytes",
            {"{{instance}} {{worker}}": "sum by (instance, worker) (process_resident_memory_bytes{$S})"},
            "Pages that workers share count for each.",
        ),
        Panel(
            "Open files",
            "percentunit",
            {"{{instance}} {{worker}}": "max by (instance, worker) (process_open_fds{$S} / process_max_fds{$S})"},
        ),
        Panel(
            "Garbage collections per second",
            "short",
            {"generation {{generation}}": "sum by (generation) (rate(python_gc_collections_total{$S}[$I]))"},
        ),
        Panel(
            "Starts of processes",
            "short",
            {"{{instance}} {{worker}}": "sum by (instance, worker) (changes(process_start_time_seconds{$S}[1h]))"},
            "In an hour; 0 where the first process still runs.",
        ),
        Panel(
            "Log lines dropped, answers unread",
            "short",
            {
                "lines dropped per second": "sum(rate(spanwise_log_lines_dropped_total{$S}[$I]))",
                "unread MiB": "sum(spanwise_unread_bytes{$S}) / 1048576",
            },
        ),
        Panel(
            "Pipelines",
            "short",
            {"": "sum by (instance, pipeline, language, engine, reason) (spanwise_pipeline_info{$S})"},
            kind="table",
            width=14,
        ),
        Panel(
            "Builds",
            "short",
            {"": "sum by (instance, version, python, spacy) (spanwise_build_info{$S})"},
            kind="table",
            width=10,
        ),
    ),
}
