"""Tests of the corpora as running text, of the scores of entities, and of the calibration of their confidence."""

from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest

from quality.calibrators import calibrated, family, isotonic
from quality.confidence import confidences, held_out
from quality.corpora import CORPORA, LABELS, Gold, Sentence, detokenize, read_corpus, tagged_spans
from quality.judgements import Judgements, judge, split
from quality.scores import score
from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import EntitySpan
from spanwise.pipelines.calibration.calibration_error import (
    by_chance,
    calibration_error,
    equal_mass_bins,
    equal_width_bins,
)


@pytest.mark.parametrize(
    ("tokens", "text"),
    [
        ("Mr. Smith 's dog ( a big one ) did n't bark .", "Mr. Smith's dog (a big one) didn't bark."),
        ('He said " no , thanks " and left .', 'He said "no, thanks" and left.'),
        ("RT @ user : # love it ’ s great …", "RT @user: #love it’s great…"),
        ("I do n ' t know “ it ” !", "I don't know “it”!"),
    ],
)
def test_tokens_become_text_as_it_is_written(tokens: str, text: str) -> None:
    """Tokens are joined as people write, and each starts where the function says."""
    words = tokens.split()
    joined, starts = detokenize(words)
    assert joined == text
    assert [joined[start : start + len(word)] for start, word in zip(starts, words, strict=True)] == words


@pytest.mark.parametrize(
    ("tags", "spans"),
    [
        ("O B-PER I-PER O B-LOC", [(1, 2, "PER"), (4, 4, "LOC")]),
        ("I-PER I-PER B-PER I-LOC O", [(0, 1, "PER"), (2, 2, "PER"), (3, 3, "LOC")]),
        ("O O", []),
    ],
)
def test_both_kinds_of_tags_are_understood(tags: str, spans: list[tuple[int, int, str]]) -> None:
    """Entities are read from BIO tags, where each begins with B, and from IOB1 tags, where only a neighbour does."""
    assert list(tagged_spans(tags.split())) == spans


def test_a_corpus_is_read_as_texts_with_offsets(tmp_path: Path) -> None:
    """Documents are separate blocks, a user's name includes its @, and entities of other labels are left out."""
    (tmp_path / "ner").mkdir()
    (tmp_path / "ner" / "tiny.conll").write_text(
        "-DOCSTART- O\n\nParis I-LOC\n, O\nI-95 I-MISC\n\n-DOCSTART- O\n\n@\tB-PER\nann\tB-ORG\n \tO\nleft\tO\n",
        "utf-8",
    )
    assert read_corpus(tmp_path, "tiny") == [
        Sentence("Paris, I-95", (Gold(0, 5, "LOC"),), 1),
        Sentence("@ann left", (Gold(0, 4, "ORG"),), 2),
    ]


def test_long_documents_are_several_blocks(tmp_path: Path) -> None:
    """A document is divided into blocks of 50 sentences."""
    (tmp_path / "ner").mkdir()
    (tmp_path / "ner" / "long.conll").write_text("Yes\tO\n\n" * 120, "utf-8")
    assert [sentence.block for sentence in read_corpus(tmp_path, "long")] == [0] * 50 + [1] * 50 + [2] * 20


def test_all_corpora_have_entities_of_every_label(corpora: Path) -> None:
    """Every corpus has entities of every label, which lie within their text and have no white space around them."""
    for name in CORPORA:
        sentences = read_corpus(corpora, name)
        found = [(sentence.text[e.start : e.end], e.label) for sentence in sentences for e in sentence.entities]
        assert {label for _, label in found} == set(LABELS)
        assert all(text and text == text.strip() for text, _ in found)


def test_blocks_are_split_by_shares_and_always_alike() -> None:
    """Each block has exactly one part; another corpus is split otherwise."""
    parts = split([*range(100), *range(100)], "a")
    assert sorted(parts) == list(range(100))
    assert [list(parts.values()).count(part) for part in ("fit", "choose", "held out")] == [50, 25, 25]
    assert parts == split(range(100), "a") != split(range(100), "b")


def test_scores_count_exact_characters_and_mapped_labels() -> None:
    """A label that has no counterpart counts nowhere."""
    annotated = [[Gold(0, 5, "LOC"), Gold(9, 12, "ORG")], [Gold(0, 3, "PER")]]
    found = [
        [EntitySpan(0, 5, "GPE", None), EntitySpan(9, 13, "ORG", None), EntitySpan(20, 24, "DATE", None)],
        [EntitySpan(0, 3, "FAC", None)],
    ]
    scores = score(annotated, found)
    assert (scores["LOC"].precision, scores["LOC"].recall) == (0.5, 1.0)
    assert scores["LOC"].f1 == pytest.approx(2 / 3)
    assert (scores["ORG"].precision, scores["ORG"].recall, scores["ORG"].f1) == (0, 0, 0)
    assert (scores["PER"].found, scores["PER"].annotated) == (0, 1)
    assert scores["all"].precision == scores["all"].recall == scores["all"].f1 == pytest.approx(1 / 3)


