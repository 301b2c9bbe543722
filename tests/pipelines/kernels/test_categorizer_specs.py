"""Specifications of span categorizers that do not fit: each ends in a ValueError that says why, and none in a crash."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spanwise.pipelines.entities.compiled import compiled_engine
from spanwise.pipelines.entities.compiled.classifiers import read_classifier
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.span_categorizers import read_span_categorizer
from spanwise.pipelines.kernels import SpanKernels
from tests.pipelines.kernels.test_specs import always, without_last
from tests.support.classifiers import ngrams, other
from tests.support.kernel_specs import Keys, Recorder, Spec, at, replaced
from tests.support.models import pipeline
from tests.support.span_categorizers import singlelabel, spancat

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Return the valid specification of two text classifiers, the first of n-grams, and of two span categorizers."""
    models = {"textcat": ngrams(), "textcat_multilabel": other("TextCatCNN.v2")}
    configs = {"spancat": spancat(lengths=(1, 3)), "spancat_singlelabel": singlelabel(spans_key="one")}
    nlp = pipeline({**{name: {"model": model} for name, model in models.items()}, **configs})
    found: dict[str, Any] = {name: read_classifier(nlp, name) for name in models}
    found |= {name: read_span_categorizer(nlp, name) for name in configs}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(compiled_engine, "SpanKernels", Recorder)
        made: Any = compile_pipeline(nlp, None, None, found)
    return dict(made._kernels.spec)


MANY, SINGLE = ("spans", 0), ("spans", 1)
NETWORK, HIDDEN, OUTPUT, ACTIVATION, LENGTHS, THRESHOLD, MOST, NEGATIVE, OVERLAP = ((*MANY, i) for i in range(9))


def lengths(*values: int) -> Callable[[Any], bytes]:
    """Return what replaces the lengths of spans."""
    return always(np.array(values, np.int32).tobytes())


DAMAGES: dict[str, tuple[Keys, Callable[[Any], Any], str]] = {
    "a list of categorizers": (("spans",), list, "must be a tuple"),
    "a categorizer of three parts": (MANY, lambda parts: parts[:3], "another number of items"),
    "the network of a recognizer that is not there": (NETWORK, always(-1), "takes its network from -1"),
    "the network of a classifier of n-grams": (NETWORK, always(0), "takes its network from 0"),
    "its own network": (NETWORK, always(2), "takes its network from 2"),
    "the network of a later categorizer": (NETWORK, always(3), "takes its network from 3"),
    "a network of a huge number": (NETWORK, always(1 << 80), "too large|too big"),
    "a maxout layer of other inputs": ((*HIDDEN, 0), without_last(2), "maxout layer of a span categorizer"),
    "a maxout layer that is flat": ((*HIDDEN, 0), lambda w: w.reshape(w.shape[0], -1), "3 dimensions"),
    "too short a bias of the maxout layer": ((*HIDDEN, 1), without_last(0), "maxout layer of a span categorizer"),
    "half a norm": ((*HIDDEN, 3), always(None), "both a gain and a shift"),
    "a short gain": ((*HIDDEN, 2), without_last(0), "maxout layer of a span categorizer"),
    "an output layer of other inputs": ((*OUTPUT, 0), without_last(2), "output layer of a span categorizer"),
    "an output layer with a norm": (
        OUTPUT, lambda layer: (*layer[:2], layer[1][:, 0].copy(), layer[1][:, 0].copy()), "no layer normalization"
    ),
    "an unknown activation": (ACTIVATION, always(7), "the activation 7"),
    "no lengths": (LENGTHS, always(b""), "1 to 256 lengths"),
    "lengths that are no bytes": (LENGTHS, always((1, 2)), "1 to 256 lengths"),
    "bytes that are no integers": (LENGTHS, always(b"12345"), "integers of 32 bits"),
    "a length of 0": (LENGTHS, lengths(1, 0), "1 to 256 tokens, not 0"),
    "a negative length": (LENGTHS, lengths(-1), "1 to 256 tokens, not -1"),
    "a length of 257": (LENGTHS, lengths(257), "1 to 256 tokens, not 257"),
    "a length twice": (LENGTHS, lengths(2, 1, 2), "the length 2 of spans is there twice"),
    "no threshold": (THRESHOLD, always(None), "must have a threshold"),
    "an infinite threshold": (THRESHOLD, always(float("inf")), "finite number"),
    "a threshold that is no number": (THRESHOLD, always(float("nan")), "finite number"),
    "fewer labels than any number": (MOST, always(-2), "at most -2 labels"),
    "a negative class that is not there": (NEGATIVE, always(2), "the negative class 2 is none of 2"),
    "a class below none": (NEGATIVE, always(-2), "the negative class -2 is none of 2"),
}  # fmt: skip


def test_the_specification_itself_is_read(spec: Spec) -> None:
    """The undamaged specification is accepted; so is one whose second categorizer takes the network of another one."""
    assert SpanKernels(**spec).instructions
    for number in (1, 2):
        assert SpanKernels(**replaced(spec, (*SINGLE, 0), number)).instructions


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_categorizer_is_refused(spec: Spec, name: str) -> None:
    """One damaged part of a categorizer raises an error that names that part."""
    path, damage, reason = DAMAGES[name]
    with pytest.raises((ValueError, OverflowError), match=reason):
        SpanKernels(**replaced(spec, path, damage(at(spec, path))))
