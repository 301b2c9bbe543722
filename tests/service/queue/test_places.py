"""Callers who were refused and return at the time that `Retry-After` told them."""

from collections import Counter
from contextlib import suppress
from heapq import heappop, heappush
from math import ceil

import pytest

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import Feature
from spanwise.service.errors import Overloaded
from spanwise.service.queue.batcher import Batcher
from spanwise.service.queue.cost_model import PipelineCosts, Rates
from spanwise.service.queue.places import PlacesInLine, Size
from spanwise.service.queue.submission import SHORT
from tests.support.clock import Clock
from tests.support.scripted_queue import ScriptedThreads, pipeline, queue_with, settle

pytestmark = pytest.mark.anyio

ENTITIES: frozenset[Feature] = frozenset({"entities"})
MILLISECOND = 1_000


@pytest.fixture
def clock() -> Clock:
    """Return a clock."""
    return Clock(50.0)


@pytest.fixture
def places(clock: Clock) -> PlacesInLine:
    """Return an empty line."""
    return PlacesInLine(clock)


def give(places: PlacesInLine, identity: int | None, *, cost: int = 500_000, wait: float = 3.0) -> float:
    """Give a place to a request of half a second, with one thread that drains as estimated."""
    return places.give(identity, Size(SHORT, 100, cost), wait, 1e6)


def test_times_follow_one_another_as_the_queue_drains(places: PlacesInLine) -> None:
    """The first returns once the queue has drained, each other one by what the one before costs later."""
    assert [give(places, number) for number in range(4)] == [3.0, 3.5, 4.0, 4.5]


def test_who_asks_again_keeps_its_place(places: PlacesInLine, clock: Clock) -> None:
    """A caller who does not wait is told what is left, gains nothing and loses nothing."""
    give(places, 1)
    give(places, 2)
    clock.now += 2
    places.advance()
    assert (give(places, 1), give(places, 2)) == (1.0, 1.5)
    assert give(places, 3) == pytest.approx(3.0)


def test_room_is_left_for_who_is_due(places: PlacesInLine, clock: Clock) -> None:
    """From a second before a place's time until its caller returns, or is six seconds late."""
    give(places, 1)
    give(places, 2, cost=7 * MILLISECOND)
    places.advance()
    assert (places.characters[SHORT], places.costs[SHORT], places.is_due(1)) == (0, 0, False)
    clock.now += 2.6
    places.advance()
    assert (places.characters[SHORT], places.costs[SHORT]) == (200, 507 * MILLISECOND)
    assert places.is_due(1)
    assert not places.is_due(None)
    places.take(1)
    assert (places.characters[SHORT], places.costs[SHORT], places.is_due(1)) == (100, 7 * MILLISECOND, False)
    clock.now += 20
    places.advance()
    assert (places.characters[SHORT], places.costs[SHORT], places.is_due(2)) == (0, 0, False)


def test_the_line_gets_shorter_where_nobody_returns(places: PlacesInLine, clock: Clock) -> None:
    """Times are handed out by the share of callers who came back."""
    for number in range(200):
        give(places, number)
    clock.now += 200
    places.advance()
    first = give(places, 1_000)
    assert give(places, 1_001) - first < 0.1


def test_who_returns_never_comes_faster_than_the_queue_drains(places: PlacesInLine, clock: Clock) -> None:
    """Also in the seconds after a line was found to be shorter than expected, since one in twenty returns alone."""
    refused_per_second, cost = 500, 7_300  # of work for 3.65 seconds in each, by one thread
    returning: list[tuple[float, int]] = []
    came: Counter[int] = Counter()
    begin = clock.now
    for number in range(40 * refused_per_second):
        clock.now = begin + number / refused_per_second
        wait = give(places, number, cost=cost, wait=1.0)
        if number % 20 == 0:
            heappush(returning, (clock.now + max(1, ceil(wait)), number))
        places.advance()
        while returning and returning[0][0] <= clock.now:
            _, identity = heappop(returning)
            assert places.is_due(identity)
            places.take(identity)
            came[int(clock.now - begin)] += 1
    assert sum(came.values()) > 400
    assert max(came.values()) * cost / 1e6 < 0.75


def test_a_line_has_an_end(places: PlacesInLine) -> None:
    """Nobody is sent away for more than ten minutes; whoever comes after that gets no place."""
    waits = [give(places, number, cost=60_000_000) for number in range(20)]
    assert max(waits) == 600
    assert len(places.given) == 10


def test_a_stuck_queue_sends_nobody_away_for_hours(places: PlacesInLine) -> None:
    """The longest time is ten minutes."""
    assert give(places, None, wait=10**9) == 600


async def overloaded(threads: ScriptedThreads, **bounds: int) -> tuple[Batcher, Analyzer]:
    """Return a queue, of one second unless other bounds are given, full of short requests of 10 ms each."""
    analyzer = pipeline(threads)
    bounds = bounds or {"max_queued_seconds": 1, "largest_request": 10**6}
    batcher = queue_with(threads, batch_seconds=0.05, **bounds)
    batcher.price(analyzer, PipelineCosts(call=0.001, seed=Rates(10_000, 0.001, 0.001, 0.001)))
    await refuse(batcher, analyzer, None)
    return batcher, analyzer


def ask(batcher: Batcher, analyzer: Analyzer, identity: int | None, texts: int = 1) -> None:
    """Send a request."""
    work = [(analyzer, Document(f"text {number}", ENTITIES)) for number in range(texts)]
    batcher.admit("r", work, identity=identity)


