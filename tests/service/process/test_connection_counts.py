"""Workers see how many connections each of them has."""

import os
from collections.abc import Iterator
from contextlib import closing

import pytest

from spanwise.service.process.connection_counts import ConnectionCounts


@pytest.fixture
def counts() -> Iterator[ConnectionCounts]:
    """Return memory in which the processes 1 and 2 have slots, and neither accepts yet."""
    with closing(ConnectionCounts.create()) as made:
        made.add(1)
        made.add(2)
        yield made


def test_the_fewest_are_those_of_another_worker_that_accepts(counts: ConnectionCounts) -> None:
    """One that has not begun to accept, has stopped, or has ended, is as if it were not there."""
    assert counts.fewest_of_others(0) > 1_000_000
    counts.set(0, 3)
    counts.set(1, 5)
    assert (counts.fewest_of_others(0), counts.fewest_of_others(1)) == (5, 3)
    counts.set(1, None)
    assert counts.fewest_of_others(0) > 1_000_000
    counts.set(1, 5)
    counts.discard(2)
    assert counts.fewest_of_others(0) > 1_000_000


def test_slots_are_used_again(counts: ConnectionCounts) -> None:
    """A new worker gets the slot of one that has ended, and the workers behind that are still seen."""
    counts.add(4)
    counts.set(2, 5)
    counts.discard(2)  # as after a reload: between two living workers a slot is free
    assert counts.fewest_of_others(0) == 5
    counts.add(2)
    counts.discard(1)
    counts.add(3)
    assert (counts.slot_of(3), counts.slot_of(1)) == (0, None)
    assert counts.fewest_of_others(0) == 5
    for pid in range(1000, 3000):
        counts.add(pid)
    assert counts.slot_of(2999) is None, "there are slots for 1,024 workers"


def test_processes_share_it(counts: ConnectionCounts) -> None:
    """What one process writes, others read."""
    with closing(ConnectionCounts(os.dup(counts.descriptor))) as other:
        other.set(0, 42)
    assert counts.get(0) == 42
