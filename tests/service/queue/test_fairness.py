"""Who goes next: short and long requests, requests among themselves, API keys, pipelines, costly texts."""

from collections.abc import Sequence
from typing import Any

import pytest
from structlog.testing import capture_logs

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import Feature
from spanwise.service.queue.batcher import Batcher
from spanwise.service.queue.cost_model import PipelineCosts, Rates
from spanwise.service.queue.submission import Submission
from tests.support.scripted_queue import ScriptedThreads, pipeline, queue_with, settle

pytestmark = pytest.mark.anyio

ENTITIES: frozenset[Feature] = frozenset({"entities"})
PROSE = 1e-5
"""Seconds for a character of prose: a micro-batch of 0.1 s holds 10,000."""


def prose_seconds(text: str) -> float:
    """Say what a text of prose takes."""
    return len(text) * PROSE


def known_costs() -> PipelineCosts:
    """Return costs that know what prose takes."""
    return PipelineCosts(call=0.001, seed=Rates(text=0.001, character=PROSE * 1e6, symbol=0.001, capital=0.001))


@pytest.fixture
def threads() -> ScriptedThreads:
    """Return a single NLP thread for prose."""
    return ScriptedThreads(prose_seconds)


@pytest.fixture
def analyzer(threads: ScriptedThreads) -> Analyzer:
    """Return an English pipeline."""
    return pipeline(threads)


@pytest.fixture
async def batcher(threads: ScriptedThreads, analyzer: Analyzer) -> Batcher:
    """Return a queue over one thread that knows what prose costs."""
    batcher = queue_with(threads, max_queued_seconds=60)
    batcher.price(analyzer, known_costs())
    return batcher


def admit(batcher: Batcher, analyzer: Analyzer, texts: Sequence[str], **options: Any) -> Submission:
    """Queue a request."""
    return batcher.admit(options.pop("request_id", "r"), [(analyzer, Document(t, ENTITIES)) for t in texts], **options)


def batch_of(name: str, documents: int, characters: int) -> list[str]:
    """Return texts that begin with a name, so that a test knows whose they are."""
    return [name.ljust(characters, "x")] * documents


def share(threads: ScriptedThreads, name: str) -> int:
    """Return the characters analysed so far of texts that begin with a name."""
    return sum(len(text) for texts in threads.batches for text in texts if text.startswith(name))


async def test_a_short_text_waits_for_running_work_alone(
    batcher: Batcher, analyzer: Analyzer, threads: ScriptedThreads
) -> None:
    """Behind a megabyte of batch work, a text of 100 characters is in the next micro-batch that starts."""
    for number in range(10):
        admit(batcher, analyzer, batch_of(f"large {number} ", 100, 1_000))
    await settle()
    for _ in range(7):
        await threads.finish_next()
        late = admit(batcher, analyzer, ["short".ljust(100)])
        await settle()
        assert not late.future.done()
        await threads.finish_next()  # it ran already
        assert await threads.finish_next() == ["short".ljust(100)]
        assert late.future.done()


async def test_ten_costly_texts_let_a_small_request_by() -> None:
    """One legal batch of ten lists of places, 12 s each, does not hold up a request of a few words for minutes."""
    places = ("Paris, " * 15_000)[:100_000]
    threads = ScriptedThreads(lambda text: 12.0 if text == places else 0.001)
    analyzer = pipeline(threads)
    batcher = queue_with(threads, number=2)  # nobody has told the queue what places cost
    batch = admit(batcher, analyzer, [places] * 10)
    await settle()
    small = admit(batcher, analyzer, ["Ada met Bob."])
    await settle()
    assert [len(texts) for texts in threads.batches] == []
    await threads.finish_next()  # one of the two that ran when the request came
    assert not small.future.done()
    await threads.finish_next()
    await threads.finish_next()
    assert small.future.done()
    assert threads.batches[2] == ["Ada met Bob."]
    await threads.finish_all()
    assert batch.future.done()
    assert all(len(texts) == 1 for texts in threads.batches)


