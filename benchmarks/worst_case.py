"""`make worst-case`, or `python -m benchmarks.worst_case`: measure what the hardest texts cost.

Every text has 100,000 characters: the 60 patterns of `tests/support/hostile.py`, mixtures in which nothing is like
another, and patterns found by chance. Each is analysed on one core, first without tokens and noun chunks and then with
all features, which has a bar of its own: 100,000 signs are 100,000 tokens, each of which is tagged and parsed. Then it
is analysed with all features again while another Python thread spins and notes the longest time in which it could not
run. Of that time counts what the analysing thread computed meanwhile, and not what the spinning thread waited for a
core: that is the longest hold of the GIL. Noise only adds to the figures, so a text over a bar is measured again, and
its lowest figures count.

The command fails where a text is over a bar.
"""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Annotated, NamedTuple

import typer

from benchmarks.ner_alone import PIPELINE
from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import Feature
from tests.support.hostile import PATTERNS, found_by_chance, mixtures, repeated

_WORDS = "the service was fine and we stayed near the market because "
_LENGTH = 100_000
_BATCH, _BATCH_LENGTH = 128, 7_800  # the largest batch
_GRAMMAR: frozenset[Feature] = frozenset({"tokens", "noun_chunks"})
_AGAIN = 4
_CHECK = 0.001  # seconds


class Cost(NamedTuple):
    """CPU time of the thread that analyses, without tokens and with all features, and the longest hold of the GIL."""

    seconds: float
    all_seconds: float
    hold: float

    def is_within(self, bars: "Cost") -> bool:
        """Return whether no figure is above its bar."""
        return all(figure <= bar for figure, bar in zip(self, bars, strict=True))


BARS = Cost(seconds=1.5, all_seconds=3.0, hold=0.02)


class Spinner(threading.Thread):
    """Runs without end, and notes for how long another thread kept it from running."""

    def __init__(self, other: int) -> None:
        super().__init__(daemon=True)
        self._other = time.pthread_getcpuclockid(other)
        self.longest = 0.0
        self.going = True

    def run(self) -> None:
        """Spin. The time on no core is read every millisecond, since reading it takes some microseconds."""
        before = checked = time.perf_counter()
        computed, waited = time.clock_gettime(self._other), _time_without_core()
        while self.going:
            now = time.perf_counter()
            if now - checked > _CHECK:
                computed_before, waited_before = computed, waited
                computed, waited = time.clock_gettime(self._other), _time_without_core()
                blocked = now - before - (waited - waited_before)
                self.longest = max(self.longest, min(blocked, computed - computed_before))
                now = checked = time.perf_counter()
            before = now


def _time_without_core() -> float:
    """Return the seconds for which this thread was ready to run and had no core (Linux's `schedstat`)."""
    return int(Path("/proc/thread-self/schedstat").read_text("ascii").split()[1]) / 1e9


def cost_of(analyzer: Analyzer, texts: Sequence[str]) -> Cost:
    """Analyse texts as one batch, with the features of two groups, and again beside a thread that spins."""
    seconds = []
    for features in (analyzer.features - _GRAMMAR, analyzer.features):
        documents = [Document(text, features) for text in texts]
        started = time.thread_time()
        analyzer.analyze_documents(documents)
        seconds.append(time.thread_time() - started)
    spinner = Spinner(threading.get_ident())
    spinner.start()
    analyzer.analyze_documents(documents)
    spinner.going = False
    spinner.join()
    return Cost(seconds[0], seconds[1], spinner.longest)


def hostile_texts(length: int, found: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield names and texts: the list, the mixtures, and `found` texts by chance."""
    for name, pattern in PATTERNS.items():
        yield name, repeated(pattern, length)
    yield from mixtures(length).items()
    for number in range(seed, seed + found):
        yield found_by_chance(length, number)


def measured(analyzer: Analyzer, texts: Sequence[str], bars: Cost) -> Cost:
    """Return what texts cost, measured again where that is too much."""
    lowest = cost_of(analyzer, texts)
    for _ in range(_AGAIN):
        if lowest.is_within(bars):
            break
        lowest = Cost._make(map(min, lowest, cost_of(analyzer, texts)))
    return lowest


def main(
    found: Annotated[int, typer.Option(min=0, help="How many patterns are made by chance.")] = 40,
    seed: Annotated[int, typer.Option(help="Of these patterns: another one finds others.")] = 0,
    pipeline: Annotated[str, typer.Option(help="The pipeline that is measured.")] = PIPELINE,
) -> None:
    """Print a table, and fail where a figure is over its bar."""
    analyzer = Analyzer.load(pipeline)
    plain = min((cost_of(analyzer, [repeated(_WORDS, _LENGTH)]) for _ in range(3)), key=lambda cost: cost.seconds)
    print(f"{analyzer.title}, {analyzer.engine_name} engine, 100,000 characters\n")
    print(f"| {'text':42} | seconds | x plain words | with tokens, s | GIL held, ms |")
    print("| --- | ---: | ---: | ---: | ---: |")
    over = []
    rows = [("plain words", [repeated(_WORDS, _LENGTH)], BARS)]
    rows += [(name, [text], BARS) for name, text in hostile_texts(_LENGTH, found, seed)]
    mixed = list(mixtures(_BATCH_LENGTH).values())
    batch = [mixed[i % len(mixed)] for i in range(_BATCH)]
    share = sum(map(len, batch)) / _LENGTH
    rows.append(
        (f"a batch of {_BATCH} mixtures", batch, Cost(BARS.seconds * share, BARS.all_seconds * share, BARS.hold))
    )
    for name, texts, own_bars in rows:
        cost = measured(analyzer, texts, own_bars)
        ratio = cost.seconds * _LENGTH / sum(map(len, texts)) / plain.seconds
        is_within = cost.is_within(own_bars)
        print(
            f"| {name[:42]:42} | {cost.seconds:.2f} | {ratio:.1f} | {cost.all_seconds:.2f} "
            f"| {1000 * cost.hold:.1f}{'' if is_within else ' (over a bar)'} |",
            flush=True,
        )
        if not is_within:
            over.append(name)
    print(f"\n{len(over)} of {len(rows)} over {BARS.seconds} s, {BARS.all_seconds} s or {1000 * BARS.hold:.0f} ms.")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    typer.run(main)
