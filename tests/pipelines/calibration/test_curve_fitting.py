"""Curves that are fitted to some hundred entities come close to the truth, and few entities do not lead them astray."""

import numpy as np
import pytest
from numpy.typing import NDArray

from spanwise.pipelines.calibration.calibration_error import bins_for, calibration_error
from spanwise.pipelines.calibration.curve_fitting import OWN_CONSTANT, Floats, fit_curves
from spanwise.pipelines.calibration.judging import Judged
from spanwise.pipelines.calibration.refusals import Uninformative

CONSTANTS = {"PERSON": 0.2, "ORG": -1.5, "GPE": 0.8}


def truth(probability: Floats, label: NDArray[np.str_], slope: float = 0.5) -> Floats:
    """Return how often an entity of that probability and label is right."""
    constant = np.array([CONSTANTS[name] for name in label.tolist()])
    odds = np.exp(slope * np.log(probability / (1 - probability)) + constant)
    return np.asarray(odds / (1 + odds))


def drawn(entities: int, seed: int, slope: float = 0.5) -> Judged:
    """Draw entities of an overconfident model: most of its probabilities are close to 1."""
    rng = np.random.default_rng(seed)
    probability = np.clip(rng.beta(2, 0.4, entities), 1e-4, 1 - 1e-4)
    label = rng.choice(list(CONSTANTS), entities)
    correct = rng.random(entities) < truth(probability, label, slope)
    return Judged(np.arange(entities), label, probability, correct)


@pytest.mark.parametrize("seed", range(10))
@pytest.mark.parametrize("slope", [0.3, 0.5, 1.0])
def test_five_hundred_entities_suffice(seed: int, slope: float) -> None:
    """Confidence fitted on 500 entities is within 0.05 of the share that is right among 50,000 others."""
    curves = fit_curves(drawn(500, seed, slope))
    others = drawn(50_000, 1000 + seed, slope)
    assert calibration_error(curves.apply(others), others.correct) <= 0.05


def test_the_probabilities_themselves_are_far_off() -> None:
    """The entities of these tests need a calibration."""
    judged = drawn(50_000, 1)
    assert calibration_error(judged.probability, judged.correct) > 0.1


def test_many_entities_lead_to_the_truth() -> None:
    """With 100,000 entities the penalties hardly show: confidences are those that the entities were drawn with."""
    curves = fit_curves(drawn(100_000, 0))
    others = drawn(10_000, 1)
    assert np.abs(curves.apply(others) - truth(others.probability, others.label)).mean() < 0.01


def test_a_label_with_few_entities_shares_the_curve() -> None:
    """A label has a curve of its own from a number of entities on; labels below it, and unseen ones, share one."""
    judged = drawn(600, 3)
    rare = np.arange(600) < OWN_CONSTANT - 1
    judged = Judged(judged.text, np.where(rare, "RARE", judged.label), judged.probability, judged.correct)
    curves = fit_curves(judged)
    assert set(curves.by_label) == set(CONSTANTS)
    one_more = np.arange(600) < OWN_CONSTANT
    judged = Judged(judged.text, np.where(one_more, "RARE", judged.label), judged.probability, judged.correct)
    assert set(fit_curves(judged).by_label) == {*CONSTANTS, "RARE"}


@pytest.mark.parametrize("right", [True, False])
def test_a_model_that_is_always_right_or_never_is_not_certain(right: bool) -> None:
    """Where all entities are right, or none is, confidence comes close to 1 or 0 and stays between them."""
    judged = drawn(300, 5)
    judged = Judged(judged.text, judged.label, judged.probability, np.full(300, right))
    confidence = fit_curves(judged).apply(judged)
    wrong = 1 - confidence if right else confidence
    assert 0 < wrong.min() <= wrong.max() < 0.1


def test_probabilities_that_mean_the_opposite_are_refused() -> None:
    """A model that is right more often where its probability is lower gets no curve."""
    judged = drawn(20_000, 7, slope=-1.0)
    with pytest.raises(Uninformative, match="not right more often"):
        fit_curves(judged)


def test_probabilities_of_0_and_1_are_fitted() -> None:
    """Probabilities at both ends, whose odds are infinite, do not break the fit."""
    probability = np.repeat([0.0, 1.0], 100)
    correct = np.concatenate([np.arange(100) < 10, np.arange(100) < 90])
    judged = Judged(np.arange(200), np.full(200, "X"), probability, correct)
    low, high = fit_curves(judged).apply(judged)[[0, -1]]
    assert (low, high) == pytest.approx((0.1, 0.9), abs=0.15)


def test_the_number_of_bins_follows_the_number_of_predictions() -> None:
    """There are 100 predictions to a bin, from 5 bins to 15."""
    assert [bins_for(count) for count in (1, 499, 600, 1_050, 1_500, 10_000)] == [5, 5, 6, 10, 15, 15]