async def test_a_large_batch_is_served_beside_short_requests_without_end(
    batcher: Batcher, analyzer: Analyzer, threads: ScriptedThreads
) -> None:
    """Between two micro-batches of long requests there are at most three of short ones, however many wait."""
    large = admit(batcher, analyzer, batch_of("large", 100, 1_000))
    since_long = 0
    while not large.future.done():
        for _ in range(200):  # more than a micro-batch holds
            if batcher.queued_characters < 500_000:
                admit(batcher, analyzer, ["short".ljust(100, "x")])
        await settle()
        texts = await threads.finish_next()
        since_long = 0 if texts[0].startswith("large") else since_long + 1
        assert since_long <= 3
    assert share(threads, "large") == 100_000
    assert share(threads, "short") <= 2.5 * 100_000 + 20_000


async def test_long_requests_take_turns_by_cost(batcher: Batcher, analyzer: Analyzer, threads: ScriptedThreads) -> None:
    """A batch that came first with everything gets no more of the threads than one that came later."""
    admit(batcher, analyzer, batch_of("first", 128, 4_000))
    await settle()
    admit(batcher, analyzer, batch_of("second", 1_000, 500))
    await settle()
    for _ in range(40):
        await threads.finish_next()
    assert share(threads, "first") == pytest.approx(share(threads, "second"), abs=20_000)


async def test_keys_take_turns_by_cost(batcher: Batcher, analyzer: Analyzer, threads: ScriptedThreads) -> None:
    """A key with many requests gets no more than a key with few; its own requests share what it gets."""
    for number in range(5):
        admit(batcher, analyzer, batch_of(f"many {number}", 128, 1_000), caller=1)
    admit(batcher, analyzer, batch_of("few", 128, 1_000), caller=2)
    await settle()
    for _ in range(20):
        await threads.finish_next()
    assert share(threads, "many") == pytest.approx(share(threads, "few"), abs=20_000)
    assert share(threads, "many 0") == pytest.approx(share(threads, "many 4"), abs=20_000)


async def test_short_requests_of_one_key_do_not_hold_up_those_of_another(
    batcher: Batcher, analyzer: Analyzer, threads: ScriptedThreads
) -> None:
    """A key's lone text is in the next micro-batch, however many short requests of another key came before."""
    for _ in range(2_000):
        admit(batcher, analyzer, ["many".ljust(100, "x")], caller=1)
    await settle()
    lone = admit(batcher, analyzer, ["lone".ljust(100, "x")], caller=2)
    await settle()
    await threads.finish_next()
    await threads.finish_next()
    assert lone.future.done()


async def test_pipelines_take_turns_by_cost(batcher: Batcher, analyzer: Analyzer, threads: ScriptedThreads) -> None:
    """Texts of a second pipeline are not held up by those of the first, and save nothing up while there are none."""
    french = pipeline(threads, "fr")
    batcher.price(french, known_costs())
    admit(batcher, analyzer, batch_of("english", 400, 1_000))
    await settle()
    for _ in range(10):
        await threads.finish_next()
    before = share(threads, "english")
    admit(batcher, french, batch_of("french", 400, 1_000))
    await settle()
    for _ in range(20):
        await threads.finish_next()
    assert share(threads, "french") == pytest.approx(share(threads, "english") - before, abs=20_000)


async def test_a_text_that_may_overrun_goes_alone(threads: ScriptedThreads, analyzer: Analyzer) -> None:
    """A text of more than half a micro-batch, in characters or in cost, shares it with nobody."""
    batcher = queue_with(threads)
    batcher.price(analyzer, PipelineCosts(seed=Rates(text=1, character=1, symbol=20, capital=1)))
    symbols, long, short = "!" * 3_000, "x" * 9_000, "y" * 100
    admit(batcher, analyzer, [short, symbols, short, long, short])
    await settle()
    await threads.finish_all()
    assert threads.batches == [[short], [symbols], [short], [long], [short]]


