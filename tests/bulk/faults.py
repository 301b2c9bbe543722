"""Kill what does a job, at random moments, and compare what comes out with an undisturbed run, row for row.

    python -m tests.bulk.faults --rows 1000000 --kills 20      (`make bulk-faults`)

In turn the driver, a worker and the raylet get SIGKILL while units are at work, at moments that are spread at random
over the parts, because runs on a busy machine differ in speed. After the death of the driver or the raylet the same
command is started again. At the end the rows must be equal, and no part that was there at a kill or at
a start may have been written again. A run that ends with another exit code than its rows explain, and was not killed,
fails with its message.
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

from benchmarks.process_tree import Process, tree
from tests.bulk.here import texts

VICTIMS = {"driver": "", "worker": "ray::_RemoteWorker", "raylet": "raylet/raylet"}
ROWS_EACH = 10_000
"""Rows of a file, which is one unit: about three seconds of a worker."""
_AT_A_UNIT = "ray::_RemoteWorker.run"
"""Ray shows in the name of a worker's process which method it is in."""
_WRONG_USE, _ROWS_WITH_ERRORS = 2, 3
_PARTS_LEFT = 12
"""How many parts are still to be written at the last kill, so that the job does not end before it."""
_LOOK_EVERY_SECONDS = 0.05
_SECONDS_TO_BEGIN, _SECONDS_TO_END = 180.0, 120.0
"""Longer than Ray takes to start or to notice a death on a busy machine; a job that hangs fails."""


class Report(NamedTuple):
    """What became of a job that was disturbed."""

    kills: dict[str, int]
    runs: int
    parts: int
    begun_again: int
    """Units that a worker was at when it, its raylet or its driver was killed."""
    written_again: int
    """Parts that were there at a kill or a start, and were written again nevertheless."""


class Job:
    """`spanwise bulk` over one corpus, in a process of its own that can be started again."""

    def __init__(self, corpus: Path, output: Path, *options: str) -> None:
        """Start it, with more options."""
        command = [str(Path(sys.executable).parent / "spanwise"), "bulk", str(corpus), "--output", str(output)]
        self._command = [*command, "--id", "key", "--features", "entities", *options]
        self._said = output.with_suffix(".log")
        self.runs = 0
        self.start()

    def start(self) -> None:
        """Start the same command, again after the first time."""
        with self._said.open("wb") as said:
            self._process = subprocess.Popen(self._command, stdout=subprocess.DEVNULL, stderr=said)
        self.runs += 1

    @property
    def driver(self) -> int:
        """The number of the driver's process."""
        return self._process.pid

    def has_ended(self) -> bool:
        """Whether it has ended. Raises `RuntimeError` where it has failed."""
        if self._process.poll() is None:
            return False
        self.wait()
        return True

    def wait(self) -> None:
        """Wait until it has ended. Raises `RuntimeError` where it has failed, with what it said."""
        if self._process.wait() != _ROWS_WITH_ERRORS:
            raise RuntimeError(self._failure())

    def start_after_kill(self) -> None:
        """Wait until what was killed has ended this run, and start the next one. Raises `RuntimeError`."""
        try:
            code = self._process.wait(_SECONDS_TO_END)
        except subprocess.TimeoutExpired:
            raise self.hangs(f"did not end within {_SECONDS_TO_END:.0f} s of a kill") from None
        if code == _WRONG_USE:
            raise RuntimeError(self._failure())
        self.start()

    def hangs(self, how: str) -> RuntimeError:
        """End a run that does not go on. Return what to raise."""
        self._process.terminate()
        return RuntimeError(f"run {self.runs} of the job {how}")

    def _failure(self) -> str:
        said = self._said.read_text("utf-8", "replace").strip() or "it said nothing"
        return f"run {self.runs} of the job ended with {self._process.returncode}: {said}"


class Parts:
    """Watches the parts of an output folder: one that was seen must stay the file that it is."""

    def __init__(self, output: Path) -> None:
        """Watch a folder."""
        self._output = output
        self._seen: dict[str, tuple[int, int]] = {}
        self.written_again = 0

    def count(self) -> int:
        """Return how many parts there are."""
        return sum(1 for _ in self._output.glob("*.parquet"))

    def look(self) -> int:
        """Count those that are not what they were at the last look. Return how many parts there are."""
        found = {path.name: path.stat() for path in self._output.glob("*.parquet")}
        now = {name: (stat.st_ino, stat.st_mtime_ns) for name, stat in found.items()}
        self.written_again += sum(now.get(name) != file for name, file in self._seen.items())
        self._seen = now
        return len(now)


def write_corpus(folder: Path, rows: int, rows_each: int = ROWS_EACH) -> None:
    """Write a corpus of files whose rows all differ, some of them bad."""
    folder.mkdir()
    written: list[str | None] = list(texts(rows))
    written[::97] = [None] * len(written[::97])
    for first in range(0, rows, rows_each):
        own = written[first : first + rows_each]
        table = pa.table({"key": list(range(first, first + len(own))), "text": own})
        pq.write_table(table, folder / f"{first:09d}.parquet")


