"""Parsers, vectors and counts that do not fit: each ends in a ValueError that says why, and none in a crash."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spanwise.pipelines.entities.compiled.parser import read_parser
from spanwise.pipelines.kernels import ParserKernels, constants
from tests.support.parsers import WIDTH, parser, parser_pipeline

pytestmark = pytest.mark.skipif(ParserKernels is None, reason="the kernels were not built: there is no C compiler")

Spec = dict[str, Any]


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Return the valid specification of a parser with an upper layer and decorated labels."""
    return read_parser(parser_pipeline(parser()), "parser").spec()


def integers(data: bytes) -> np.ndarray[Any, Any]:
    """Return a copy of the integers that a specification holds as bytes."""
    return np.frombuffer(data, dtype=np.int32).copy()


def with_integer(index: int, value: int) -> Callable[[bytes], bytes]:
    """Return a function that changes one of the integers."""

    def change(data: bytes) -> bytes:
        values = integers(data)
        values[index] = value
        return values.tobytes()

    return change


def without_last(axis: int) -> Callable[[Any], Any]:
    """Return a function that cuts the last element of an array's axis."""
    return lambda array: np.ascontiguousarray(np.delete(array, -1, axis=axis))


def always(value: Any) -> Callable[[Any], Any]:
    """Return a function that answers the same value whatever it gets."""
    return lambda _: value


def without(move: int) -> Callable[[bytes], bytes]:
    """Return a function that turns every action of a move into a BREAK."""

    def change(data: bytes) -> bytes:
        values = integers(data)
        values[values == move] = constants.BREAK
        return values.tobytes()

    return change


DAMAGES: dict[str, tuple[str, Callable[[Any], Any], str]] = {
    "a linear layer that is no tuple": ("linear", list, "linear layer must be a tuple"),
    "a linear layer of two pieces": ("linear", lambda layer: (layer[0], layer[1][:, :0], *layer[2:]), "dimension"),
    "a linear layer with a norm": ("linear", lambda layer: (*layer[:2], *[np.ones(24, np.float32)] * 2),
                                   "no layer normalization"),
    "a lower layer of three dimensions": ("lower", lambda w: w[0], "4 dimensions"),
    "states of seven tokens": ("lower", without_last(0), "8 or 13 tokens, not 7"),
    "a lower layer with other inputs": ("lower", without_last(3), "must have 24 inputs, not 23"),
    "a bias of another size": ("bias", without_last(0), "parser's bias must be 24"),
    "fewer places that are missing": ("missing", without_last(0), "missing tokens must be 8"),
    "an upper layer with other inputs": ("upper", lambda u: (without_last(2)(u[0]), *u[1:]), "upper layer must be 24"),
    "no upper layer, and fewer scores than actions": ("upper", always(None), "moves of actions must be 24 integers"),
    "moves that are an array": ("moves", integers, "must be bytes"),
    "a move that there is not": ("moves", with_integer(0, 5), "action 0 has the move 5"),
    "a negative move": ("moves", with_integer(0, -1), "action 0 has the move -1"),
    "actions without a shift": ("moves", without(constants.SHIFT), "a shift and a reduction"),
    "actions without a reduction": ("moves", without(constants.REDUCE), "a shift and a reduction"),
    "fewer labels than actions": ("labels", lambda data: data[:-4], "labels of actions must be"),
    "a label that there is not": ("labels", lambda data: with_integer(int(integers(data).argmax()), 1 << 20)(data),
                                  "has the label 1048576"),
    "an arc without a label": ("labels", lambda data: with_integer(int(integers(data).argmax()), -1)(data),
                               "has the label -1"),
    "a label that is no arc's": ("labels", lambda data: with_integer(int(integers(data).argmin()), 0)(data),
                                 "has the label 0"),
    "decorations that are half a pair": ("decorations", lambda data: data[:-4], "decorations of labels must be"),
    "a label that is decorated by half": ("decorations", with_integer(0, 0), "label 0 is decorated"),
    "a label that is decorated with none": ("decorations", with_integer(1, 1 << 20), "label 0 is decorated"),
    "a root's label that there is not": ("root", always(1000), "label of roots is 1000"),
    "a negative label of roots": ("root", always(-1), "label of roots is -1"),
    "instructions that no processor has": ("instructions", always("abacus"), "instructions abacus"),
}  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES)
def test_a_damaged_parser_is_refused_by_name(spec: Spec, damage: str) -> None:
    """The message names what is wrong with the parser."""
    part, change, message = DAMAGES[damage]
    ParserKernels(**spec)
    with pytest.raises(ValueError, match=message):
        ParserKernels(**{**spec, part: change(spec.get(part))})


def counts(*tokens: int) -> bytes:
    """Return numbers of tokens as the kernels read them."""
    return np.array(tokens, np.uint32).tobytes()


VECTORS = np.ones((5, WIDTH), np.float32)

CALLS: dict[str, tuple[tuple[Any, ...], type[Exception], str]] = {
    "vectors of another width": ((VECTORS[:, 1:].copy(), counts(5), bytes(5)), ValueError, "must be 32, not 31"),
    "vectors of double precision": ((VECTORS.astype("d"), counts(5), bytes(5)), ValueError, "float32"),
    "vectors that are not dense": ((VECTORS[::2], counts(3), bytes(3)), ValueError, "contiguous"),
    "vectors that are no array": ((None, counts(5), bytes(5)), ValueError, "must be an array"),
    "no vectors": ((VECTORS[:0], counts(), b""), ValueError, "dimension"),
    "fewer tokens than vectors": ((VECTORS, counts(2, 2), bytes(5)), ValueError, "must add up to 5"),
    "more tokens than vectors": ((VECTORS, counts(2, 4), bytes(5)), ValueError, "must add up to 5"),
    "numbers that only add up by running over": (
        (VECTORS, counts(7, (1 << 32) - 2), bytes(5)), ValueError, "must add up to 5"),
    "counts of half an integer": ((VECTORS, counts(5)[:-1], bytes(5)), ValueError, "numbers of tokens"),
    "counts that are a list": ((VECTORS, [5], bytes(5)), TypeError, "bytes"),
    "fewer spaces than tokens": ((VECTORS, counts(5), bytes(4)), ValueError, "one byte for each token"),
    "more boundaries than tokens": ((VECTORS, counts(5), bytes(5), bytes(6)), ValueError, "one byte for each token"),
}  # fmt: skip


@pytest.mark.parametrize("call", CALLS)
def test_texts_that_do_not_fit_are_refused_by_name(spec: Spec, call: str) -> None:
    """The message names what is wrong with the texts, and the parser goes on working."""
    arguments, kind, message = CALLS[call]
    kernels = ParserKernels(**spec)
    with pytest.raises(kind, match=message):
        kernels.parse(*arguments)
    assert len(kernels.parse(VECTORS, counts(0, 5, 0), bytes(5))[2]) == 5


def test_vectors_that_are_no_numbers_end_in_some_tree(spec: Spec) -> None:
    """Vectors of NaN and infinity give a tree of valid heads, without a crash and without an end."""
    values = np.random.default_rng(0).choice([np.nan, np.inf, -np.inf, 1e38, 0.0], size=(300, WIDTH))
    vectors = np.ascontiguousarray(values, np.float32)
    heads, labels, *_ = ParserKernels(**spec).parse(vectors, counts(300), bytes(300))
    assert 0 <= integers(heads).min() <= integers(heads).max() < 300
    assert integers(labels).min() >= 0
