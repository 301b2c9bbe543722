"""Tests of the kinds of texts that are easily got wrong, on the model that ships."""

import re

import pytest

from quality.kinds import Kind, answers, kinds_report, rates, read_kinds
from spanwise.pipelines import Analyzer
from training.everyday import lines, make_everyday

REACHED = 0.85
NOT_REACHED = {
    "praise by a limit or a comparative": 0.6, "praise of something else": 0.72, "praise that ended or depends": 0.56,
    "a problem that is gone": 0.66, "fixed ironic phrases": 0.6, "ratings": 0.76,
    "facts of business and politics": 0.25, "medicine": 0.7, "software and its words": 0.64,
    "plain facts and instructions": 0.69, "complaints and praise by fact": 0.57,
    "slang and strong words of praise": 0.57, "double negatives": 0.68, "polite requests": 0.78, "quotations": 0.61,
    "opinions on lines of their own": 0.64,
}  # fmt: skip
"""The rates of the model that ships in kinds where it misses the goal, as docs/explanation/sentiment.md says."""


@pytest.fixture(scope="module")
def unseen(english: Analyzer) -> dict[str, float]:
    """Return the rate of each kind's unseen texts."""
    kinds = read_kinds("unseen_kinds.tsv")
    return rates(kinds, answers(english, kinds))


@pytest.mark.parametrize("kind", list(dict.fromkeys(each.kind for each in read_kinds("unseen_kinds.tsv"))))
def test_no_kind_is_worse_than_documented(unseen: dict[str, float], kind: str) -> None:
    """A kind's unseen texts are right in 85 % and, in a kind that is a known weakness, as often as the docs say."""
    assert unseen[kind] >= NOT_REACHED.get(kind, REACHED)


@pytest.mark.parametrize("symbol", ["🚗", "🖨", "🧱", "🫖", "⚙", "🛗"])
def test_a_plain_symbol_says_nothing_and_changes_nothing(english: Analyzer, symbol: str) -> None:
    """A plain emoji is neutral by itself, and a text beside it keeps its label; some have no label in training."""
    texts = [Kind("", (label,), "", text) for label, text in (
        ("neu", symbol), ("pos", f"I love this hotel. {symbol}"), ("neg", f"{symbol} The soup was awful."),
        ("neu", f"The meeting is at nine. {symbol}"),
    )]  # fmt: skip
    assert [label for label, _ in answers(english, texts)] == [each.labels[0] for each in texts]


def test_most_texts_that_users_reported_are_right(english: Analyzer) -> None:
    """All of them were wrong once. Most are right now, also of those that training does not make."""

    def letters(text: str) -> str:
        return re.sub(r"\W", "", text.lower())

    made = {letters(one.text) for one in make_everyday(lines(), 40, targets_each=40)} | {""}
    kinds = read_kinds("reported_texts.tsv")
    right = [label in each.labels for each, (label, _) in zip(kinds, answers(english, kinds), strict=True)]
    unread = [is_right for each, is_right in zip(kinds, right, strict=True) if letters(each.text) not in made]
    assert sum(right) / len(right) >= 0.71
    assert len(unread) > 90
    assert sum(unread) / len(unread) >= 0.69


def test_every_kind_has_unseen_texts() -> None:
    """There are 30 kinds of 10 to 25 texts each, and none of them is a text that users reported."""
    kinds = read_kinds("unseen_kinds.tsv")
    of_kind = [each.kind for each in kinds]
    assert {of_kind.count(kind) for kind in of_kind} <= set(range(10, 26))
    assert len(set(of_kind)) == 30
    assert not {each.text for each in kinds} & {each.text for each in read_kinds("reported_texts.tsv")}


def test_the_report_names_what_is_wrong(english: Analyzer) -> None:
    """The report has a row for each kind, and the calibration error of words and emoji by themselves."""
    report = kinds_report(english)
    assert "| plain facts and instructions | 23 |" in report
    assert "words, emoji and symbols by themselves" in report


def test_a_wrong_answer_counts_against_its_kind() -> None:
    """A kind's rate is the share of its texts whose label is among the right ones."""
    kinds = [Kind("a", ("pos",), "", "x"), Kind("a", ("neg", "neu"), "", "y"), Kind("b", ("neu",), "", "z")]
    assert rates(kinds, [("neg", 0.9), ("neu", 0.5), ("neu", 0.5)]) == {"a": 0.5, "b": 1.0}
