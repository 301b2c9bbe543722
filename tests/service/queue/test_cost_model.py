"""What texts are estimated to cost, and how the estimates follow what is measured."""

import random
from dataclasses import dataclass

import pytest

from spanwise.pipelines import Analyzer, Document
from spanwise.schemas import Feature
from spanwise.service.queue.cost_model import Facts, PipelineCosts, Rates, facts_of
from spanwise.service.queue.cost_seed import measure
from tests.support.scripted_queue import ScriptedThreads, pipeline

ENTITIES: frozenset[Feature] = frozenset({"entities"})
SENTIMENT: frozenset[Feature] = frozenset({"sentiment"})


@dataclass
class Text:
    """A text as the model is told of it."""

    rates: Rates
    facts: Facts


def microseconds(facts: Facts, rates: tuple[float, float, float, float]) -> float:
    """Return what a text costs at these true rates."""
    return sum(rate * fact for rate, fact in zip(rates, (1, *facts), strict=True))


def some_facts(chance: random.Random) -> Facts:
    """Return the facts of a text of prose or, now and then, of symbols or names."""
    characters = chance.randrange(20, 2_000)
    kind = chance.random()
    symbols = characters // 30 if kind < 0.8 else characters
    return characters, symbols, characters // 6 if kind > 0.9 else characters // 30


@pytest.mark.parametrize(
    ("text", "facts"),
    [
        ("", (0, 0, 0)),
        ("so it is", (8, 0, 0)),
        ("((((!!!!", (8, 8, 0)),
        ("ABCdefgh", (8, 0, 3)),
        ("a:b@" * 100, (400, 200, 0)),
        ("\U0001f600" * 50, (50, 50, 0)),
        ("«ici» “là”", (10, 4, 0)),
        ("Москва слезам не верит", (22, 0, 0)),
        ("東京で会いました", (8, 0, 0)),
        ("lone \ud800 surrogate", (16, 0, 0)),
        ("Tim Cook met Ann. They talked for an hour, or so.", (49, 3, 4)),
        ("Tim met Ann and, so they say, talked for an hour or so.", (55, 3, 2)),  # 5 of 55 are few, and halved
    ],
)
def test_facts_are_counted(text: str, facts: Facts) -> None:
    """Characters, symbols of every script, and capitals."""
    assert facts_of(text) == facts


def test_facts_of_a_long_text_are_those_of_its_slices() -> None:
    """Slices all over a text stand for it, whatever the length of its repetitions."""
    for pattern, symbols, capitals in (("a:b@", 2, 0), ("Paris, ", 1, 1), ("A Few More; ", 1, 3)):
        text = (pattern * 100_000)[:100_000]
        patterns = 100_000 / len(pattern)
        assert facts_of(text) == pytest.approx((100_000, symbols * patterns, capitals * patterns), rel=0.02)
    assert facts_of("x" * 99_999)[0] == 99_999
    assert facts_of("x" * 50_000 + "!" * 50_000)[1] == pytest.approx(50_000, rel=0.02)


def test_estimates_become_right() -> None:
    """After some hundred micro-batches, estimates of mixed texts are right, whatever the rates began with."""
    true = (80.0, 2.0, 45.0, 6.0)
    chance = random.Random(5)
    costs = PipelineCosts(call=500, seed=Rates(10, 20, 1, 100))
    rates = costs.rates_of(ENTITIES)
    for _ in range(8_000):
        batch = [Text(rates, some_facts(chance)) for _ in range(chance.randrange(1, 12))]
        costs.learn(batch, 150 + sum(microseconds(text.facts, true) for text in batch) * chance.uniform(0.8, 1.25))
    for facts in ((300, 10, 10), (1_500, 50, 50), (1_000, 1_000, 30)):
        assert rates.cost_of(facts) == pytest.approx(microseconds(facts, true), rel=0.35)


def test_the_first_measurements_count_most() -> None:
    """Ten micro-batches are enough to bring an estimate that was ten times too high near the truth."""
    costs = PipelineCosts(call=1, seed=Rates(100, 50, 50, 50))
    rates = costs.rates_of(ENTITIES)
    for _ in range(10):
        costs.learn([Text(rates, (1_000, 30, 30))], 5_000)
    assert rates.cost_of((1_000, 30, 30)) == pytest.approx(5_000, rel=0.3)


