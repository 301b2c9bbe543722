"""Tests of the kinds of texts that are easily got wrong, on the model that ships."""

from quality.kinds import Kind, kinds_report, rates, read_kinds
from spanwise.pipelines import Analyzer


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
