"""Admission, micro-batches, deadlines, callers who disconnect, failures, drain."""

import asyncio
from collections.abc import AsyncIterator, Sequence
from concurrent.futures import ThreadPoolExecutor

import pytest

from spanwise.pipelines import Analyzer, Document
from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.schemas import Feature
from spanwise.service.errors import CallerGone, DeadlineExceeded, InternalError, Overloaded, ShuttingDown
from spanwise.service.queue.batcher import Batcher
from spanwise.service.queue.cost_model import PipelineCosts, Rates
from spanwise.service.queue.submission import Submission, analyze_each
from tests.support.fakes import FailingEngine, GatedEngine, with_engine

pytestmark = pytest.mark.anyio

WAIT = 20.0
ENTITIES: frozenset[Feature] = frozenset({"entities"})


@pytest.fixture
def analyzer(english: Analyzer, engine: GatedEngine) -> Analyzer:
    """Return a pipeline that waits for the test."""
    return with_engine(english, engine)


@pytest.fixture
async def batcher() -> AsyncIterator[Batcher]:
    """Yield a batcher with one NLP thread, 100 characters of queue, and micro-batches of 10 characters."""
    executor = ThreadPoolExecutor(1)
    yield Batcher(executor, threads=1, max_queued_characters=100, batch_characters=10)
    executor.shutdown(wait=False)


def submit(
    batcher: Batcher,
    analyzer: Analyzer,
    *texts: str,
    seconds: float = WAIT,
    hung_up: "asyncio.Future[None] | None" = None,
) -> "asyncio.Task[Submission]":
    """Start a request with these texts."""

    async def request() -> Submission:
        submission = batcher.admit("request", [(analyzer, Document(text, ENTITIES)) for text in texts])
        await batcher.wait(submission, seconds, hung_up)
        return submission

    return asyncio.create_task(request())


