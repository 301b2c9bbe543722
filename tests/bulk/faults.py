"""Kill what does a job, at random moments, and compare what comes out with an undisturbed run, row for row.

    python -m tests.bulk.faults --rows 1000000 --kills 20      (`make bulk-faults`)

In turn the driver, a worker and the raylet get SIGKILL. After the death of the driver or the raylet the same command is
started again. At the end the rows must be equal, and no part that was there at a kill may have been written again.
"""

import os
import random
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from itertools import cycle
from pathlib import Path
from typing import Annotated, Any, NamedTuple

import pyarrow as pa
import pyarrow.parquet as pq
import typer

from benchmarks.process_tree import tree
from tests.bulk.here import texts

VICTIMS = {"driver": "", "worker": "ray::_RemoteWorker", "raylet": "raylet/raylet"}
_ATTEMPTS_TO_FIND = 600


class Report(NamedTuple):
    """What became of a job that was disturbed."""

    kills: dict[str, int]
    runs: int
    rows: int
    equal: bool
    written_again: int
    """Parts that were there at a kill, and were written again nevertheless."""


def write_corpus(path: Path, rows: int) -> None:
    """Write a corpus whose rows all differ, some of them bad."""
    written: list[str | None] = list(texts(rows))
    written[::97] = [None] * len(written[::97])
    pq.write_table(pa.table({"key": list(range(rows)), "text": written}), path, row_group_size=1 << 16)


def start(corpus: Path, output: Path, *more: str) -> "subprocess.Popen[bytes]":
    """Start `spanwise bulk`."""
    command = [str(Path(sys.executable).parent / "spanwise"), "bulk", str(corpus), "--output", str(output)]
    options = ["--id", "key", "--features", "entities", *more]
    return subprocess.Popen([*command, *options], stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)


def disturb(corpus: Path, folder: Path, kills: int, span: float, seed: int) -> Report:
    """Run a job undisturbed, then again with so many kills, each at most `span` seconds after the last one."""
    chance = random.Random(seed)
    undisturbed, output = folder / "undisturbed", folder / "disturbed"
    if (code := start(corpus, undisturbed).wait()) != 3:
        raise RuntimeError(f"the undisturbed run ended with {code}")
    done: dict[str, int] = dict.fromkeys(VICTIMS, 0)
    seen: dict[str, int] = {}
    again, runs = 0, 1
    process = start(corpus, output)
    for victim in (name for name, _ in zip(cycle(VICTIMS), range(kills), strict=False)):
        if not _wait_for_worker(process):
            break  # the job has ended
        time.sleep(chance.uniform(0, span))
        if (pid := _find(process.pid, victim)) is None:
            break
        now = _parts(output)
        again += sum(now.get(name) != inode for name, inode in seen.items())
        seen = now
        os.kill(pid, signal.SIGKILL)
        done[victim] += 1
        if victim != "worker":
            process.wait()
            process = start(corpus, output)
            runs += 1
    code = process.wait()
    while code not in {0, 3}:  # the last victim was of this run
        process, runs = start(corpus, output), runs + 1
        code = process.wait()
    now = _parts(output)
    again += sum(now.get(name) != inode for name, inode in seen.items())
    first, second = _table(undisturbed), _table(output)
    return Report(done, runs, second.num_rows, first.equals(second), again)


def _wait_for_worker(process: "subprocess.Popen[bytes]") -> bool:
    """Wait until a worker works. Return False where the job has ended before."""
    for _ in range(_ATTEMPTS_TO_FIND):
        if process.poll() is not None:
            return False
        if _find(process.pid, "worker") is not None:
            return True
        time.sleep(0.1)
    raise TimeoutError("no worker was started")


def _find(driver: int, victim: str) -> int | None:
    found = tree(driver)
    if victim == "driver":
        return driver if found else None
    return next((one.pid for one in found if VICTIMS[victim] in one.command), None)


def _parts(output: Path) -> dict[str, int]:
    return {path.name: path.stat().st_ino for path in output.glob("*.parquet")}


def _table(output: Path) -> Any:
    return pa.concat_tables([pq.read_table(path) for path in sorted(output.glob("*.parquet"))])


def main(
    rows: Annotated[int, typer.Option(help="Rows of the corpus.")] = 1_000_000,
    kills: Annotated[int, typer.Option(help="How many.")] = 20,
    span: Annotated[float, typer.Option(help="Seconds between two kills, at most.")] = 20.0,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 1,
) -> None:
    """Kill driver, worker and raylet in turn, and compare the output with that of an undisturbed run."""
    folder = Path(tempfile.mkdtemp(prefix="spanwise-faults-"))
    try:
        write_corpus(folder / "corpus.parquet", rows)
        report = disturb(folder / "corpus.parquet", folder, kills, span, seed)
    finally:
        shutil.rmtree(folder)
    print(report)
    if not report.equal or report.written_again or report.rows != rows or sum(report.kills.values()) < kills:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