async def test_many_costly_texts_make_small_batches(threads: ScriptedThreads, analyzer: Analyzer) -> None:
    """A micro-batch ends at its budget of cost where that comes before its budget of characters."""
    batcher = queue_with(threads)
    batcher.price(analyzer, PipelineCosts(seed=Rates(text=1, character=1, symbol=60, capital=1)))
    admit(batcher, analyzer, ["!" * 500] * 12)
    await settle()
    await threads.finish_next()
    assert len(threads.batches[0]) == 3  # 30 ms each


async def test_an_overrun_is_paid_for(threads: ScriptedThreads, analyzer: Analyzer) -> None:
    """A batch whose texts take far longer than estimated waits until another one has had as much."""
    threads.seconds_of = lambda text: 5.0 if text.startswith("bad") else prose_seconds(text)
    batcher = queue_with(threads)
    batcher.price(analyzer, known_costs())
    admit(batcher, analyzer, batch_of("bad", 3, 9_000))
    admit(batcher, analyzer, batch_of("good", 128, 2_000))
    await settle()
    await threads.finish_next()
    assert threads.batches == [batch_of("bad", 1, 9_000)]
    while share(threads, "bad") < 18_000:
        await threads.finish_next()
    assert share(threads, "good") == 256_000  # all of it, 2.6 s, before the second text of 5 s


async def test_an_overrun_is_logged_without_its_text(threads: ScriptedThreads, analyzer: Analyzer) -> None:
    """The line says what the micro-batch was, how long it took and was meant to take, and whose it was."""
    threads.seconds_of = lambda text: 2.0 if text.startswith("Secret") else 0.001
    batcher = queue_with(threads)
    with capture_logs() as logs:
        admit(batcher, analyzer, ["Secret!", "fine"], request_id="mine")
        admit(batcher, analyzer, ["fine"], request_id="other")
        await settle()
        await threads.finish_all()
    (line,) = [line for line in logs if line["event"] == "micro_batch_overran"]
    assert "Secret" not in str(line)
    assert (line["seconds"], line["documents"], line["characters"], line["symbols"]) == (2.002, 3, 15, 1)
    assert line["estimated_seconds"] < 0.01
    assert (line["features"], line["pipeline"]) == (["entities"], "en-scripted")
    assert (line["requests"], line["request_ids"]) == (2, ["mine", "other"])


async def test_a_small_overrun_is_not_logged(threads: ScriptedThreads, analyzer: Analyzer) -> None:
    """A short text that takes ten times its estimate is no news."""
    threads.seconds_of = lambda _: 0.05
    batcher = queue_with(threads)
    with capture_logs() as logs:
        admit(batcher, analyzer, ["a"])
        await settle()
        await threads.finish_all()
    assert logs == []


async def test_what_is_withdrawn_leaves_nothing_behind(
    batcher: Batcher, analyzer: Analyzer, threads: ScriptedThreads
) -> None:
    """Requests that are given up in any order free their room, and the rest is served."""
    french = pipeline(threads, "fr")
    admit(batcher, analyzer, ["running"])
    await settle()
    documents = [Document(text, ENTITIES) for text in batch_of("x", 40, 1_000)]
    mixed = batcher.admit("mixed", [((analyzer, french)[n % 2], one) for n, one in enumerate(documents)], caller=3)
    short = admit(batcher, analyzer, ["short"], caller=3)
    kept = admit(batcher, analyzer, ["kept"])
    assert batcher.queued_characters == 40_009
    batcher.withdraw(mixed)
    batcher.withdraw(mixed)
    batcher.withdraw(short)
    assert batcher.queued_characters == 4
    await threads.finish_all()
    assert kept.future.done()
    assert threads.batches == [["running"], ["kept"]]