def test_an_outlier_moves_little() -> None:
    """A machine that stands still for a minute raises settled estimates by less than a tenth, and never below zero."""
    costs = PipelineCosts(call=10, seed=Rates(100, 5, 20, 20))
    rates = costs.rates_of(ENTITIES)
    text = Text(rates, (200, 6, 6))
    right = rates.cost_of(text.facts)
    for _ in range(60):
        costs.learn([text], right + 10)
    costs.learn([text], 60_000_000)
    assert right <= rates.cost_of(text.facts) < 1.1 * right
    for _ in range(5_000):
        costs.learn([text], 0)
    assert rates.cost_of(text.facts) >= 1
    assert min(rates.text, rates.character, rates.symbol, rates.capital) > 0


def test_rates_that_had_no_part_stay() -> None:
    """Texts without a symbol teach nothing about symbols."""
    costs = PipelineCosts(seed=Rates(100, 5, 20, 20))
    rates = costs.rates_of(ENTITIES)
    for _ in range(50):
        costs.learn([Text(rates, (500, 0, 0))], 100)
    assert (rates.symbol, rates.capital) == (20, 20)
    assert rates.character < 5


def test_sets_of_features_have_rates_of_their_own() -> None:
    """What is cheap with entities and dear with sentiment is learned apart, also from micro-batches of both."""
    chance = random.Random(7)
    costs = PipelineCosts(call=10, seed=Rates(100, 5, 5, 5))
    cheap, dear = costs.rates_of(ENTITIES), costs.rates_of(SENTIMENT)
    for _ in range(4_000):
        few, many = chance.randrange(5), chance.randrange(5)
        batch = [Text(cheap, (300, 0, 0))] * few + [Text(dear, (300, 0, 0))] * many
        if batch:
            costs.learn(batch, 10 + 300 * few + 6_000 * many)
    assert cheap.cost_of((300, 0, 0)) == pytest.approx(300, rel=0.3)
    assert dear.cost_of((300, 0, 0)) == pytest.approx(6_000, rel=0.3)


def test_sets_of_features_are_bounded() -> None:
    """However many sets callers ask for, a pipeline remembers some only."""
    costs = PipelineCosts()
    sets = [frozenset({str(number)}) for number in range(200)]
    rates = {id(costs.rates_of(features)) for features in sets}  # type: ignore[arg-type]
    assert len(rates) == 65
    assert costs.rates_of(sets[0]) is costs.rates_of(sets[0])  # type: ignore[arg-type]


def test_the_first_rates_are_measured() -> None:
    """The samples of the start tell apart what characters, capitals and symbols cost."""

    def seconds(text: str) -> float:
        _, symbols, capitals = facts_of(text)
        return (100 + 3 * len(text) + 90 * symbols + 12 * capitals) / 1e6

    threads = ScriptedThreads(seconds)
    analyzer = pipeline(threads)
    rates = measure(analyzer, threads.clock).rates_of(ENTITIES)
    assert rates.character == pytest.approx(3, rel=0.3)
    assert rates.symbol == pytest.approx(90, rel=0.2)
    assert 3 <= rates.capital < 60
    text = "Angela Merkel met Tim Cook in Paris, and everybody was very happy about it for once."
    assert rates.cost_of(facts_of(text)) == pytest.approx(seconds(text) * 1e6, rel=0.5)


def test_a_real_pipeline_is_measured(english: object) -> None:
    """The default pipeline's first rates are positive and of a sensible size."""
    costs = measure(english)  # type: ignore[arg-type]
    document = Document("Tim Cook met Angela Merkel in Paris.", ENTITIES)
    assert 10 < costs.rates_of(document.features).cost_of(facts_of(document.text)) < 1_000_000


def test_features_of_spacys_own_components_are_expensive_from_the_first(
    english: Analyzer, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first text that needs spaCy's noun chunks is not estimated as if the kernels analysed it."""
    monkeypatch.setattr(Analyzer, "computes_in_kernels", lambda _, features: "noun_chunks" not in features)
    costs = PipelineCosts(seed=Rates(50, 0.5, 5, 5))
    facts = facts_of("The quick brown fox jumps over the lazy dog. " * 100)
    in_kernels = costs.rates_of(frozenset({"entities"}), english).cost_of(facts)
    borrowed = costs.rates_of(frozenset({"noun_chunks"}), english).cost_of(facts)
    assert borrowed > 20 * in_kernels