def disturb(corpus: Path, output: Path, *options: str, kills: int, span: float, seed: int) -> Report:
    """Run a job with so many kills, spread over its parts; `span` is what comes on top, in seconds and at most.

    Raises `RuntimeError` where a run fails by itself.
    """
    chance = random.Random(seed)
    done = dict.fromkeys(VICTIMS, 0)
    begun_again = 0
    parts = Parts(output)
    files = sum(1 for _ in corpus.iterdir())
    moments = sorted(chance.randrange(max(1, files - _PARTS_LEFT)) for _ in range(kills))
    job = Job(corpus, output, *options)
    for victim, moment in zip(cycle(VICTIMS), moments, strict=False):
        if not _wait_for_unit(job, parts, moment):
            break
        time.sleep(chance.uniform(0, span))
        if (lost := _kill(job, victim, chance, parts)) is None:
            break
        done[victim] += 1
        begun_again += lost
        _say(f"kill {sum(done.values())} of {kills}: {victim}, {lost} units at work, {parts.look()} parts there")
        if victim != "worker":
            job.start_after_kill()
            parts.look()
    job.wait()
    return Report(done, job.runs, parts.look(), begun_again, parts.written_again)


def table_of(output: Path) -> Any:
    """Return the rows of all parts, in the order of their names."""
    return pa.concat_tables([pq.read_table(path) for path in sorted(output.glob("*.parquet"))])


def _wait_for_unit(job: Job, parts: Parts, moment: int) -> bool:
    """Wait until so many parts are there and a worker is at a unit. Return False where the job has ended before.

    Raises `RuntimeError` where no part is added for long.
    """
    count, latest = -1, 0.0
    while not job.has_ended():
        if (found := parts.count()) > count:
            count, latest = found, time.monotonic() + _SECONDS_TO_BEGIN
        if count >= moment and any(_AT_A_UNIT in one.command for one in tree(job.driver)):
            return True
        if time.monotonic() > latest:
            raise job.hangs(f"wrote no part within {_SECONDS_TO_BEGIN:.0f} s")
        time.sleep(_LOOK_EVERY_SECONDS)
    return False


def _kill(job: Job, victim: str, chance: random.Random, parts: Parts) -> int | None:
    """Kill a process, and look at the parts just before. Return how many units were at work in what dies with it.

    Where there is no such process at the moment, that is said, and it is looked for again until the job has ended;
    None then.
    """
    said = False
    while not job.has_ended():
        parts.look()
        found = tree(job.driver)
        killed = _choose(found, job.driver, victim, chance)
        if killed is not None and _killed(killed.pid):
            dies = [killed] if victim == "worker" else found
            return sum(_AT_A_UNIT in one.command for one in dies)
        if not said:
            _say(f"no {victim} to kill at this moment: looking again until there is one or the job has ended")
            said = True
        time.sleep(_LOOK_EVERY_SECONDS)
    return None


def _choose(found: list[Process], driver: int, victim: str, chance: random.Random) -> Process | None:
    if victim == "driver":
        return next((one for one in found if one.pid == driver), None)
    fitting = [one for one in found if VICTIMS[victim] in one.command]
    return chance.choice(fitting) if fitting else None


def _killed(pid: int) -> bool:
    try:
        os.kill(pid, signal.SIGKILL)
    except ProcessLookupError:  # it has just ended
        return False
    return True


def _say(line: str) -> None:
    print(f"{time.strftime('%H:%M:%S')} {line}", file=sys.stderr, flush=True)


def main(
    rows: Annotated[int, typer.Option(help="Rows of the corpus.")] = 1_000_000,
    rows_each: Annotated[int, typer.Option(help="Rows of one of its files.")] = ROWS_EACH,
    kills: Annotated[int, typer.Option(help="How many.")] = 20,
    span: Annotated[float, typer.Option(help="Seconds from a part to the kill after it, at most.")] = 2.0,
    seed: Annotated[int, typer.Option(help="Of the moments.")] = 1,
) -> None:
    """Kill driver, worker and raylet in turn, and compare the output with that of an undisturbed run."""
    folder = Path(tempfile.mkdtemp(prefix="spanwise-faults-"))
    corpus, undisturbed, disturbed = folder / "corpus", folder / "undisturbed", folder / "disturbed"
    try:
        write_corpus(corpus, rows, rows_each)
        Job(corpus, undisturbed).wait()
        _say("undisturbed: done")
        report = disturb(corpus, disturbed, kills=kills, span=span, seed=seed)
        found = table_of(disturbed)
        equal = found.equals(table_of(undisturbed)) and found.num_rows == rows
    except RuntimeError as error:
        print(error, file=sys.stderr)
        raise typer.Exit(1) from error
    finally:
        shutil.rmtree(folder)
    made = sum(report.kills.values())
    print(f"{made} kills ({', '.join(f'{name} {count}' for name, count in report.kills.items())}), {report.runs} runs")
    print(f"{found.num_rows:,} of {rows:,} rows in {report.parts} parts, {'equal' if equal else 'NOT EQUAL'}")
    print(f"units begun again: {report.begun_again}; finished parts written again: {report.written_again}")
    if made < kills:
        print(f"The job ended before {kills - made} of {kills} kills were made: take more rows, or a shorter span.")
    if not equal or report.written_again or made < kills:
        raise typer.Exit(1)


if __name__ == "__main__":
    typer.run(main)