async def refuse(batcher: Batcher, analyzer: Analyzer, identity: int | None) -> int:
    """Send requests of callers who will never return until one is refused, then one more. Return its `Retry-After`."""
    for _ in range(1_000):
        try:
            ask(batcher, analyzer, None)
        except Overloaded:
            break
        await settle()
    with pytest.raises(Overloaded) as refused:
        ask(batcher, analyzer, identity)
    return int(refused.value.headers["Retry-After"])


@pytest.mark.parametrize(
    "bounds",
    [
        pytest.param({"max_queued_seconds": 1, "largest_request": 10**6}, id="seconds"),
        pytest.param(
            {
                "max_queued_seconds": 100,
                "max_queued_characters": 1_000,
                "largest_request": 500,
                "batch_characters": 400,
            },
            id="characters",
        ),
    ],
)
async def test_who_returns_in_time_gets_in(bounds: dict[str, int]) -> None:
    """Among newcomers who fill the queue again at every moment, those who do as they were told are admitted."""
    threads = ScriptedThreads(lambda _: 0.01)
    batcher, analyzer = await overloaded(threads, **bounds)
    told: dict[int, float] = {}
    admitted = 0
    for identity in range(1, 400):
        told[identity] = threads.now + await refuse(batcher, analyzer, identity)
        await threads.finish_next()
        await refuse(batcher, analyzer, None)  # newcomers take all room that is left to them
        for returning, time in list(told.items()):
            if time <= threads.now:
                ask(batcher, analyzer, returning)  # raises if it is refused again
                del told[returning]
                admitted += 1
    assert admitted > 100


async def test_short_requests_cannot_keep_a_large_one_out() -> None:
    """A large batch is admitted while short ones fill all the room that they may have."""
    threads = ScriptedThreads(lambda _: 0.01)
    batcher, analyzer = await overloaded(threads)
    await refuse(batcher, analyzer, None)
    ask(batcher, analyzer, None, texts=40)


async def test_large_requests_cannot_keep_a_short_one_out() -> None:
    """A short request is admitted while large ones fill all the room that they may have."""
    threads = ScriptedThreads(lambda _: 0.01)
    analyzer = pipeline(threads)
    batcher = queue_with(threads, max_queued_seconds=1, batch_seconds=0.05, largest_request=10**6)
    batcher.price(analyzer, PipelineCosts(call=0.001, seed=Rates(10_000, 0.001, 0.001, 0.001)))
    await settle()
    admitted = 0
    with suppress(Overloaded):
        while admitted < 100:
            ask(batcher, analyzer, None, texts=10)
            admitted += 1
    assert 4 <= admitted <= 5
    ask(batcher, analyzer, None)


async def test_a_costly_request_is_admitted_where_nothing_waits() -> None:
    """A legal request whose estimate exceeds the queue's seconds is served all the same, one at a time."""
    threads = ScriptedThreads(lambda _: 20.0)
    analyzer = pipeline(threads)
    batcher = queue_with(threads, max_queued_seconds=10)
    batcher.price(analyzer, PipelineCosts(seed=Rates(20e6, 1, 1, 1)))
    ask(batcher, analyzer, None, texts=3)
    with pytest.raises(Overloaded) as refused:
        ask(batcher, analyzer, None, texts=3)
    assert int(refused.value.headers["Retry-After"]) == 61
    await settle()
    await threads.finish_all()
    ask(batcher, analyzer, None, texts=3)


async def test_a_body_is_refused_unread_where_it_cannot_fit() -> None:
    """Under overload a small body is refused by its size alone, and its place is that of the body."""
    threads = ScriptedThreads(lambda _: 0.01)
    batcher, analyzer = await overloaded(threads)
    body = b'{"text": "text 0"}'
    await refuse(batcher, analyzer, None)
    with pytest.raises(Overloaded) as refused:
        batcher.refuse_early(body)
    assert int(refused.value.headers["Retry-After"]) >= 1
    batcher.refuse_early(b"x" * 100_000)  # may be a large batch, which has room of its own
    for _ in range(300):
        await threads.finish_next()
        if not threads.handed_over:
            break
    assert batcher.refuse_early(b'{"text": "text 1"}') != batcher.refuse_early(body)


async def test_the_bound_of_seconds_holds_where_estimates_are_too_low() -> None:
    """Threads that take three times as long as estimated let a third as much wait."""
    threads = ScriptedThreads(lambda _: 0.01)
    batcher, _ = await overloaded(threads)
    at_first = batcher.queued_characters
    batcher, analyzer = (
        queue_with(threads, max_queued_seconds=1, batch_seconds=0.05, largest_request=10**6),
        pipeline(threads),
    )
    batcher.price(analyzer, PipelineCosts(call=0.001, seed=Rates(10_000, 0.001, 0.001, 0.001)))
    batcher.drain_rate.record(cost=100_000_000, seconds=300.0)
    await refuse(batcher, analyzer, None)
    assert batcher.queued_characters == pytest.approx(at_first / 3, rel=0.15)


async def test_a_caller_is_known_whatever_the_estimate_says_by_then() -> None:
    """A request that was short when it was refused and is long when it returns still has its place."""
    threads = ScriptedThreads(lambda _: 0.01)
    batcher, analyzer = await overloaded(threads)
    threads.seconds_of = lambda _: 0.03
    told = await refuse(batcher, analyzer, 77)
    batcher.price(analyzer, PipelineCosts(call=0.001, seed=Rates(30_000, 0.001, 0.001, 0.001)))  # over half of 50 ms
    back = threads.now + told
    while threads.now < back:
        await settle()
        await threads.finish_next()
        with suppress(Overloaded):
            while True:
                ask(batcher, analyzer, None)
    with pytest.raises(Overloaded):
        ask(batcher, analyzer, None)
    ask(batcher, analyzer, 77)
