"""Tests of the kinds of texts that are easily got wrong, on the model that ships."""

import pytest

from quality.kinds import Kind, answers, kinds_report, rates, read_kinds
from spanwise.pipelines import Analyzer


@pytest.fixture(scope="module")
def found(english: Analyzer) -> dict[str, float]:
    """Return the share of right answers of each kind of unseen texts."""
    kinds = read_kinds("unseen_kinds.tsv")
    return rates(kinds, answers(english, kinds))


def test_every_kind_has_as_many_unseen_texts() -> None:
    """There are 30 kinds of 25 texts each, and none of them is a text that users reported."""
    kinds = read_kinds("unseen_kinds.tsv")
    of_kind = [each.kind for each in kinds]
    assert {of_kind.count(kind) for kind in of_kind} == {25}
    assert len(set(of_kind)) == 30
    assert not {each.text for each in kinds} & {each.text for each in read_kinds("reported_texts.tsv")}


def test_the_report_names_what_is_wrong(english: Analyzer) -> None:
    """The report has a row for each kind, and the calibration error of words and emoji by themselves."""
    report = kinds_report(english)
    assert "| plain facts and instructions | 25 |" in report
    assert "words, emoji and symbols by themselves" in report


def test_a_wrong_answer_counts_against_its_kind() -> None:
    """A kind's rate is the share of its texts whose label is among the right ones."""
    kinds = [Kind("a", ("pos",), "", "x"), Kind("a", ("neg", "neu"), "", "y"), Kind("b", ("neu",), "", "z")]
    assert rates(kinds, [("neg", 0.9), ("neu", 0.5), ("neu", 0.5)]) == {"a": 0.5, "b": 1.0}
