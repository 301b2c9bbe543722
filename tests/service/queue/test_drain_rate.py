"""The measured drain rate, from which `Retry-After` follows."""

import pytest

from spanwise.service.queue.drain_rate import DrainRate


def test_estimates_are_believed_until_something_was_measured() -> None:
    """A thread is taken to do a second's worth of work in a second."""
    assert DrainRate().cost_per_second == 1_000_000


def test_the_rate_is_what_was_done_over_the_time_it_took() -> None:
    """Threads that take twice as long as estimated drain half as fast."""
    rate = DrainRate()
    rate.record(cost=100_000_000, seconds=200.0)
    assert rate.cost_per_second == pytest.approx(500_000)


def test_the_first_text_of_a_worker_says_little() -> None:
    """It finds pages not loaded and caches cold, and may take a hundred times its estimate."""
    rate = DrainRate()
    rate.record(cost=200, seconds=0.04)
    assert rate.cost_per_second > 950_000


def test_the_rate_follows_a_change_of_the_work() -> None:
    """Old measurements count half after ten seconds of work."""
    rate = DrainRate()
    for _ in range(200):
        rate.record(cost=1000, seconds=1.0)
    assert rate.cost_per_second == pytest.approx(1000, rel=0.2)
    for _ in range(10):
        rate.record(cost=100, seconds=1.0)
    assert 500 < rate.cost_per_second < 600
    for _ in range(60):
        rate.record(cost=100, seconds=1.0)
    assert rate.cost_per_second == pytest.approx(100, rel=0.1)
