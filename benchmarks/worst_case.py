"""`make worst-case`, or `python -m benchmarks.worst_case`: measure what the hardest texts cost.

Every text has 100,000 characters: the 60 patterns of `tests/support/hostile.py`, mixtures in which nothing is like
another, and patterns found by chance. Each is analysed with all features, on one core, while another Python thread
spins and notes the longest time in which it could not run: the longest hold of the GIL. The machine's own noise only adds to
both figures, so a text over a bar is measured again, and its lowest figures count.

The command fails where a text takes more than its seconds, or the GIL is held for longer than its milliseconds.
"""

import sys
import threading
import time
from collections.abc import Iterator, Sequence
from typing import Annotated, NamedTuple

import typer

from benchmarks.ner_alone import PIPELINE
from spanwise.pipelines import Analyzer, Document
from tests.support.hostile import PATTERNS, found_by_chance, mixtures, repeated

_WORDS = "the service was fine and we stayed near the market because "
_LENGTH = 100_000
_BATCH, _BATCH_LENGTH = 128, 7_800  # the largest batch
_AGAIN = 4


class Cost(NamedTuple):
    """CPU time of the thread that analyses, and the longest hold of the GIL, in seconds."""

    seconds: float
    hold: float


class Spinner(threading.Thread):
    """Runs without end, and notes the longest time in which it did not run."""

    def __init__(self) -> None:
        super().__init__(daemon=True)
        self.longest = 0.0
        self.going = True

    def run(self) -> None:
        """Spin."""
        before = time.perf_counter()
        while self.going:
            now = time.perf_counter()
            self.longest = max(self.longest, now - before)
            before = now


def cost_of(analyzer: Analyzer, texts: Sequence[str]) -> Cost:
    """Analyse texts as one batch, with all features."""
    documents = [Document(text, analyzer.features) for text in texts]
    started = time.thread_time()
    analyzer.analyze_documents(documents)
    seconds = time.thread_time() - started
    spinner = Spinner()
    spinner.start()
    analyzer.analyze_documents(documents)
    spinner.going = False
    spinner.join()
    return Cost(seconds, spinner.longest)


def hostile_texts(length: int, found: int, seed: int) -> Iterator[tuple[str, str]]:
    """Yield names and texts: the list, the mixtures, and `found` texts by chance."""
    for name, pattern in PATTERNS.items():
        yield name, repeated(pattern, length)
    yield from mixtures(length).items()
    for number in range(seed, seed + found):
        yield found_by_chance(length, number)


def measured(analyzer: Analyzer, texts: Sequence[str], most: Cost) -> Cost:
    """Return what texts cost, measured again where that is too much."""
    lowest = cost_of(analyzer, texts)
    for _ in range(_AGAIN):
        if lowest.seconds <= most.seconds and lowest.hold <= most.hold:
            break
        again = cost_of(analyzer, texts)
        lowest = Cost(min(lowest.seconds, again.seconds), min(lowest.hold, again.hold))
    return lowest


def main(
    found: Annotated[int, typer.Option(min=0, help="How many patterns are made by chance.")] = 40,
    seed: Annotated[int, typer.Option(help="Of these patterns: another one finds others.")] = 0,
    seconds: Annotated[float, typer.Option(help="What 100,000 characters may take on one core.")] = 1.5,
    hold: Annotated[float, typer.Option(help="Milliseconds for which the GIL may be held.")] = 20.0,
    pipeline: Annotated[str, typer.Option(help="The pipeline that is measured.")] = PIPELINE,
) -> None:
    """Print a table, and fail where a figure is over its bar."""
    analyzer = Analyzer.load(pipeline)
    most = Cost(seconds, hold / 1000)
    plain = min((cost_of(analyzer, [repeated(_WORDS, _LENGTH)]) for _ in range(3)), key=lambda cost: cost.seconds)
    print(f"{analyzer.title}, {analyzer.engine_name} engine, 100,000 characters, all features\n")
    print(f"| {'text':42} | seconds | x plain words | GIL held, ms |\n| --- | ---: | ---: | ---: |")
    over = []
    rows = [("plain words", [repeated(_WORDS, _LENGTH)], most)]
    rows += [(name, [text], most) for name, text in hostile_texts(_LENGTH, found, seed)]
    mixed = list(mixtures(_BATCH_LENGTH).values())
    batch = [mixed[i % len(mixed)] for i in range(_BATCH)]
    rows.append((f"a batch of {_BATCH} mixtures", batch, Cost(seconds * sum(map(len, batch)) / _LENGTH, most.hold)))
    for name, texts, bar in rows:
        cost = measured(analyzer, texts, bar)
        characters = sum(map(len, texts)) / _LENGTH
        ratio = cost.seconds / characters / plain.seconds
        too_much = cost.seconds > bar.seconds or cost.hold > bar.hold
        mark = " (over the bar)" if too_much else ""
        print(f"| {name[:42]:42} | {cost.seconds:.2f} | {ratio:.1f} | {1000 * cost.hold:.1f}{mark} |", flush=True)
        if too_much:
            over.append(name)
    print(f"\n{len(over)} of {len(rows)} over the bars of {seconds} s for 100,000 characters and {hold} ms.")
    sys.exit(1 if over else 0)


if __name__ == "__main__":
    typer.run(main)
