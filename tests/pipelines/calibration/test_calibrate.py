"""A pipeline is calibrated on annotated texts: which entities are compared, what is reported, what is refused."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import EntitySpan
from spanwise.pipelines.calibration.calibrate import calibrate
from spanwise.pipelines.calibration.calibration_error import calibration_error
from spanwise.pipelines.calibration.judging import judge, label_map
from spanwise.pipelines.calibration.labelled_texts import LabelledSpan, LabelledText
from spanwise.pipelines.calibration.refusals import LabelledTextsRefused, NoProbabilities, TooFew, Uninformative
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from tests.conftest import FRENCH
from tests.support.labelled import french_sentences, labelled_by_chance


@pytest.fixture(scope="module")
def annotated(french: Analyzer) -> list[LabelledText]:
    """Return 500 French texts, whose annotators agree with the pipeline less often than it believes."""
    return labelled_by_chance(french, french_sentences(500, seed=1), seed=1)


def test_five_hundred_texts_make_confidence_honest(french: Analyzer, annotated: list[LabelledText]) -> None:
    """On 4,000 other texts, confidence is within 0.05 of the share that is right; raw scores are further off."""
    report = calibrate(french, annotated)
    others = labelled_by_chance(french, french_sentences(4000, seed=2), seed=2)
    found = [span for spans in french.entities([one.text for one in others]) for span in spans]
    judged = judge(others, french.entities([one.text for one in others]), label_map(others, {}, french.labels, ""))
    assert len(judged) == len(found)
    assert calibration_error(report.curves.apply(judged), judged.correct) <= 0.05
    assert calibration_error(judged.probability, judged.correct) > 0.1
    assert report.evidence["texts"] == 500
    assert report.evidence["error"] == pytest.approx(
        calibration_error(report.curves.apply(judged), judged.correct), abs=0.05
    )
    assert report.raw_error > 0.1
    assert french.calibrations
    assert report.fingerprint == french.calibrations.fingerprint


def test_the_report_counts_what_was_compared(french: Analyzer, annotated: list[LabelledText]) -> None:
    """For each label: the texts it was found in, how often, how often rightly; and what thresholds would keep."""
    report = calibrate(french, annotated)
    found = french.entities([one.text for one in annotated])
    assert [one.label for one in report.labels] == sorted(french.labels)
    for one in report.labels:
        of_label = [sum(span.label == one.label for span in spans) for spans in found]
        assert (one.entities, one.texts) == (sum(of_label), sum(count > 0 for count in of_label))
        assert 0 <= one.right <= one.entities
    assert sum(one.entities for one in report.labels) == report.entities
    kept = [one.kept for one in report.thresholds]
    assert kept == sorted(kept, reverse=True)
    assert [one.confidence for one in report.thresholds] == [0.5, 0.6, 0.7, 0.8, 0.9]


def test_the_same_texts_give_the_same_curves(french: Analyzer, annotated: list[LabelledText]) -> None:
    """Nothing is left to chance: calibrating twice gives the same entry."""
    assert calibrate(french, annotated).entry == calibrate(french, annotated).entry


def found_at(*spans: tuple[int, int, str]) -> list[EntitySpan]:
    """Return entities as an engine finds them."""
    return [EntitySpan(start, end, label, None, 0.9) for start, end, label in spans]


def test_only_labels_that_were_annotated_are_compared() -> None:
    """An entity is right with exactly the annotated characters and an agreeing label; unknown labels do not count."""
    text = LabelledText(
        "line 1", "Ann saw Bob in Rome on Monday", (LabelledSpan(0, 3, "PER"), LabelledSpan(15, 19, "LOC"))
    )
    agreeing = label_map(
        [text],
        {"PER": frozenset({"PERSON"}), "LOC": frozenset({"GPE", "FAC"})},
        frozenset({"PERSON", "GPE", "FAC", "DATE"}),
        "mine",
    )
    spans = found_at((0, 3, "PERSON"), (8, 11, "PERSON"), (15, 19, "FAC"), (23, 29, "DATE"))
    judged = judge([text], [spans], agreeing)
    assert judged.label.tolist() == ["PERSON", "PERSON", "FAC"]
    assert judged.correct.tolist() == [True, False, True]
    longer = judge([text], [found_at((0, 7, "PERSON"), (15, 19, "PERSON"))], agreeing)
    assert longer.correct.tolist() == [False, False]


def test_entities_that_spacy_computed_are_not_compared() -> None:
    """An entity without a raw score, such as a ruler's, has no probability to calibrate."""
    text = LabelledText("line 1", "Ann", (LabelledSpan(0, 3, "PER"),))
    assert not len(judge([text], [[EntitySpan(0, 3, "PER", None)]], {"PER": frozenset({"PER"})}))


def test_a_label_that_the_pipeline_does_not_know_is_refused(french: Analyzer, annotated: list[LabelledText]) -> None:
    """The error says where the label stands, and which labels there are; with a map, or left out, it is accepted."""
    strange = [*annotated, LabelledText("line 501", "Paris", (LabelledSpan(0, 5, "VILLE"),))]
    with pytest.raises(LabelledTextsRefused, match=r"line 501 has the label 'VILLE'.*LOC, MISC, ORG, PER") as refused:
        calibrate(french, strange)
    assert "\n" not in str(refused.value)
    for ours in (frozenset({"LOC"}), frozenset[str]()):
        assert calibrate(french, strange, {"VILLE": ours}).evidence["texts"] == 501
    with pytest.raises(LabelledTextsRefused, match="knows no 'STADT'"):
        calibrate(french, strange, {"VILLE": frozenset({"STADT"})})


def test_too_little_is_refused(french: Analyzer, annotated: list[LabelledText]) -> None:
    """Fewer than 100 texts, or texts with fewer than 100 entities that can be compared, are refused."""
    with pytest.raises(TooFew, match="There are 99 annotated texts; at least 100"):
        calibrate(french, annotated[:99])
    nothing = [LabelledText(f"line {i}", "Il pleut.", ()) for i in range(500)]
    with pytest.raises(TooFew, match="finds 0 entities"):
        calibrate(french, nothing)


def test_annotations_that_fit_nothing_are_refused(french: Analyzer, annotated: list[LabelledText]) -> None:
    """Where nearly no entity is right, as with positions in another unit, nothing is fitted and the error says why."""
    shifted = [
        replace(one, entities=tuple(LabelledSpan(e.start, e.end - 1, e.label) for e in one.entities))
        for one in annotated
    ]
    with pytest.raises(Uninformative, match=r"agree with 0 of \d+ entities.*code points"):
        calibrate(french, shifted)


def test_spacys_own_engine_has_nothing_to_calibrate(french: Analyzer, annotated: Sequence[LabelledText]) -> None:
    """A pipeline on spaCy's engine is refused in one line, and so is one that finds no entities."""
    loaded = load(FRENCH)
    own = replace(french, engine=SpacyEngine(loaded.nlp, loaded.plan))
    with pytest.raises(NoProbabilities, match="spaCy's own engine serves the pipeline fr_core_news_sm") as refused:
        calibrate(own, annotated)
    assert "\n" not in str(refused.value)
    with pytest.raises(NoProbabilities, match="finds no entities"):
        calibrate(replace(french, features=frozenset({"sentences"})), annotated)
