"""Specifications of classifiers that do not fit: each ends in a ValueError that says why, and none in a crash."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spanwise.pipelines.entities.compiled import compiled_engine
from spanwise.pipelines.entities.compiled.classifiers import read_classifier
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.kernels import SpanKernels, constants
from tests.pipelines.kernels.test_specs import always, integers, without_last
from tests.support.classifiers import ensemble, ngrams, other
from tests.support.kernel_specs import Keys, Recorder, Spec, at, replaced
from tests.support.models import pipeline

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Return the valid specification of two classifiers: an ensemble, and one of attention to keys."""
    models = {"textcat": ensemble(), "textcat_multilabel": other("TextCatParametricAttention.v1")}
    nlp = pipeline({name: {"model": model} for name, model in models.items()})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_engine, "SpanKernels", Recorder)
        made: Any = compile_pipeline(nlp, None, None, {name: read_classifier(nlp, name) for name in models})
    return dict(made._kernels.spec)


ENSEMBLE, ATTENTION = ("categories", 0), ("categories", 1)
NGRAMS, VECTORS, OUTPUT = (*ENSEMBLE, 0), (*ENSEMBLE, 1), (*ENSEMBLE, 2)
WEIGHTS, BIAS, ROWS, STRIDE, LONGEST, COLUMN, ACTIVATION = ((*NGRAMS, i) for i in range(7))
NETWORK, POOLINGS, QUERY, KEYS, RESIDUAL = ((*VECTORS, i) for i in range(5))
MEAN = np.array([getattr(constants, "POOL_MEAN", 0)], np.int32).tobytes()

DAMAGES: dict[str, tuple[Keys, Callable[[Any], Any], str]] = {
    "a list of classifiers": (("categories",), list, "must be a tuple"),
    "a classifier of three parts": (ENSEMBLE, lambda parts: parts[:3], "another number of items"),
    "a classifier of nothing": (ENSEMBLE, always((None, None, None, 0)), "must have n-grams, or vectors"),
    "vectors without an output layer": (OUTPUT, always(None), "must have n-grams, or vectors"),
    "an unknown activation": ((*ENSEMBLE, 3), always(9), "the activation 9"),
    "an unknown activation of n-grams": (ACTIVATION, always(-1), "the activation -1"),
    "too few weights of n-grams": (WEIGHTS, without_last(0), "weights of n-grams must be"),
    "weights of n-grams as a table": (WEIGHTS, lambda w: w.reshape(1, -1), "1 dimension"),
    "too short a bias of n-grams": (BIAS, without_last(0), "weights of n-grams must be"),
    "no rows": (ROWS, always(0), "0 rows"),
    "more rows than weights": (ROWS, lambda rows: rows + 1, "weights of n-grams must be"),
    "rows upon one another": (STRIDE, always(0), "0 apart"),
    "rows too far apart": (STRIDE, lambda stride: stride + 1, "weights of n-grams must be"),
    "n-grams of no token": (LONGEST, always(0), "must have 1 to"),
    "n-grams of many tokens": (LONGEST, always(33), "must have 1 to"),
    "n-grams of a column that is not there": (COLUMN, always(99), "column 99"),
    "n-grams of a negative column": (COLUMN, always(-1), "column -1"),
    "the network of a recognizer that is not there": (NETWORK, always(-1), "takes its network from -1"),
    "the network of a later classifier": (NETWORK, always(1), "takes its network from 1"),
    "a network of a huge number": (NETWORK, always(1 << 80), "too large|too big"),
    "no pooling": (POOLINGS, always(b""), "1 to 4 poolings"),
    "five poolings": (POOLINGS, always(MEAN * 5), "1 to 4 poolings"),
    "an unknown pooling": (POOLINGS, always(integers(b"\x07\0\0\0").tobytes()), "pooling 7"),
    "attention beside the mean": (POOLINGS, lambda one: one + MEAN, "not known, or not alone"),
    "a mean with a query": (POOLINGS, always(MEAN), "a query and keys"),
    "attention without a query": (QUERY, always(None), "needs a query"),
    "a short query": (QUERY, without_last(0), "the query"),
    "keys from other vectors": ((*ATTENTION, 1, 3, 0), without_last(2), "the keys"),
    "keys of another width": (
        (*ATTENTION, 1, 3), lambda layer: (layer[0][:9], layer[1][:9], None, None), "the keys must have"
    ),
    "a residual layer of another width": (
        (*RESIDUAL,), lambda layer: (layer[0][:9], layer[1][:9], None, None), "residual layer of a classifier must have"
    ),
    "a residual layer with half a norm": ((*RESIDUAL, 3), always(None), "both a gain and a shift"),
    "an output layer of other inputs": ((*OUTPUT, 0), without_last(2), "output layer"),
}  # fmt: skip


def test_the_specification_itself_is_read(spec: Spec) -> None:
    """The undamaged specification is accepted; so is one whose second classifier takes the first one's network."""
    assert SpanKernels(**spec).instructions
    assert SpanKernels(**replaced(spec, (*ATTENTION, 1, 0), 0)).instructions


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_classifier_is_refused(spec: Spec, name: str) -> None:
    """One damaged part of a classifier raises an error that names that part."""
    path, damage, reason = DAMAGES[name]
    with pytest.raises((ValueError, OverflowError), match=reason):
        SpanKernels(**replaced(spec, path, damage(at(spec, path))))


def test_a_layer_over_ngrams_may_be_alone(spec: Spec) -> None:
    """A classifier may have n-grams and nothing else."""
    nlp = pipeline({"textcat": {"model": ngrams()}})
    alone = read_classifier(nlp, "textcat").spec(["ORTH"], always(None))
    columns = {"columns": 1, "norm_column": -1, "space_column": -1}
    assert SpanKernels(**{**spec, **columns, "categories": (alone,)}).instructions
