"""Tests of the report on sentiment: how files of a reader's own are read, and which figures they get."""

from pathlib import Path

import numpy as np
import pytest

from quality.sentiment import Scorer, own_report, text_table
from quality.sentiment_corpora import Labelled, own_targets, own_texts


def test_own_texts_are_read(tmp_path: Path) -> None:
    """Labels may be short or whole words, and a text keeps its tabs."""
    path = tmp_path / "own.tsv"
    path.write_text("pos\tI love it.\nNegative\tI hate\tit.\nneu\tIt is Monday.\n", "utf-8")
    found = own_texts(path)
    assert found.texts == ["I love it.", "I hate\tit.", "It is Monday."]
    assert found.classes.tolist() == [2, 0, 1]


@pytest.mark.parametrize("line", ["good\tI love it.", "pos", "\tx"])
def test_a_line_that_is_wrong_is_named(tmp_path: Path, line: str) -> None:
    """The error about a malformed line names its number."""
    path = tmp_path / "own.tsv"
    path.write_text(f"pos\tFine.\n{line}\n", "utf-8")
    with pytest.raises(SystemExit, match="line 2"):
        own_texts(path)


def test_own_targets_are_read_and_must_lie_in_their_texts(tmp_path: Path) -> None:
    """Targets are read in code points, a header is skipped, and a target outside its text is an error."""
    path = tmp_path / "own.tsv"
    path.write_text("label\tstart\tend\ttext\npos\t7\t12\tI love Paris.\n", "utf-8")
    assert own_targets(path).spans == [(7, 12)]
    path.write_text("pos\t7\t99\tI love Paris.\n", "utf-8")
    with pytest.raises(SystemExit, match="line 1"):
        own_targets(path)


def test_two_classes_alone_have_no_three_class_figures(tmp_path: Path) -> None:
    """Without neutral texts the three-class cells are empty; a report of own files has both tables."""
    scorer = Scorer()
    two = Labelled("two", ["I love it.", "I hate it."], np.array([2, 0]))
    assert "| two | 2 | Spanwise |  |  | 100.0 |  |" in text_table(scorer, [two])
    texts, targets = tmp_path / "texts.tsv", tmp_path / "targets.tsv"
    texts.write_text("pos\tI love it.\nneu\tIt is Monday.\n", "utf-8")
    targets.write_text("pos\t7\t12\tI love Paris.\n", "utf-8")
    report = own_report([texts], [targets])
    assert "| texts.tsv | 2 | VADER |" in report
    assert "| targets.tsv | 1 | majority |" in report
