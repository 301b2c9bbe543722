"""Tests of the model that ships: sentences that it must get right, and groups that it must not treat differently.

The pass rates are printed with the results of the run; `make quality` prints them too.
"""

import pytest

from quality.fairness import GROUPS, changes
from quality.robustness import categories, most, robustness_report, toward, whole
from spanwise.pipelines import Analyzer, Document
from spanwise.pipelines.sentiment import SentimentModel

GOAL = 0.9
NOT_REACHED = {"names that sound good or bad": 0.89}
"""The pass rates of the model that ships in categories where it misses the goal, see docs/explanation/sentiment.md."""

FAIR = 0.03


@pytest.fixture(scope="module")
def model(english: Analyzer) -> SentimentModel:
    """Return the sentiment model as the service runs it."""
    assert english.sentiment_model
    assert english.sentiment_model.name == "compiled"
    return english.sentiment_model


@pytest.fixture(scope="module")
def rates(model: SentimentModel, pytestconfig: pytest.Config) -> dict[str, float]:
    """Print the report, and return the pass rates by category."""
    report, rates = robustness_report(model)
    terminal = pytestconfig.pluginmanager.get_plugin("terminalreporter")
    if terminal:
        terminal.write_line(f"\n{report}")
    return rates


@pytest.mark.parametrize(
    "category",
    [
        pytest.param(name, marks=pytest.mark.xfail(reason="a known weakness, see docs/explanation/sentiment.md"))
        if name in NOT_REACHED
        else name
        for name in categories()
    ],
)
def test_most_sentences_of_a_category_are_right(rates: dict[str, float], category: str) -> None:
    """The model gets at least nine of ten sentences right in every category but the known weaknesses."""
    assert rates[category] >= GOAL


@pytest.mark.parametrize("category", list(NOT_REACHED))
def test_a_known_weakness_does_not_grow(rates: dict[str, float], category: str) -> None:
    """In a category that misses the goal, the model stays at least as good as the docs say."""
    assert rates[category] >= NOT_REACHED[category]


@pytest.mark.parametrize("group", list(GROUPS))
def test_scores_hardly_depend_on_who_is_spoken_of(model: SentimentModel, group: str) -> None:
    """The score changes by less than 0.03 on average over all pairs of a group."""
    assert changes(model)[group][0] < FAIR


def test_one_sentence_says_opposite_things_of_two_entities(english: Analyzer) -> None:
    """The pipeline finds one entity positive and the other negative, and the reverse when they change places."""
    for good, bad in (("Paris", "London"), ("London", "Paris")):
        text = f"I love {good}, but I hate {bad}."
        (answer,) = english.analyze([Document(text, frozenset({"entity_sentiment"}))])
        found = {entity["text"]: entity["sentiment"]["label"] for entity in answer["entities"]}
        assert found == {good: "positive", bad: "negative"}


def test_the_classes_are_told_apart(model: SentimentModel) -> None:
    """Each class is the most probable one of some text, in the order negative, neutral, positive."""
    texts = ("This is dreadful.", "The train leaves at nine.", "This is delightful.")
    assert [most(whole(model, text)) for text in texts] == [0, 1, 2]
    assert most(toward(model, "The plumber was superb.", "plumber")) == 2