async def occupy(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> "asyncio.Task[Submission]":
    """Bring a lone text into analysis, so that the texts after it have to wait."""
    busy = submit(batcher, analyzer, "busy")
    await asyncio.to_thread(engine.entered.wait, WAIT)
    return busy


async def turns() -> None:
    """Let the event loop run what is ready."""
    for _ in range(5):
        await asyncio.sleep(0)


async def test_a_lone_request_is_analysed_at_once(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """A lone request does not wait for its batch to fill."""
    engine.gate.set()
    submission = await submit(batcher, analyzer, "alone")
    assert engine.batches == [["alone"]]
    assert submission.outcomes[0] is not None
    assert submission.nlp_ms > 0


async def test_what_arrives_during_a_batch_gathers(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """Texts of different requests share the next micro-batch, in order, up to its budget of characters."""
    waiting = [await occupy(batcher, analyzer, engine)]
    waiting += [submit(batcher, analyzer, text) for text in ("aaaa", "bbbb", "cccc", "d")]
    await turns()
    assert batcher.queued_characters == 13
    engine.gate.set()
    await asyncio.gather(*waiting)
    assert engine.batches == [["busy"], ["aaaa", "bbbb"], ["cccc", "d"]]
    assert batcher.queued_characters == 0


async def test_a_text_over_the_budget_goes_alone(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """A text over the budget is neither cut nor left waiting for ever. Short requests that came later go first."""
    waiting = [await occupy(batcher, analyzer, engine)]
    waiting += [submit(batcher, analyzer, text) for text in ("x" * 50, "a", "b")]
    await turns()
    engine.gate.set()
    await asyncio.gather(*waiting)
    assert engine.batches == [["busy"], ["a", "b"], ["x" * 50]]


async def test_each_pipeline_gets_batches_of_its_own(
    batcher: Batcher, english: Analyzer, analyzer: Analyzer, engine: GatedEngine
) -> None:
    """The pipeline whose text has waited longest is next."""
    other_engine = GatedEngine()
    other_engine.gate.set()
    other = with_engine(english, other_engine, language="fr")
    waiting = [await occupy(batcher, analyzer, engine)]
    waiting += [submit(batcher, *pair) for pair in ((other, "fr1"), (analyzer, "en1"), (other, "fr2"))]
    await turns()
    engine.gate.set()
    await asyncio.gather(*waiting)
    assert other_engine.batches == [["fr1", "fr2"]]
    assert engine.batches == [["busy"], ["en1"]]


async def test_what_does_not_fit_the_queue_is_refused_at_once(
    batcher: Batcher, analyzer: Analyzer, engine: GatedEngine
) -> None:
    """`Retry-After` follows from what waits and the drain rate; a text that fits is admitted afterwards."""
    batcher.price(analyzer, PipelineCosts(seed=Rates(text=0, character=100, symbol=0, capital=0)))
    batcher.drain_rate.record(cost=400_000, seconds=200.0)  # of 100 microseconds a character: 20 characters per second
    busy = await occupy(batcher, analyzer, engine)
    full = submit(batcher, analyzer, "x" * 95)
    await turns()
    with pytest.raises(Overloaded) as refused:
        await submit(batcher, analyzer, "y" * 6)
    assert refused.value.headers == {"Retry-After": "5"}  # 4 in analysis and 95 queued, at 20 a second
    fits = submit(batcher, analyzer, "z" * 5)
    engine.gate.set()
    await asyncio.gather(busy, full, fits)


async def test_a_batch_is_admitted_or_refused_as_one(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """A refused batch leaves nothing behind in the queue."""
    busy = await occupy(batcher, analyzer, engine)
    with pytest.raises(Overloaded):
        await submit(batcher, analyzer, "a" * 60, "b" * 60)
    assert batcher.queued_characters == 0
    engine.gate.set()
    await busy


async def test_work_whose_deadline_has_passed_is_never_started(
    batcher: Batcher, analyzer: Analyzer, engine: GatedEngine
) -> None:
    """The answer comes at the deadline, not when the text's turn would have been."""
    busy = await occupy(batcher, analyzer, engine)
    with pytest.raises(DeadlineExceeded):
        await submit(batcher, analyzer, "late", seconds=0.02)
    assert batcher.queued_characters == 0
    engine.gate.set()
    await busy
    await submit(batcher, analyzer, "next")
    assert engine.batches == [["busy"], ["next"]]


async def test_a_deadline_also_ends_the_wait_for_work_that_runs(
    batcher: Batcher, analyzer: Analyzer, engine: GatedEngine
) -> None:
    """The caller's wait is bounded whatever the thread does."""
    with pytest.raises(DeadlineExceeded):
        await submit(batcher, analyzer, "slow", seconds=0.02)
    assert batcher.longest_run() > 0
    engine.gate.set()


async def test_a_caller_who_hangs_up_leaves_the_queue(
    batcher: Batcher, analyzer: Analyzer, engine: GatedEngine
) -> None:
    """The texts of a caller who has disconnected are not analysed."""
    busy = await occupy(batcher, analyzer, engine)
    hung_up: asyncio.Future[None] = asyncio.get_running_loop().create_future()
    request = submit(batcher, analyzer, "gone1", "gone2", hung_up=hung_up)
    await turns()
    assert batcher.queued_characters == 10
    hung_up.set_result(None)
    with pytest.raises(CallerGone):
        await request
    assert batcher.queued_characters == 0
    engine.gate.set()
    await busy
    assert engine.batches == [["busy"]]


async def test_a_cancelled_request_leaves_the_queue(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """The texts of a request that the server cancels are not analysed."""
    busy = await occupy(batcher, analyzer, engine)
    request = submit(batcher, analyzer, "cancelled")
    await turns()
    request.cancel()
    await turns()
    assert batcher.queued_characters == 0
    engine.gate.set()
    await busy
    assert engine.batches == [["busy"]]


async def test_one_document_fails_alone(english: Analyzer) -> None:
    """A batch that raises is split until only the bad document is left; the others have their analyses."""
    engine = FailingEngine(lambda text: text == "bad")
    texts = ["a", "b", "bad", "c", "d", "e", "bad", "f"]
    outcomes = analyze_each(with_engine(english, engine), [Document(text, ENTITIES) for text in texts])
    assert [isinstance(outcome, Exception) for outcome in outcomes] == [text == "bad" for text in texts]
    assert engine.calls <= 2 * 2 * 4 + 1  # about 2 log2(n) calls per bad document


def test_even_what_is_no_exception_is_an_outcome(english: Analyzer) -> None:
    """A component that raises SystemExit, or panics in Rust, does not end the NLP thread."""

    class Panicking(FailingEngine):
        def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
            raise SystemExit("no more")

    outcomes = analyze_each(with_engine(english, Panicking(lambda _: True)), [Document("a", ENTITIES)] * 2)
    assert [type(outcome) for outcome in outcomes] == [SystemExit, SystemExit]


async def test_short_documents_do_not_come_for_nothing(english: Analyzer, engine: GatedEngine) -> None:
    """Each document costs a micro-batch more than its characters, so that thousands do not share one."""
    executor = ThreadPoolExecutor(1)
    batcher = Batcher(executor, 1, max_queued_characters=100, batch_characters=30, document_characters=9)
    analyzer = with_engine(english, engine)
    waiting = [await occupy(batcher, analyzer, engine)]
    waiting += [submit(batcher, analyzer, text) for text in "abcde"]
    await turns()
    engine.gate.set()
    await asyncio.gather(*waiting)
    assert engine.batches == [["busy"], ["a", "b", "c"], ["d", "e"]]
    executor.shutdown(wait=False)


async def test_times_are_known_of_what_was_given_up(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """A text that was given up before its start has its waiting time, and no analysis time."""
    busy = await occupy(batcher, analyzer, engine)
    submission = batcher.admit("request", [(analyzer, Document("late", ENTITIES))])
    with pytest.raises(DeadlineExceeded):
        await batcher.wait(submission, 0.05)
    assert submission.queue_ms >= 40
    assert submission.nlp_ms == 0
    engine.gate.set()
    await busy


async def test_a_second_drain_gets_no_time_of_its_own(
    batcher: Batcher, analyzer: Analyzer, engine: GatedEngine
) -> None:
    """The drain of the signal and the one at the lifespan's end have one bound for both."""
    stuck = await occupy(batcher, analyzer, engine)
    assert not await batcher.drain(0.05)
    started = asyncio.get_running_loop().time()
    assert not await batcher.drain(30)
    assert asyncio.get_running_loop().time() - started < 5
    with pytest.raises(ShuttingDown):
        await stuck


async def test_a_failure_is_an_internal_error_of_its_document(batcher: Batcher, english: Analyzer) -> None:
    """Other documents of the batch, also those of other requests, have their analyses."""
    analyzer = with_engine(english, FailingEngine(lambda text: text == "bad"))
    good, bad = await asyncio.gather(submit(batcher, analyzer, "ok"), submit(batcher, analyzer, "ok", "bad"))
    assert isinstance(bad.outcomes[1], InternalError)
    assert not isinstance(bad.outcomes[0], Exception)
    assert not isinstance(good.outcomes[0], Exception)


async def test_a_drain_finishes_what_was_accepted(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """A drain finishes accepted texts and refuses new ones."""
    accepted = [await occupy(batcher, analyzer, engine), submit(batcher, analyzer, "queued")]
    await turns()
    drain = asyncio.create_task(batcher.drain(WAIT))
    await turns()
    assert not batcher.accepting
    with pytest.raises(ShuttingDown):
        await submit(batcher, analyzer, "new")
    engine.gate.set()
    assert await drain
    for submission in await asyncio.gather(*accepted):
        assert not isinstance(submission.outcomes[0], Exception)


async def test_a_drain_is_bounded(batcher: Batcher, analyzer: Analyzer, engine: GatedEngine) -> None:
    """Requests that are not finished in time are refused with 503."""
    stuck = [await occupy(batcher, analyzer, engine), submit(batcher, analyzer, "queued")]
    await turns()
    assert not await batcher.drain(0.02)
    for request in stuck:
        with pytest.raises(ShuttingDown):
            await request


async def test_an_idle_drain_is_over_at_once(batcher: Batcher) -> None:
    """The drain of an empty queue does not wait."""
    assert await batcher.drain(0)
