"""The bound on bytes that wait for readers, and the time in which they must be read."""

from spanwise.service.connections.ages import Ages
from spanwise.service.connections.unread import LEAST_BYTES, Unread


class Reader:
    """A connection with so many bytes waiting."""

    def __init__(self, size: int) -> None:
        self.size = size
        self.dropped = False

    def unread_bytes(self) -> int:
        """Return what waits."""
        return self.size

    def cut_off(self) -> None:
        """Remember it."""
        self.dropped = True

    def evict(self) -> None:
        """Do nothing."""

    def expired(self, ages: Ages) -> None:
        """Do nothing."""


def unread(max_bytes: int = 10_000_000, seconds: float = 30) -> tuple[Unread, list[str]]:
    """Return an object and the list of the reasons for which it cuts off."""
    reasons: list[str] = []
    return Unread(max_bytes, seconds, reasons.append), reasons


def test_a_reader_that_takes_nothing_is_cut_off_in_time() -> None:
    """Not before the period is over, and once."""
    waiting, reasons = unread()
    reader = Reader(1000)
    waiting.add(reader, 0)
    waiting.sweep(29.9)
    assert not reader.dropped
    waiting.sweep(30)
    waiting.sweep(60)
    assert reader.dropped
    assert reasons == ["write_timeout"]
    assert waiting.bytes == 0


def test_a_reader_must_take_enough_in_each_period() -> None:
    """64 KiB in a period win the next one; a byte less does not."""
    waiting, _ = unread()
    steady, dripping = Reader(10 * LEAST_BYTES), Reader(10 * LEAST_BYTES)
    waiting.add(steady, 0)
    waiting.add(dripping, 0)
    for now in (30, 60, 90):
        steady.size -= LEAST_BYTES
        dripping.size -= LEAST_BYTES - 1
        waiting.sweep(now)
    assert not steady.dropped
    assert dripping.dropped


def test_a_reader_that_has_read_all_begins_anew() -> None:
    """The next answer has a period of its own."""
    waiting, _ = unread()
    reader = Reader(1000)
    waiting.add(reader, 0)
    waiting.discard(reader)
    waiting.add(reader, 29)
    waiting.sweep(31)
    assert not reader.dropped


def test_room_is_made_by_those_who_have_not_read_for_longest() -> None:
    """Progress counts, not the size nor the order; the others stay."""
    waiting, reasons = unread(max_bytes=100)
    reading, stuck, newest = Reader(50), Reader(40), Reader(60)
    waiting.add(reading, 0)
    waiting.add(stuck, 1)
    reading.size = 30
    waiting.sweep(2)
    assert waiting.bytes == 70
    waiting.add(newest, 3)
    assert (reading.dropped, stuck.dropped, newest.dropped) == (False, True, False)
    assert reasons == ["unread_limit"]
    assert waiting.bytes == 90
    assert not waiting.over_limit


def test_what_was_read_since_the_last_sweep_makes_room_first() -> None:
    """Nobody is cut off for bytes that do not wait any more."""
    waiting, _ = unread(max_bytes=100)
    reader, newest = Reader(90), Reader(60)
    waiting.add(reader, 0)
    reader.size = 10
    waiting.add(newest, 1)
    assert not reader.dropped
    assert waiting.bytes == 70


def test_one_answer_may_be_larger_than_the_bound() -> None:
    """The newest is never cut off for room; admission can see that there is none."""
    waiting, _ = unread(max_bytes=100)
    other, large = Reader(10), Reader(1000)
    waiting.add(other, 0)
    waiting.add(large, 1)
    assert other.dropped
    assert not large.dropped
    assert waiting.over_limit
    waiting.discard(large)
    assert not waiting.over_limit
