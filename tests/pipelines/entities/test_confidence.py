"""Confidence is calibrated where curves were fitted, keeps the order of the probabilities, and is never 0 or 1."""

import json
import math
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from shutil import copytree

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spanwise.pipelines import Analyzer
from spanwise.pipelines.entities.compiled.calibration_file import (
    FILE_NAME,
    SHIPPED,
    entry_of,
    known_calibrations,
    write_entry,
)
from spanwise.pipelines.entities.compiled.components import EntityModel, read_entities
from spanwise.pipelines.entities.compiled.confidence import BetaCalibration, fingerprint, rounded
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.load_errors import CalibrationBroken
from spanwise.pipelines.specs import locate
from spanwise.schemas import Calibrated
from tests.conftest import ENGLISH, FRENCH

ENGLISH_TEXT = "Tim Cook of Apple met Angela Merkel in Paris on Monday, near Lake Geneva. The Mets lost 3-1 to Boston."
FRENCH_TEXT = "Emmanuel Macron rencontre Olaf Scholz à Berlin, puis la Banque de France à Paris."

probabilities = st.floats(0, 1)
slopes = st.floats(0.05, 5)
calibrations = st.builds(BetaCalibration, slopes, slopes, st.floats(-5, 5))


def model_of(source: str) -> EntityModel:
    """Load a pipeline and return its entity recognizer."""
    loaded = load(source)
    return read_entities(loaded.nlp, str(loaded.plan.recognizer))


@pytest.fixture(scope="module")
def model() -> EntityModel:
    """Return the default pipeline's entity recognizer."""
    return model_of(ENGLISH)


@given(calibrations, probabilities, probabilities)
def test_a_higher_probability_never_has_a_lower_confidence(calibration: BetaCalibration, p: float, q: float) -> None:
    """A higher probability never has a lower confidence.

    Before rounding it has a higher one, where the probabilities are more than 0.000001 apart.
    """
    low, high = sorted((p, q))
    assert calibration(low) <= calibration(high)
    assume(high - low > 1e-6)
    assert calibration.exact(low) < calibration.exact(high)


@given(calibrations, probabilities)
def test_confidence_has_four_decimals_and_is_never_certain(calibration: BetaCalibration, p: float) -> None:
    """A confidence, calibrated or only rounded, has four decimals and lies between 0 and 1, both excluded."""
    for confidence in (calibration(p), rounded(p)):
        assert 0 < confidence < 1
        assert confidence == round(confidence, 4)


def test_rounding_goes_to_the_nearest() -> None:
    """Rounding goes to the nearest of four decimals, but never below 0.0001 or above 0.9999."""
    assert [rounded(p) for p in (0.0, 0.00004, 0.12344, 0.12346, 0.99996, 1.0)] == [
        0.0001,
        0.0001,
        0.1234,
        0.1235,
        0.9999,
        0.9999,
    ]


def test_known_parameters_give_known_confidences() -> None:
    """With a = b = 1 and c = 0 a probability is unchanged; c is added to its log-odds, and a = b = 0.5 halves them."""
    assert BetaCalibration(1, 1, 0).exact(0.3) == pytest.approx(0.3)
    assert BetaCalibration(1, 1, 1).exact(0.5) == pytest.approx(0.7310586)
    assert BetaCalibration(0.5, 0.5, 0).exact(0.9) == pytest.approx(0.75)


@pytest.mark.parametrize(
    ("a", "b", "c"), [(0, 1, 0), (1, 0, 0), (-1, 1, 0), (1, math.nan, 0), (math.inf, 1, 0), (1, 1, math.nan)]
)
def test_a_calibration_that_does_not_rise_is_refused(a: float, b: float, c: float) -> None:
    """A calibration with a or b not above 0 is refused, since it would turn the order of entities around.

    So is one with a parameter that is no finite number.
    """
    with pytest.raises(ValueError, match="rise"):
        BetaCalibration(a, b, c)


def test_what_is_shipped_belongs_to_the_default_model(model: EntityModel) -> None:
    """The shipped calibrations are filed under the default model's fingerprint, and their labels are among its labels.

    A label without a curve of its own uses the curve for all other labels.
    """
    shipped = json.loads(SHIPPED.read_text(encoding="utf-8"))
    assert list(shipped) == [fingerprint(model)]
    found = known_calibrations().of(fingerprint(model))
    assert set(found.curves) == {"PERSON", "ORG", "GPE", "LOC", "FAC"}
    assert set(found.curves) <= set(model.decoder.labels)
    assert found.of("DATE") is found.other
    assert found.of("DATE")(0.5) is not None


def test_an_unknown_model_has_none(model: EntityModel) -> None:
    """Entities of another language's model, or of one with a weight or an action changed, have no confidence."""
    bias = model.decoder.bias.copy()
    bias.flat[0] += 1e-4
    retrained = replace(model, decoder=replace(model.decoder, bias=bias))
    relabelled = replace(model, decoder=replace(model.decoder, actions=(*model.decoder.actions[:-1], "U-THING")))
    others = [model_of(FRENCH), retrained, relabelled]
    assert len({fingerprint(one) for one in (model, *others)}) == 4
    for other in others:
        calibrations = known_calibrations().of(fingerprint(other))
        assert calibrations.evidence is None
        assert calibrations.of("PERSON")(0.99) is None


def test_the_same_model_loaded_again_has_the_same_fingerprint(model: EntityModel) -> None:
    """Loading the same model twice gives the same fingerprint.

    It is the same on every machine too: the shipped one was computed elsewhere.
    """
    assert fingerprint(model_of(ENGLISH)) == fingerprint(model)


