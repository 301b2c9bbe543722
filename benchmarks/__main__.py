"""`make bench`, or `python -m benchmarks`: measure the service over HTTP, offline spaCy and a minimal app in one run.

Figures of different machines or runs cannot be compared, so everything is measured in one run, one thing at a time. The
benchmark uses only the loopback interface, and ends every process that it starts, whatever happens.
"""

import signal
import sys
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import orjson
import typer

from benchmarks.corpus import DATA, load_corpus
from benchmarks.load import find_wrk
from benchmarks.report import report
from benchmarks.results import cores
from benchmarks.run import Scale, run

_CORPUS_TEXTS = 4_000

# On two cores the full scale takes about 7 minutes, with one worker and with two; the quick one takes about 80 seconds.
_FULL = Scale(seconds=8, connections=(1, 8, 64), offline_texts=3_000)
_QUICK = Scale(seconds=1, connections=(64,), offline_texts=600, minimal_app=False, cost_seconds=1)


def main(
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
    workers: Annotated[
        list[int] | None,
        typer.Option(min=1, help="Workers of the service; repeatable. By default 1, then one per core."),
    ] = None,
    seconds: Annotated[
        int | None, typer.Option(min=1, help=f"Per measurement. By default {_FULL.seconds}; quick: {_QUICK.seconds}.")
    ] = None,
    json: Annotated[Path | None, typer.Option(help="Save the raw figures in this file.", dir_okay=False)] = None,
    quick: Annotated[bool, typer.Option("--quick", help="Below 90 seconds: for a look, not for quoting.")] = False,
) -> None:
    """Measure the service over HTTP beside nlp.pipe and a minimal FastAPI app, and print tables."""
    if not find_wrk():
        typer.echo("benchmarks: wrk is not installed; get it with: apt-get install wrk", err=True)
        raise typer.Exit(2)
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))  # ends every `with` block
    scale = _QUICK if quick else _FULL
    scale = replace(scale, seconds=seconds or scale.seconds)
    results = run(load_corpus(data, _CORPUS_TEXTS), scale, workers or sorted({1, cores()}))
    if json:
        json.write_bytes(orjson.dumps(results, option=orjson.OPT_INDENT_2 | orjson.OPT_APPEND_NEWLINE))
    typer.echo(report(results), nl=False)
    if any(server.failure for server in results.servers):
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