def test_predictions_are_judged_by_the_annotators(english: Analyzer) -> None:
    """A prediction is correct if label and characters are the annotators'; those of other labels are not judged."""
    text = "Tim Cook met Angela Merkel in Paris on Monday."
    gold = (Gold(0, 8, "PER"), Gold(13, 26, "ORG"), Gold(30, 34, "LOC"))
    judgements = judge(english.engine, {"mine": [Sentence(text, gold, 0)]})
    assert judgements.label.tolist() == ["PERSON", "PERSON", "GPE"]
    assert judgements.correct.tolist() == [True, False, False]
    assert judgements.probability.tolist() == [span.raw_score for span in english.entities([text])[0][:3]]


def test_the_calibration_error_of_hand_made_examples() -> None:
    """The error is the mean difference between probability and share correct over the bins."""
    three_of_four, none_of_four = np.array([True, True, True, False]), np.zeros(4, dtype=bool)
    assert calibration_error(np.full(4, 0.75), three_of_four, equal_width=True) == 0
    assert calibration_error(np.full(4, 0.9), none_of_four, equal_width=True) == pytest.approx(0.9)
    thirds = np.repeat([0.2, 0.8], [30, 60])
    upside_down = np.repeat([True, False], [30, 60])
    for equal_width in (True, False):
        assert calibration_error(thirds, upside_down, equal_width=equal_width) == pytest.approx(0.8)
        assert calibration_error(thirds, ~upside_down, equal_width=equal_width) == pytest.approx(0.2)
    as_many_too_low_as_too_high = np.repeat([True, False, True, False], [15, 15, 15, 15])
    halves = np.repeat([0.3, 0.7], 30)
    assert calibration_error(halves, as_many_too_low_as_too_high, equal_width=True) == pytest.approx(0.2)


def test_bins_hold_every_prediction_once() -> None:
    """Bins hold equally many predictions, or a fifteenth of the range each, the last with the probability 1."""
    probabilities = np.array([0.0, 0.01, 0.5, 0.99, 1.0] * 9)
    for bins in (equal_mass_bins(probabilities), equal_width_bins(probabilities)):
        assert sorted(np.concatenate(bins).tolist()) == list(range(45))
    assert {len(one) for one in equal_mass_bins(probabilities)} == {3}
    assert [len(one) for one in equal_width_bins(probabilities)] == [18, 9, 18]


def test_fewer_predictions_have_a_larger_error_by_chance() -> None:
    """The error by chance grows as predictions get fewer, and is 0 for predictions that are certain."""
    assert by_chance(np.ones(30)) == 0
    assert 0 < by_chance(np.full(3000, 0.5)) < by_chance(np.full(30, 0.5)) < 0.5


def test_fitting_finds_the_parameters_that_data_were_made_with() -> None:
    """Fitting finds the slope and each label's constant; isotonic curves come close to the truth and do not fall."""
    rng = np.random.default_rng(3)
    probability = rng.uniform(0.02, 0.98, 40_000)
    label = np.where(rng.random(40_000) < 0.5, "ORG", "PERSON")
    odds = np.exp(0.5 * np.log(probability / (1 - probability)) + np.where(label == "ORG", -1.5, 0.5))
    truth = odds / (1 + odds)
    made = Judgements(label, np.zeros(40_000, dtype=int), label, probability, rng.random(40_000) < truth)
    fitted = family(made)
    for name in ("Platt, c by label", "beta, c by label"):
        for of, constant in (("ORG", -1.5), ("PERSON", 0.5)):
            curve = fitted[name][of]
            assert (curve.a, curve.b, curve.c) == pytest.approx((0.5, 0.5, constant), abs=0.06)
    assert fitted["temperature"]["ORG"] == fitted["temperature"]["PERSON"]
    free = isotonic(made)["isotonic by label"]
    assert np.abs(calibrated(free, made) - truth).mean() < 0.03
    assert all(low < high for curve in free.values() for low, high in pairwise(curve.y))


def test_confidence_is_calibrated_on_texts_that_it_was_not_fitted_on(corpora: Path) -> None:
    """Confidence on held-out texts has a small error over all and within frequent labels, unlike the probabilities."""
    judgements = held_out(corpora)
    confidence = confidences(judgements)
    assert set(judgements.corpus.tolist()) == set(CORPORA)
    for equal_width in (False, True):
        assert calibration_error(confidence, judgements.correct, equal_width=equal_width) <= 0.05
    for label in ("PERSON", "ORG", "GPE"):
        among = judgements.label == label
        error = calibration_error(confidence[among], judgements.correct[among])
        assert error <= 0.05 < calibration_error(judgements.probability[among], judgements.correct[among])
