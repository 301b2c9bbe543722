"""The report of a run: Markdown tables that are readable as plain text too."""

from collections.abc import Iterator, Sequence

from benchmarks.bars import bars
from benchmarks.load import Measurement
from benchmarks.results import Results

_DISTURBED_CORES = 0.1
_BUSY_CORES = 0.005
_NOT_SETTLED = "*"
_RATES = (
    *("server", "workload", "conn.", "requests/s", "texts/s", "x of offline"),
    *("p50 ms", "p90 ms", "p99 ms", "max ms", "failed", "server's cores", "others' cores"),
)


def report(results: Results) -> str:
    """Write all tables."""
    parts = (_heading, _bars, _costs, _offline, _rates, _liveness, _memory, _remarks)
    return "\n\n".join("\n".join(part(results)) for part in parts) + "\n"


def _heading(results: Results) -> Iterator[str]:
    machine = results.machine
    yield "# Spanwise beside `nlp.pipe`"
    yield ""
    yield (
        f"{machine.cpu}, {machine.cores} cores for server and load together. Python {machine.python}, "
        f"spaCy {machine.spacy}, Spanwise {machine.spanwise}. {results.seconds} s per measurement."
    )
    yield f"Texts: {results.corpus}."
    if results.settings:
        yield "Settings: " + ", ".join(f"{name}={value}" for name, value in results.settings.items()) + "."


def _bars(results: Results) -> Iterator[str]:
    yield "## What a request costs, beside the bars"
    yield ""
    rows = [
        [bar.what, bar.at_first, f"{bar.at_least:g}", f"{bar.aim:g}", f"{bar.measured:,.2f}", bar.holds]
        for bar in bars(results)
    ]
    yield from _table(["", "at first", "at least", "aim", "measured", "reaches"], rows)


def _costs(results: Results) -> Iterator[str]:
    yield "## Server CPU a request, µs: medians of three interleaved rounds"
    yield ""
    if results.costs is None:
        yield "Not measured."
        return
    rows = [
        [
            row.server,
            row.path,
            str(row.connections),
            f"{row.cost.requests_per_second:,.0f}",
            *(f"{one:,.0f}" for one in (row.cost.total, row.cost.loop, row.cost.nlp, row.cost.other)),
            f"{row.cost.waits:.1f}",
            str(row.cost.failed),
        ]
        for row in results.costs.rows
    ]
    header = ["server", "path", "conn.", "requests/s", "CPU", "loop", "NLP threads", "other", "waits", "failed"]
    yield from _table(header, rows, words=2)
    yield ""
    yield f"The engine alone takes {results.costs.engine:,.0f} µs a text, in batches of 128. waits: voluntary switches."


def _offline(results: Results) -> Iterator[str]:
    yield "## Offline: `nlp.pipe(batch_size=128)`, NER alone"
    yield ""
    rows = [
        [
            str(one.processes),
            f"{one.texts:,}",
            f"{one.seconds:.1f}",
            f"{one.texts_per_second:,.0f}",
            f"{one.other_cores:.2f}",
        ]
        for one in results.offline
    ]
    yield from _table(["processes", "texts", "seconds", "texts/s", "others' cores"], rows)


def _rates(results: Results) -> Iterator[str]:
    yield "## Over HTTP"
    yield ""
    baseline = results.offline[-1].texts_per_second
    rows = [
        [server.name, one.workload, *_rate(one, baseline)] for server in results.servers for one in server.measurements
    ]
    yield from _table(_RATES, rows, words=2)
    yield ""
    yield f"x of offline: texts/s against `nlp.pipe` in {results.offline[-1].processes} processes, NER alone."
    yield "others' cores: what the rest of the machine took meanwhile; near 0 where a figure was not disturbed."
    if any(not one.settled for server in results.servers for one in server.measurements):
        yield f"{_NOT_SETTLED} Some requests waited for most of the run: with more --seconds these would be higher."


def _rate(one: Measurement, baseline: float) -> list[str]:
    busy = [f"{used:.2f}" for used in one.server_cores if used > _BUSY_CORES]
    return [
        str(one.connections),
        f"{one.requests_per_second:,.1f}",
        f"{one.texts_per_second:,.0f}",
        f"{one.texts_per_second / baseline:.2f}",
        *(_ms(time) + _NOT_SETTLED * (not one.settled) for time in (one.p50_ms, one.p90_ms, one.p99_ms, one.max_ms)),
        f"{one.failed:,} !" if one.failed else "0",
        " + ".join(busy),
        f"{one.other_cores:.2f}",
    ]


def _liveness(results: Results) -> Iterator[str]:
    yield "## `/livez` under load"
    yield ""
    rows = [
        [server.name, one.under, str(one.asked), _ms(one.p50_ms), _ms(one.p99_ms), _ms(one.max_ms), str(one.failed)]
        for server in results.servers
        for one in server.liveness
    ]
    yield from _table(["server", "under", "asked", "p50 ms", "p99 ms", "max ms", "failed"], rows, words=2)


def _memory(results: Results) -> Iterator[str]:
    yield "## Memory after the load, all processes of the server"
    yield ""
    rows = [
        [server.name, str(used.processes), f"{used.pss_mb:,.0f}", f"{used.rss_mb:,.0f}"]
        for server in results.servers
        if (used := server.memory)
    ]
    yield from _table(["server", "processes", "proportional MB", "resident MB"], rows)


def _remarks(results: Results) -> Iterator[str]:
    measurements = [one for server in results.servers for one in server.measurements]
    for server in results.servers:
        if server.failure:
            yield f"FAILED: {server.name}: {server.failure}"
    if failed := sum(one.failed for one in measurements):
        yield f"NOT ALL REQUESTS SUCCEEDED: {failed:,} did not; rows with ! are not to be compared."
    if measurements:
        others = [one.other_cores for one in results.offline] + [one.other_cores for one in measurements]
        mean, most = sum(others) / len(others), max(others)
        yield (
            f"wrk used {max(one.wrk_cores for one in measurements):.2f} cores at most. "
            f"Others used {mean:.2f} on average, {most:.2f} at most; "
            f"the load average before the run was {results.machine.load_average:.2f}."
        )
        if mean > _DISTURBED_CORES:
            yield "The machine was not quiet: run again before you compare."


def _ms(milliseconds: float) -> str:
    return f"{milliseconds:,.0f}" if milliseconds >= 100 else f"{milliseconds:.1f}"


def _table(header: Sequence[str], rows: Sequence[Sequence[str]], words: int = 1) -> Iterator[str]:
    """Yield the lines of a table. The first `words` columns are aligned to the left, figures to the right."""
    widths = [max(map(len, column)) for column in zip(header, *rows, strict=True)]

    def line(cells: Sequence[str]) -> str:
        padded = [
            cell.ljust(width) if i < words else cell.rjust(width)
            for i, (cell, width) in enumerate(zip(cells, widths, strict=True))
        ]
        return f"| {' | '.join(padded)} |"

    yield line(header)
    yield line(["-" * width if i < words else "-" * (width - 1) + ":" for i, width in enumerate(widths)])
    yield from map(line, rows)
