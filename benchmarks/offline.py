"""The offline baseline: spaCy's own `nlp.pipe` with only the NER, in one process or in one per CPU.

The texts are divided among the processes, and the time runs from the first one's start to the last one's end. Every
process has read the words of its texts before, as the service has warmed up its vocabulary, so that spaCy is at its
best.
"""

import multiprocessing
import multiprocessing.synchronize
from collections.abc import Sequence
from dataclasses import dataclass
from time import monotonic, process_time
from typing import NamedTuple, Self

from spacy.language import Language

from benchmarks.ner_alone import load_ner
from benchmarks.procfs import machine_cpu_seconds

BATCH_SIZE = 128
_LOADING_SECONDS = 120
_LONGEST_SECONDS = 600

_state: "tuple[Language, multiprocessing.synchronize.Barrier]"  # set once in each child process


@dataclass(frozen=True, slots=True)
class Offline:
    """The texts and the time of all `nlp.pipe` processes together."""

    processes: int
    texts: int
    seconds: float
    texts_per_second: float
    other_cores: float
    """CPU time of everything else on the machine: how much the figure was disturbed."""


class _Clock(NamedTuple):
    """Seconds of elapsed time, of CPU time of the whole machine, and of CPU time of this process."""

    wall: float
    machine: float
    own: float

    @classmethod
    def now(cls) -> Self:
        return cls(monotonic(), machine_cpu_seconds(), process_time())


class _Share(NamedTuple):
    """When one process started and ended."""

    started: _Clock
    ended: _Clock


def measure_offline(texts: Sequence[str], processes: int) -> Offline:
    """Analyse all texts once, each in one of the processes. Raises `multiprocessing.TimeoutError`."""
    context = multiprocessing.get_context("spawn")
    shares = [list(texts[start::processes]) for start in range(processes)]
    with context.Pool(processes, _prepare, (context.Barrier(processes),)) as pool:
        done = pool.map_async(_analyze, shares, chunksize=1).get(_LOADING_SECONDS + _LONGEST_SECONDS)
    seconds = max(one.ended.wall for one in done) - min(one.started.wall for one in done)
    machine = max(one.ended.machine for one in done) - min(one.started.machine for one in done)
    own = sum(one.ended.own - one.started.own for one in done)
    return Offline(processes, len(texts), seconds, len(texts) / seconds, max(0.0, machine - own) / seconds)


def _prepare(barrier: multiprocessing.synchronize.Barrier) -> None:
    global _state  # noqa: PLW0603 - a pool can hand state to its tasks in no other way
    _state = load_ner(), barrier


def _analyze(texts: list[str]) -> _Share:
    """Analyse one process's share of the texts.

    The barrier makes all processes start together, and keeps any of them from taking two shares.
    """
    nlp, barrier = _state
    for text in texts:
        nlp.make_doc(text)
    for _ in nlp.pipe(texts[:BATCH_SIZE], batch_size=BATCH_SIZE):
        pass
    barrier.wait(_LOADING_SECONDS)
    started = _Clock.now()
    for doc in nlp.pipe(texts, batch_size=BATCH_SIZE):
        _ = doc.ents
    return _Share(started, _Clock.now())
