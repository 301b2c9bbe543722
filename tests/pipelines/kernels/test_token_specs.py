"""Token networks that do not fit end in a ValueError that says why, and so do calls that the kernels cannot answer."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spanwise.pipelines.kernels import SpanKernels, constants
from tests.support import kernel_specs
from tests.support.kernel_specs import Keys, Spec, at, replaced

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

FIRST = ("tokens", 0, 0)
CLASSIFIER = (*FIRST, 1, 0)

DAMAGES: dict[str, tuple[Keys, Callable[[Any], Any], str]] = {
    "a list": (("tokens",), list, "must be a tuple"),
    "vectors of a network below none": (("tokens", 1), lambda _: -1, "token network -1 of 2"),
    "vectors of a network that there is not": (("tokens", 1), lambda _: 2, "token network 2 of 2"),
    "a network without classifiers": (FIRST, lambda network: network[:1], "another number of items"),
    "classifiers in a list": ((*FIRST, 1), list, "items of other types"),
    "a classifier of one item": (CLASSIFIER, lambda classifier: classifier[:1], "another number of items"),
    "no class for a token": ((*CLASSIFIER, 1), lambda _: 0, "chooses 0 of"),
    "more classes than there are": ((*CLASSIFIER, 1), lambda _: 30, "chooses 30 of"),
    "more classes than are allowed": ((*CLASSIFIER, 1), lambda _: 1 << 40, "chooses"),
    "classes of another width": (
        (*CLASSIFIER, 0, 0), lambda weights: np.ascontiguousarray(weights[:, :, :-1]), "dimension 2"
    ),
    "classes with a layer norm": (
        (*CLASSIFIER, 0), lambda layer: (*layer[:2], layer[1][:, 0].copy(), layer[1][:, 0].copy()), "normalization"
    ),
    "a network of another width": ((*FIRST, 0, 2), lambda mix: (mix[0][:-1], mix[1][:-1], *mix[2:]), "dimension|fit"),
}  # fmt: skip


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Return the valid specification of two token networks."""
    return kernel_specs.token_spec()


def describe(words: list[str]) -> tuple[bytes, bytes]:
    """Describe words by zeros, for a model with four attributes."""
    return bytes(4 * len(words)), bytes(32 * len(words))


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_specification_is_refused(spec: Spec, name: str) -> None:
    """Each damage ends in a ValueError."""
    path, damage, message = DAMAGES[name]
    with pytest.raises(ValueError, match=message):
        SpanKernels(**replaced(spec, path, damage(at(spec, path))))


def test_arrays_of_tokens_fit_one_another(spec: Spec) -> None:
    """There is a bound, a space and a kind for each token, three classes for each kind, and a vector where wanted."""
    kernels = SpanKernels(**spec)
    texts = ("a b  a", "", "b\n")
    wanted = constants.WANT_TOKENS | constants.WANT_VECTORS
    (group,) = kernels.tokens(texts, bytes([wanted]) * 3, describe)
    counts, starts, ends, kinds, firsts = (np.frombuffer(group[i], np.uint32).tolist() for i in (0, 1, 2, 4, 5))
    assert (counts, starts, ends) == ([4, 0, 2], [0, 2, 4, 5, 0, 1], [1, 3, 5, 6, 1, 2])
    assert list(group[3]) == [1, 1, 0, 0, 0, 0]
    assert [kinds[first] for first in firsts] == list(range(len(firsts)))
    assert len(group[6]) == 4 * 3 * len(firsts)
    assert len(group[7]) == 4 * 32 * 6
    (without,) = kernels.tokens(texts, bytes([constants.WANT_TOKENS]) * 3, describe)
    assert without == (*group[:7], b"")


def test_what_was_not_asked_for_is_refused(spec: Spec) -> None:
    """Tokens of a text that does not want them, and of a model without token networks, are refused."""
    with pytest.raises(ValueError, match="every text must want tokens"):
        SpanKernels(**spec).tokens(("a", "b"), bytes([constants.WANT_TOKENS, constants.WANT_SENTENCES]), describe)
    with pytest.raises(ValueError, match="finds no tokens"):
        SpanKernels(**{**spec, "tokens": None}).tokens(("a",), bytes([constants.WANT_TOKENS]), describe)
