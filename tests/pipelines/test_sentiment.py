"""Sentiment: VADER in linear time, its probabilities, and the rule from sentences to a text."""

import random
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from vaderSentiment.vaderSentiment import SentimentIntensityAnalyzer

from pipelines.sentiment import Scores, TextScores, VaderModel, pure_sentiment, text_sentiment
from pipelines.sentiment.vader import probabilities

POSITIVE, NEUTRAL, NEGATIVE = Scores(0.1, 0.2, 0.7), Scores(0.2, 0.6, 0.2), Scores(0.8, 0.1, 0.1)
WORDS = [
    *("not", "good", "bad", "VERY", "great", "sort", "of", "kind", "least", "at", "the", "but", "no", "never", "so"),
    *("this", "without", "doubt", "awful", ":)", "🎉", "😀", "happy!", "yeah", "right", "hand", "to", "mouth", "cut"),
    *("mustard", "isn't", "uber", "barely", "nor", "or", "love", "hate??", "ok"),
]

vader = VaderModel()
original = SentimentIntensityAnalyzer()


@settings(max_examples=300)
@given(words=st.lists(st.sampled_from(WORDS), max_size=30))
def test_linear_vader_is_vader(words: list[str]) -> None:
    """Its rules only ever look at a few words around the current one."""
    text = " ".join(words)
    assert vader.compound(text) == original.polarity_scores(text)["compound"]


def test_linear_vader_is_vader_on_real_texts(corpora: Path) -> None:
    """Tweets and whole reviews."""
    for name in ("semeval.train.tsv", "imdb.train.tsv"):
        lines = (corpora / "sentiment" / name).read_text("utf-8").splitlines()
        for line in random.Random(3).sample(lines, 300):
            text = line.partition("\t")[2]
            assert vader.compound(text) == original.polarity_scores(text)["compound"]


def test_long_texts_take_linear_time() -> None:
    """VADER itself takes minutes for either of these, and would run into the test's time limit."""
    assert vader.compound("good day " * 11_000) > 0.9
    assert vader.compound(" ".join(f"good{'!' * (i % 7)} bad" for i in range(10_000)) + " but ok") != 0
    assert -1 <= vader.compound("😀" * 100_000) <= 1


@given(compound=st.floats(-1, 1))
def test_a_compound_score_becomes_probabilities(compound: float) -> None:
    """Of the three classes; they add up to 1."""
    scores = probabilities(compound)
    assert sum(scores) == pytest.approx(1)
    assert min(scores) > 0


def test_probabilities_follow_the_compound_score() -> None:
    """Clearly bad, nothing in particular, clearly good."""
    assert [pure_sentiment(probabilities(c))["label"] for c in (-0.8, 0.0, 0.8)] == [
        "negative",
        "neutral",
        "positive",
    ]


@given(scores=st.tuples(*[st.floats(0.001, 1)] * 3))
def test_rounded_scores_still_add_up_to_one(scores: tuple[float, float, float]) -> None:
    """To the last decimal that is told."""
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
    """When the smaller side has at least a quarter of what both sides say; neutral sentences take no side."""
    whole = sentences[lengths.index(max(lengths))]
    assert text_sentiment(TextScores(whole, sentences), lengths)["label"] == label
