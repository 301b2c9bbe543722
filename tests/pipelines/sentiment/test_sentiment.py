"""Scores become labels, and the labels of sentences decide the label of a text."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from spanwise.pipelines.annotations import Scores, TextScores
from spanwise.pipelines.sentiment import pure_sentiment, text_sentiment

POSITIVE, NEUTRAL, NEGATIVE = Scores(0.1, 0.2, 0.7), Scores(0.2, 0.6, 0.2), Scores(0.8, 0.1, 0.1)


@given(scores=st.tuples(*[st.floats(0.001, 1)] * 3))
def test_rounded_scores_still_add_up_to_one(scores: tuple[float, float, float]) -> None:
    """The scores of an answer, rounded to four decimals, lie between 0 and 1 and add up to 1."""
    total = sum(scores)
    shown = pure_sentiment(Scores(*(s / total for s in scores)))["scores"]
    values = (shown["negative"], shown["neutral"], shown["positive"])
    assert round(sum(values), 12) == 1
    assert all(0 <= value <= 1 for value in values)


@pytest.mark.parametrize(
    ("sentences", "lengths", "label"),
    [
        ([POSITIVE, NEGATIVE], [75, 25], "mixed"),
        ([POSITIVE, NEGATIVE], [25, 75], "mixed"),
        ([POSITIVE, NEGATIVE], [76, 24], "positive"),
        ([POSITIVE, NEGATIVE], [24, 76], "negative"),
        ([POSITIVE, NEUTRAL, NEGATIVE], [30, 1000, 10], "mixed"),
        ([POSITIVE, NEUTRAL], [51, 50], "positive"),
        ([NEUTRAL, NEUTRAL], [50, 50], "neutral"),
        ([NEGATIVE], [1], "negative"),
    ],
    ids=str,
)
def test_a_text_is_mixed_when_its_sentences_disagree(sentences: list[Scores], lengths: list[int], label: str) -> None:
    """A text is mixed when the smaller of its positive and negative sides has at least a quarter of both together.

    Sides are measured in code points; neutral sentences take no side.
    """
    whole = sentences[lengths.index(max(lengths))]
    assert text_sentiment(TextScores(whole, sentences), lengths)["label"] == label
