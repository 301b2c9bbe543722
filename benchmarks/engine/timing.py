"""Timing of several pieces of work in turn, once in every round, so that a busy moment affects all of them alike."""

import statistics
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

Work = Callable[[], object]


def medians(works: Mapping[str, Work], rounds: int) -> dict[str, float]:
    """Return the median seconds of each piece of work over `rounds` rounds, after a first round that does not count."""
    seconds: dict[str, list[float]] = {name: [] for name in works}
    for number in range(rounds + 1):
        for name, work in works.items():
            started = time.perf_counter()
            work()
            if number:
                seconds[name].append(time.perf_counter() - started)
    return {name: statistics.median(taken) for name, taken in seconds.items()}


def once(work: Work) -> float:
    """Return the seconds of a single run."""
    started = time.perf_counter()
    work()
    return time.perf_counter() - started


@contextmanager
def busy_thread() -> Iterator[None]:
    """Run another thread that computes in Python and so always wants the GIL, as an event loop under load does."""
    stop = threading.Event()

    def spin() -> None:
        while not stop.is_set():
            sum(range(100))

    thread = threading.Thread(target=spin)
    thread.start()
    try:
        yield
    finally:
        stop.set()
        thread.join()


def beside_a_busy_thread(work: Work) -> Work:
    """Return work that does the same beside a busy thread."""

    def run() -> None:
        with busy_thread():
            work()

    return run


def in_threads(count: int, work: Work) -> Work:
    """Return work that does the same in each of `count` threads at the same time."""

    def run() -> None:
        threads = [threading.Thread(target=work) for _ in range(count)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()

    return run