def test_answers_hold_the_calibrated_probability(english: Analyzer, model: EntityModel) -> None:
    """An entity's confidence is the model's probability, calibrated by the curve of the entity's label."""
    shipped = known_calibrations().of(fingerprint(model))
    found = english.entities(ENGLISH_TEXT)
    expected = [shipped.of(span.label)(span.raw_score or 0) for span in found]
    assert [span.confidence for span in found] == expected
    assert len(set(expected)) == len(expected) > 5
    assert english.calibrated == {"texts": 17_372, "error": 0.0106}


def test_a_model_without_calibrations_gives_no_confidence(french: Analyzer) -> None:
    """Entities of a compiled pipeline that nothing was fitted on have raw scores, which are high, and no confidence."""
    found = french.entities(FRENCH_TEXT)
    assert [span.confidence for span in found] == [None] * len(found)
    assert all(span.raw_score is not None and 0.5 < span.raw_score <= 1 for span in found)
    assert len({span.raw_score for span in found}) > 1
    assert french.calibrated is None
    (answer,) = french.analyze([FRENCH_TEXT])
    assert not any("confidence" in entity or "raw_score" in entity for entity in answer["entities"])


CURVE = BetaCalibration(0.5, 0.25, -1)
ENTRY = entry_of("fr_core_news_sm-3.8.0", Calibrated(texts=500, error=0.03123), 812, {"LOC": CURVE}, CURVE)


@pytest.fixture
def french_folder(tmp_path: Path) -> Path:
    """Return a copy of the French pipeline as a folder of one's own."""
    return Path(copytree(locate(FRENCH), tmp_path / "french"))


def test_a_calibration_beside_the_model_is_used(french_folder: Path, french: Analyzer) -> None:
    """A pipeline takes the calibration in its folder: confidence, and on how many texts it rests."""
    write_entry(french_folder / FILE_NAME, fingerprint(model_of(FRENCH)), ENTRY)
    analyzer = Analyzer.load(french_folder)
    assert analyzer.calibrated == {"texts": 500, "error": 0.0312}
    assert analyzer.ignored_calibration is None
    found, raw = analyzer.entities(FRENCH_TEXT), french.entities(FRENCH_TEXT)
    assert [span.confidence for span in found] == [CURVE(span.raw_score or 0) for span in raw]
    assert [span.raw_score for span in found] == [span.raw_score for span in raw]


def test_a_calibration_of_other_weights_is_ignored_and_said(french_folder: Path) -> None:
    """A calibration in the folder that was fitted on other weights gives no confidence, and is named as ignored."""
    path = french_folder / FILE_NAME
    write_entry(path, "0" * 32, ENTRY)
    analyzer = Analyzer.load(french_folder)
    assert analyzer.calibrated is None
    assert analyzer.ignored_calibration == path
    assert {span.confidence for span in analyzer.entities(FRENCH_TEXT)} == {None}


def test_a_named_file_goes_before_the_folders(french_folder: Path, tmp_path: Path) -> None:
    """A file that is named serves a pipeline in a folder, and goes before the file that lies there."""
    of_model = fingerprint(model_of(FRENCH))
    named = tmp_path / "named.json"
    write_entry(named, "0" * 32, ENTRY)
    write_entry(named, of_model, ENTRY | {"texts": 700})
    assert len(json.loads(named.read_text("utf-8"))) == 2
    write_entry(french_folder / FILE_NAME, of_model, ENTRY)
    analyzer = Analyzer.load(french_folder, calibrations=[named])
    assert analyzer.calibrated == {"texts": 700, "error": 0.0312}
    assert analyzer.calibrations
    assert analyzer.calibrations.file == named


@pytest.mark.parametrize(
    ("spoil", "what"),
    [
        (lambda _: "{", "is not JSON"),
        (lambda _: "[]", "no object"),
        (lambda text: text.replace("0.25", "-0.25"), "does not rise"),
        (lambda text: text.replace("0.25", "NaN"), "does not rise"),
        (lambda text: text.replace("0.25, ", ""), "cannot be understood"),
        (lambda text: text.replace('"texts"', '"text"'), "cannot be understood"),
        (lambda text: text.replace("0.0312", "NaN"), "out of range"),
        (lambda text: text.replace("500", "-1"), "out of range"),
        (lambda text: text.replace("812", "[").replace('"LOC": [', '"LOC": {'), "is not JSON"),
    ],
)
def test_a_broken_file_is_refused_in_one_line(french_folder: Path, spoil: Callable[[str], str], what: str) -> None:
    """A pipeline whose calibration is damaged is not loaded; the error names the file, on one line."""
    path = french_folder / FILE_NAME
    write_entry(path, fingerprint(model_of(FRENCH)), ENTRY)
    path.write_text(spoil(path.read_text("utf-8")), "utf-8")
    with pytest.raises(CalibrationBroken, match=what) as refused:
        Analyzer.load(french_folder)
    assert str(path) in str(refused.value)
    assert "\n" not in str(refused.value)


def test_a_named_file_must_be_there(tmp_path: Path) -> None:
    """A named file that does not exist is refused."""
    with pytest.raises(CalibrationBroken, match="cannot be read"):
        known_calibrations(named=[tmp_path / "none.json"])


def test_writing_leaves_a_whole_file_or_the_old_one(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """If writing fails half-way, the old file is untouched and no temporary one is left."""
    path = tmp_path / FILE_NAME
    write_entry(path, "1", ENTRY)
    before = path.read_bytes()

    def fail(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "replace", fail)
    with pytest.raises(OSError, match="No space"):
        write_entry(path, "2", ENTRY)
    monkeypatch.undo()
    assert path.read_bytes() == before
    assert [one.name for one in tmp_path.iterdir()] == [FILE_NAME]
