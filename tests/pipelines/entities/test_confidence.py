"""Confidence is calibrated where curves were fitted, keeps the order of the probabilities, and is never 0 or 1."""

import json
from dataclasses import replace

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES, EntitySpan
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.components import EntityModel, read_entities
from spanwise.pipelines.entities.compiled.confidence import (
    CALIBRATIONS,
    BetaCalibration,
    Calibrations,
    calibrations_of,
    fingerprint,
    rounded,
)
from spanwise.pipelines.entities.spacy_pipeline import load
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


@pytest.mark.parametrize(("a", "b"), [(0, 1), (1, 0), (-1, 1), (1, float("nan"))])
def test_a_calibration_that_does_not_rise_is_refused(a: float, b: float) -> None:
    """A calibration with a or b not above 0 is refused, since it would turn the order of entities around."""
    with pytest.raises(ValueError, match="rise"):
        BetaCalibration(a, b, 0)


def test_what_is_shipped_belongs_to_the_default_model(model: EntityModel) -> None:
    """The shipped calibrations are filed under the default model's fingerprint, and their labels are among its labels.

    A label without a curve of its own uses the curve for all other labels.
    """
    shipped = json.loads(CALIBRATIONS.read_text(encoding="utf-8"))
    assert list(shipped) == [fingerprint(model)]
    found = calibrations_of(model)
    assert set(found.curves) == {"PERSON", "ORG", "GPE", "LOC", "FAC"}
    assert set(found.curves) <= set(model.decoder.labels)
    assert found.of("DATE") is found.other is not rounded


def test_an_unknown_model_has_none(model: EntityModel) -> None:
    """A model of another language, or with one weight or one action changed, gets no calibration but rounding."""
    bias = model.decoder.bias.copy()
    bias.flat[0] += 1e-4
    retrained = replace(model, decoder=replace(model.decoder, bias=bias))
    relabelled = replace(model, decoder=replace(model.decoder, actions=(*model.decoder.actions[:-1], "U-THING")))
    others = [model_of(FRENCH), retrained, relabelled]
    assert len({fingerprint(one) for one in (model, *others)}) == 4
    for other in others:
        assert calibrations_of(other) == Calibrations()
        assert calibrations_of(other).of("PERSON") is rounded


def test_the_same_model_loaded_again_has_the_same_fingerprint(model: EntityModel) -> None:
    """Loading the same model twice gives the same fingerprint.

    It is the same on every machine too: the shipped one was computed elsewhere.
    """
    assert fingerprint(model_of(ENGLISH)) == fingerprint(model)


def with_probabilities(source: str, text: str) -> list[EntitySpan]:
    """Return the entities of a text with the model's uncalibrated probabilities as their confidences."""
    loaded = load(source)
    entities, sentences = loaded.plan.recognizer, loaded.plan.boundaries.name
    engine = compile_pipeline(loaded.nlp, entities, sentences, calibrations=Calibrations(other=float))
    return engine.annotate([text], [ENTITIES])[0].entities


def test_answers_hold_the_calibrated_probability(english: Analyzer, model: EntityModel) -> None:
    """An entity's confidence is the model's probability, calibrated by the curve of the entity's label."""
    shipped = calibrations_of(model)
    expected = [shipped.of(span.label)(span.confidence or 0) for span in with_probabilities(ENGLISH, ENGLISH_TEXT)]
    assert [span.confidence for span in english.entities([ENGLISH_TEXT])[0]] == expected
    assert len(set(expected)) == len(expected) > 5


def test_an_unknown_models_probabilities_are_passed_on(french: Analyzer) -> None:
    """The probabilities of a model without calibrations are rounded and passed on as confidences."""
    expected = [rounded(span.confidence or 0) for span in with_probabilities(FRENCH, FRENCH_TEXT)]
    assert [span.confidence for span in french.entities([FRENCH_TEXT])[0]] == expected
    assert len(set(expected)) > 1
