"""The measured drain rate, and the `Retry-After` that follows from it."""

import pytest

from spanwise.service.queue.drain_rate import DrainRate


def test_retry_after_is_what_waits_over_how_fast_it_drains() -> None:
    """`Retry-After` is the waiting characters over the rate, in whole seconds, rounded up, at least one."""
    rate = DrainRate()
    rate.record(characters=1000, seconds=1.0)
    assert rate.retry_after(2500, threads=1) == 3
    assert rate.retry_after(2500, threads=2) == 2
    assert rate.retry_after(1, threads=1) == 1
    assert rate.retry_after(0, threads=1) == 1


def test_retry_after_is_bounded_and_needs_no_measurement() -> None:
    """A stuck thread does not send callers away for more than ten minutes."""
    assert DrainRate().retry_after(10**9, threads=1) == 1
    rate = DrainRate()
    rate.record(characters=1, seconds=100.0)
    assert rate.retry_after(10**9, threads=1) == 600


def test_the_rate_follows_a_change_of_the_work() -> None:
    """Old measurements count half after ten seconds of work."""
    rate = DrainRate()
    for _ in range(100):
        rate.record(characters=1000, seconds=1.0)
    assert rate.characters_per_second == pytest.approx(1000)
    for _ in range(10):
        rate.record(characters=100, seconds=1.0)
    assert 500 < rate.characters_per_second < 600
    for _ in range(60):
        rate.record(characters=100, seconds=1.0)
    assert rate.characters_per_second == pytest.approx(100, rel=0.1)
