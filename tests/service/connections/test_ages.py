"""Deadlines of one length, by the order of beginning."""

from spanwise.service.connections.ages import Ages


class Waiter:
    """A connection that remembers what expired, and may begin to wait again."""

    def __init__(self, again: float | None = None) -> None:
        self.again = again
        self.times = 0

    def expired(self, ages: Ages) -> None:
        """Count, and wait again from the given time on."""
        self.times += 1
        if self.again is not None:
            ages.add(self, self.again)

    def evict(self) -> None:
        """Do nothing."""

    def unread_bytes(self) -> int:
        """Return nothing."""
        return 0

    def cut_off(self) -> None:
        """Do nothing."""


def test_those_whose_time_is_over_are_told_once() -> None:
    """A sweep reaches those that began early enough, and no others."""
    ages, first, second = Ages(10), Waiter(), Waiter()
    ages.add(first, 0)
    ages.add(second, 5)
    for now in (9.9, 10, 14.9):
        ages.sweep(now)
    assert (first.times, second.times) == (1, 0)
    ages.sweep(15)
    assert (first.times, second.times) == (1, 1)
    assert len(ages) == 0


def test_whoever_waits_no_more_is_not_told() -> None:
    """A discarded connection does not expire; to discard it twice is no error."""
    ages, waiter = Ages(10), Waiter()
    ages.add(waiter, 0)
    ages.discard(waiter)
    ages.discard(waiter)
    ages.sweep(100)
    assert waiter.times == 0


def test_to_begin_again_is_to_be_the_youngest() -> None:
    """A connection that waits again while it is told is the last in the order."""
    ages, again, other = Ages(10), Waiter(again=12), Waiter()
    ages.add(again, 0)
    ages.add(other, 3)
    ages.sweep(12)
    assert ages.oldest(20, 0) is other
    ages.sweep(21)
    assert ages.oldest(22, 0) is again
    assert (again.times, other.times) == (1, 1)


def test_the_oldest_is_named_only_if_it_is_old_enough() -> None:
    """Whoever has just begun to wait is left alone."""
    ages, waiter = Ages(10), Waiter()
    assert ages.oldest(0, 0) is None
    ages.add(waiter, 5)
    assert ages.oldest(5.9, 1) is None
    assert ages.oldest(6, 1) is waiter
