"""Specifications and answers that do not fit: each ends in a ValueError that says why, and none in a crash.

The valid specifications are those of small models with random weights, taken where the compiled engine and the
sentiment model hand them over. Every test damages one thing.
"""

from collections.abc import Callable
from random import Random
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine
from spanwise.pipelines.kernels import SentimentKernels, SpanKernels, constants
from tests.support import kernel_specs
from tests.support.kernel_specs import Keys, Spec, at, replaced

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")


def integers(data: bytes) -> NDArray[np.int32]:
    """Return a copy of the integers that a specification holds as bytes."""
    return np.frombuffer(data, dtype=np.int32).copy()


def with_integer(index: int, value: int) -> Callable[[bytes], bytes]:
    """Return a function that changes one of the integers."""

    def change(data: bytes) -> bytes:
        values = integers(data)
        values[index] = value
        return values.tobytes()

    return change


def integers_of(*values: int) -> bytes:
    """Return integers as a specification holds them."""
    return np.array(values, dtype=np.int32).tobytes()


def without_last(axis: int) -> Callable[[NDArray[np.float32]], NDArray[np.float32]]:
    """Return a function that cuts the last element of an array's axis."""
    return lambda array: np.ascontiguousarray(np.delete(array, -1, axis=axis))


@pytest.fixture(scope="module")
def engine() -> CompiledEngine:
    """Return a compiled engine with static vectors and a sentence recognizer."""
    return kernel_specs.small_engine()


@pytest.fixture(scope="module")
def spec() -> Spec:
    """Return the valid specification of such an engine."""
    return kernel_specs.span_spec()


@pytest.fixture(scope="module")
def sentiment_spec(tmp_path_factory: pytest.TempPathFactory) -> Spec:
    """Return the valid specification of a sentiment model."""
    return kernel_specs.sentiment_spec(tmp_path_factory.mktemp("model"))


NETWORK, DECODER = ("entities", 0), ("entities", 1)
TABLE, MIX, CONVOLUTION = (*NETWORK, 0, 0), (*NETWORK, 2), (*NETWORK, 3, 0)
LINEAR, LOWER, BIAS, MISSING, UPPER, UPPER_BIAS, MOVES, IN_OF, LAST_OF, LABELS = (
    (*DECODER, i) for i in range(10)
)  # fmt: skip
TOKENIZER, STATICS = ("tokenizer",), ("statics",)
FLORET = ("<", ">", 2, 4, 2, 1)
SENTENCE_NETWORK, CLASSES = ("sentences", 0), ("sentences", 1)


def always(value: Any) -> Callable[[Any], Any]:
    """Return a function that answers the same value whatever it gets."""
    return lambda _: value


def first_begin(moves: bytes) -> int:
    """Return the index of the first B action."""
    return int(np.flatnonzero(integers(moves) == constants.MOVE_B)[0])


DAMAGES: dict[str, tuple[Keys, Callable[[Any], Any], str]] = {
    "negative columns": (("columns",), always(-1), "columns must be"),
    "too many columns": (("columns",), always(1 << 40), "columns must be"),
    "fewer columns than are read": (("columns",), always(2), "column 4 of 2"),
    "static vectors that are a list": (("statics",), list, "must be a tuple"),
    "no static vectors for a network that reads them": (("statics",), always(None), "of which there are none"),
    "shorter static vectors than a network reads": ((*STATICS, 0), without_last(1), "projection of static vectors"),
    "static vectors without rows": ((*STATICS, 0), lambda data: data[:0], "dimension"),
    "fewer static vectors than keys name": ((*STATICS, 0), lambda data: data[:1].copy(), "a static vector is row"),
    "static vectors of doubles": ((*STATICS, 0), lambda data: data.astype(np.float64), "float32"),
    "static vectors of too many values": ((*STATICS, 0), always(np.zeros((1, 1 << 17), "f")), "more than 65536"),
    "static vectors by a column that there is not": ((*STATICS, 1), always(99), "column 99"),
    "static vectors by a negative column": ((*STATICS, 1), always(-1), "column -1"),
    "static vectors without keys": ((*STATICS, 2), always(None), "either keys or hashes"),
    "static vectors with keys and hashes": ((*STATICS, 3), always(FLORET), "either keys or hashes"),
    "keys that do not ascend": ((*STATICS, 2, 0), lambda keys: keys[::-1].copy(), "must ascend"),
    "keys that repeat": ((*STATICS, 2, 0), np.zeros_like, "must ascend"),
    "keys that are not dense": ((*STATICS, 2, 0), lambda keys: keys[::2], "contiguous"),
    "keys of 32 bits": ((*STATICS, 2, 0), lambda keys: keys.astype(np.uint32), "integers of 8 bytes"),
    "keys that are floats": ((*STATICS, 2, 0), lambda keys: keys.astype(np.float64), "integers of 8 bytes"),
    "keys that are no array": ((*STATICS, 2, 0), always(None), "must be an array"),
    "keys without a row each": ((*STATICS, 2, 1), lambda rows: rows[:-1], "as many rows"),
    "rows of keys with a sign": ((*STATICS, 2, 1), lambda rows: rows.astype(np.int32), "integers of 4 bytes"),
    "no hash of an n-gram": (STATICS, lambda statics: (*statics[:2], None, (*FLORET[:4], 0, 1)), "0 hashes"),
    "five hashes of an n-gram": (STATICS, lambda statics: (*statics[:2], None, (*FLORET[:4], 5, 1)), "5 hashes"),
    "n-grams without bound": (STATICS, lambda statics: (*statics[:2], None, ("<", ">", 2, 999, 2, 1)), "999 code"),
    "a word put between numbers": (STATICS, lambda statics: (*statics[:2], None, (1, 2, *FLORET[2:])), "other types"),
    "no lexicon": (("lexicon_bytes",), always(0), "lexicon_bytes must be"),
    "a negative lexicon": (("lexicon_bytes",), always(-1), "lexicon_bytes must be"),
    "a lexicon without bound": (("lexicon_bytes",), always(1 << 50), "lexicon_bytes must be"),
    "pairs that are an array": (("pairs",), always(np.zeros(2, np.uint32)), "pairs of words must be bytes"),
    "a bias that is no array": (BIAS, always(None), "must be an array"),
    "pairs of half an integer": (("pairs",), always(b"\0" * 6), "pairs of words must be"),
    "pairs that do not ascend": (("pairs",), always(np.array([5, 4], np.uint32).tobytes()), "must ascend"),
    "pairs that repeat": (("pairs",), always(np.array([5, 5], np.uint32).tobytes()), "must ascend"),
    "norms of half an integer": (("norms",), always(b"\0" * 12), "norms of exceptions must be"),
    "a norm that no exception may have": (("norms",), always(b""), "has norm"),
    "a norm of a column that there is not": (("norm_column",), always(99), "column 99"),
    "a space of a column below none": (("space_column",), always(-2), "column"),
    "a tokenizer that is a list": (("tokenizer",), list, "must be a tuple"),
    "a class of half a range": ((*TOKENIZER, 0, 0), lambda data: data[:-4], "bytes of ranges"),
    "a class whose ranges do not ascend": ((*TOKENIZER, 0, 0), always(integers_of(5, 4)), "must ascend"),
    "a class beyond Unicode": ((*TOKENIZER, 0, 0), always(integers_of(5, 0x110000)), "must ascend"),
    "four patterns": ((*TOKENIZER, 1), lambda patterns: patterns[:4], "must have 5 patterns"),
    "a program that is cut": ((*TOKENIZER, 1, 4, 0), lambda data: data[:-4], "must end in a match|does not fit"),
    "a program that is empty": ((*TOKENIZER, 1, 4, 0), always(b""), "must end in a match"),
    "an instruction that there is not": ((*TOKENIZER, 1, 4, 0), with_integer(0, 10), "no instruction at 0"),
    "a jump back": ((*TOKENIZER, 1, 4, 0), always(integers_of(1, 65, 5, 0, 0)), "instruction at 2"),
    "a jump into an instruction": ((*TOKENIZER, 1, 4, 0), always(integers_of(4, 3, 1, 65, 0)), "instruction at 0"),
    "a jump beyond the program": ((*TOKENIZER, 1, 4, 0), always(integers_of(4, 30, 0)), "instruction at 0"),
    "a loop that consumes nothing": (
        (*TOKENIZER, 1, 4, 0), always(integers_of(7, 1, 4, 6, 1, 65, 6, 0, 0)), "consumes nothing"
    ),
    "a class that there is not": ((*TOKENIZER, 1, 4, 0), always(integers_of(2, 1 << 20, 0)), "instruction at 0"),
    "an alternative of three numbers": ((*TOKENIZER, 1, 1, 1), lambda data: data[:-4], "4 numbers"),
    "an alternative that begins nowhere": ((*TOKENIZER, 1, 1, 1), with_integer(0, -1), "alternative 0"),
    "an exception without tokens": ((*TOKENIZER, 2, 1), with_integer(1, 0), "starts of exceptions"),
    "an exception with other tokens": ((*TOKENIZER, 2, 2), with_integer(0, 9), "do not make its text"),
    "an exception that is no string": ((*TOKENIZER, 2, 0), lambda texts: (1, *texts[1:]), "must be a string"),
    "a phrase of no word": ((*TOKENIZER, 4, 0), with_integer(0, 0), "a phrase has word 0"),
    "a phrase of a word that there is not": ((*TOKENIZER, 4, 0), with_integer(0, 1 << 20), "a phrase has word"),
    "phrases in another order": (
        (*TOKENIZER, 4, 0), lambda data: with_integer(0, int(integers(data).max()))(data), "order of their first words"
    ),
    "phrases without starts": ((*TOKENIZER, 4, 1), always(b""), "starts of phrases"),
    "instructions that no processor has": (("instructions",), always("abacus"), "instructions abacus"),
    "rules that are not known": (("sentences",), always("hunches"), "sentences are found by 'hunches'"),
    "entities that are no tuple": (("entities",), list, "must be a tuple"),
    "entities without a decoder": (("entities",), lambda both: both[:1], "another number of items"),
    "a network that is too short": (NETWORK, lambda network: network[:-1], "another number of items"),
    "a network of lists": ((*NETWORK, 0), list, "items of other types"),
    "a table that is too short": (TABLE, lambda table: table[:2], "another number of items"),
    "a table without rows": ((*TABLE, 0), lambda weights: weights[:0], "dimension"),
    "a table without values": ((*TABLE, 0), lambda weights: np.ascontiguousarray(weights[:, :0]), "dimension"),
    "a table of doubles": ((*TABLE, 0), lambda weights: weights.astype(np.float64), "float32"),
    "a table that is not dense": ((*TABLE, 0), lambda weights: weights[:, ::2], "contiguous"),
    "a table of another width": ((*TABLE, 0), without_last(1), "mixes embeddings"),
    "a column that is not described": ((*TABLE, 2), always(99), "reads column 99"),
    "a negative column": ((*TABLE, 2), always(-1), "reads column -1"),
    "a projection that is no tuple": ((*NETWORK, 1), list, "must be a tuple"),
    "a projection of other vectors": ((*NETWORK, 1, 0), without_last(2), "projection of static vectors"),
    "a projection that is normalized": (
        (*NETWORK, 1), lambda layer: (*layer[:2], *[layer[1][:, 0].copy()] * 2), "no layer normalization"
    ),
    "no projection": ((*NETWORK, 1), always(None), "mixes embeddings"),
    "a negative window": ((*NETWORK, 4), always(-1), "window"),
    "a window without bound": ((*NETWORK, 4), always(1 << 40), "look no further"),
    "another window than the convolutions have": ((*NETWORK, 4), always(2), "a convolution"),
    "a layer that is no tuple": (MIX, list, "must be a tuple"),
    "a layer that is too short": (MIX, lambda layer: layer[:2], "another number of items"),
    "a layer with two dimensions": ((*MIX, 0), lambda weights: weights[:, 0].copy(), "3 dimensions"),
    "a layer with another bias": ((*MIX, 1), without_last(0), "dimension 0"),
    "a layer with other pieces in its bias": ((*MIX, 1), without_last(1), "dimension 1"),
    "a short gain": ((*MIX, 2), without_last(0), "dimension 0"),
    "a short shift": ((*MIX, 3), without_last(0), "dimension 0"),
    "a gain without a shift": ((*MIX, 3), always(None), "both a gain and a shift"),
    "a shift without a gain": ((*MIX, 2), always(None), "both a gain and a shift"),
    "a convolution of other inputs": ((*CONVOLUTION, 0), without_last(2), "a convolution"),
    "a convolution of other outputs": (
        CONVOLUTION, lambda layer: tuple(without_last(0)(array) for array in layer), "outputs"
    ),
    "a decoder that is too short": (DECODER, lambda decoder: decoder[:-1], "another number of items"),
    "a linear layer of other inputs": ((*LINEAR, 0), without_last(2), "linear layer"),
    "a linear layer with a norm": (LINEAR, lambda layer: (*layer[:2], *np.ones((2, layer[0].shape[0]), "f")), "norm"),
    "states of four tokens": (LOWER, lambda lower: np.concatenate([lower, lower[:1]]), "3 or 6 tokens"),
    "states of two tokens": (LOWER, without_last(0), "3 or 6 tokens"),
    "a lower layer of other inputs": (LOWER, without_last(3), "lower layer must have"),
    "a lower layer of other hidden values": (LOWER, without_last(1), "bias"),
    "a lower layer of other pieces": (LOWER, without_last(2), "bias"),
    "a short decoder bias": (BIAS, without_last(0), "bias"),
    "a narrow decoder bias": (BIAS, without_last(1), "bias"),
    "too few missing features": (MISSING, without_last(0), "missing tokens"),
    "too few missing values": (MISSING, without_last(1), "missing tokens"),
    "too few missing pieces": (MISSING, without_last(2), "missing tokens"),
    "an upper layer of other inputs": (UPPER, without_last(1), "upper layer"),
    "an upper layer of fewer actions": (UPPER, without_last(0), "upper layer"),
    "an upper bias of fewer actions": (UPPER_BIAS, without_last(0), "upper layer"),
    "an upper layer without a bias": (UPPER_BIAS, always(None), "both weights and a bias"),
    "a bias without an upper layer": (UPPER, always(None), "both weights and a bias"),
    "a move that there is not": (MOVES, with_integer(0, 6), "the move 6"),
    "a negative move": (MOVES, with_integer(0, -1), "the move -1"),
    "too few moves": (MOVES, lambda moves: moves[:-4], "moves of actions must be"),
    "moves of half an integer": (MOVES, lambda moves: moves[:-1], "moves of actions must be"),
    "moves as a list": (MOVES, list, "moves of actions must be bytes"),
    "an I action that there is not": (IN_OF, with_integer(0, 1 << 20), "not there"),
    "an I action below none": (IN_OF, with_integer(0, -2), "not there"),
    "an L action that there is not": (LAST_OF, with_integer(0, 1 << 20), "not there"),
    "an L action below none": (LAST_OF, with_integer(0, -2), "not there"),
    "too few I actions": (IN_OF, lambda data: data[:-4], "I actions must be"),
    "too few L actions": (LAST_OF, lambda data: data[:-4], "L actions must be"),
    "a negative label": (LABELS, with_integer(0, -1), "the label -1"),
    "a label that there is not": (LABELS, with_integer(0, 1 << 20), "the label"),
    "too few labels": (LABELS, lambda data: data[:-4], "labels of actions must be"),
    "classes of other inputs": ((*CLASSES, 0), without_last(2), "sentence classes"),
    "one sentence class": (CLASSES, lambda layer: (layer[0][:1], layer[1][:1], None, None), "2 sentence classes"),
    "sentences that are no tuple": (("sentences",), list, "must be a tuple"),
    "a sentence network of another width": ((*SENTENCE_NETWORK, 2, 0), without_last(2), "mixes embeddings"),
}  # fmt: skip


def test_the_specification_itself_is_read(spec: Spec) -> None:
    """The undamaged specification is accepted."""
    assert SpanKernels(**spec).instructions


@pytest.mark.parametrize("name", DAMAGES)
def test_a_damaged_specification_is_refused(spec: Spec, name: str) -> None:
    """One damaged part of a specification raises a ValueError that names it: a ValueError names that part."""
    path, damage, reason = DAMAGES[name]
    with pytest.raises(ValueError, match=reason):
        SpanKernels(**replaced(spec, path, damage(at(spec, path))))


@pytest.mark.parametrize("path", [IN_OF, LAST_OF])
def test_an_entity_that_cannot_end_is_refused(spec: Spec, path: Keys) -> None:
    """The action that begins it has no action that goes on, or none that ends it."""
    begin = first_begin(at(spec, MOVES))
    with pytest.raises(ValueError, match=f"action {begin} begins an entity that cannot end"):
        SpanKernels(**replaced(spec, path, with_integer(begin, -1)(at(spec, path))))


Answer = tuple[bytes, ...]


def with_column(token: int, column: int, value: int) -> Callable[[Answer], Answer]:
    """Return a function that changes a column (start, length, norm, number, space) of a token."""
    return lambda answer: (answer[0], with_integer(5 * token + column, value)(answer[1]))


DESCRIPTIONS: dict[str, tuple[Callable[[Answer], Any], str]] = {
    "no tuple": (list, "must be a tuple"),
    "too few arrays": (lambda answer: answer[:1], "another number of items"),
    "strings": (lambda answer: ("", *answer[1:]), "items of other types"),
    "too few flags": (lambda answer: (answer[0][:-4], *answer[1:]), "do not have"),
    "half a flag": (lambda answer: (answer[0][:-1], *answer[1:]), "do not have"),
    "too few attributes": (lambda answer: (answer[0], answer[1][:-8]), "do not have"),
    "half an attribute": (lambda answer: (answer[0], answer[1][:-3]), "do not have"),
    "too many attributes": (lambda answer: (answer[0], answer[1] + bytes(8)), "do not have"),
}  # fmt: skip
SPLITS: dict[str, tuple[Callable[[Answer], Any], str]] = {
    "no tuple": (list, "must be a tuple"),
    "too few arrays": (lambda answer: answer[:1], "another number of items"),
    "a count too few": (lambda answer: (answer[0][:-4], answer[1]), "counts were expected"),
    "a count too many": (lambda answer: (answer[0] + b"\0\0\0\0", answer[1]), "counts were expected"),
    "half a count": (lambda answer: (answer[0][:-1], answer[1]), "counts were expected"),
    "a negative count": (lambda answer: (with_integer(0, -1)(answer[0]), answer[1]), "negative"),
    "a count that is larger": (lambda answer: (with_integer(0, 9)(answer[0]), answer[1]), "there must be"),
    "a token too few": (lambda answer: (answer[0], answer[1][:-20]), "there must be"),
    "half a token": (lambda answer: (answer[0], answer[1][:-5]), "there must be"),
    "a token that begins after its run": (with_column(0, 0, 99), "outside of its run"),
    "a token that ends after its run": (with_column(0, 1, 99), "outside of its run"),
    "a token whose end is more than 32 bits": (with_column(0, 1, -1), "outside of its run"),
    "a token that begins beyond 31 bits": (with_column(0, 0, -1), "outside of its run"),
    "a norm that there is not": (with_column(0, 2, 1 << 20), "has no such number"),
    "a word that there is not": (with_column(0, 3, 1 << 20), "has no such number"),
}  # fmt: skip
TEXTS, WANTED = ("Maria Silva saw Rio.",), b"\3"


@pytest.mark.parametrize("name", DESCRIPTIONS)
def test_a_description_that_does_not_fit_is_refused(engine: CompiledEngine, spec: Spec, name: str) -> None:
    """A ValueError says what is wrong, and the kernels stay whole."""
    damage, reason = DESCRIPTIONS[name]
    kernels, describe = SpanKernels(**spec), engine._lexemes
    with pytest.raises(ValueError, match=reason):
        kernels.annotate(TEXTS, WANTED, lambda words: damage(describe(words)))
    assert kernels.annotate(TEXTS, WANTED, describe) == engine._kernels.annotate(TEXTS, WANTED, describe)


@pytest.mark.parametrize("name", SPLITS)
def test_tokens_that_do_not_fit_the_questions_are_refused(engine: CompiledEngine, spec: Spec, name: str) -> None:
    """A ValueError says what is wrong, and the kernels, which have no tokenizer, answer as those that have one."""
    damage, reason = SPLITS[name]
    kernels, lexemes = SpanKernels(**{**spec, "tokenizer": None}), engine._lexemes
    with pytest.raises(ValueError, match=reason):
        kernels.annotate(TEXTS, WANTED, lexemes, lambda questions: damage(lexemes.split(questions)))
    found = kernels.annotate(TEXTS, WANTED, lexemes, lexemes.split)
    assert found == engine._kernels.annotate(TEXTS, WANTED, lexemes)


def test_kernels_without_a_tokenizer_must_be_given_one(engine: CompiledEngine, spec: Spec) -> None:
    """Without a tokenizer and without a function that splits runs, nothing can be read."""
    kernels = SpanKernels(**{**spec, "tokenizer": None})
    with pytest.raises(ValueError, match="must be split by the caller"):
        kernels.annotate(TEXTS, WANTED, engine._lexemes)
    with pytest.raises(ValueError, match="no tokenizer"):
        kernels.tokenize("a")


@pytest.mark.parametrize("seed", range(200))
def test_a_tokenizer_with_random_damage_is_refused_or_ends(spec: Spec, seed: int) -> None:
    """Numbers changed at random in programs and tables raise a ValueError, or leave a tokenizer that ends in peace."""
    random = Random(seed)
    path = random.choice([(1, random.choice([0, 1, 2, 4]), random.choice([0, 0, 1])), (2, 1), (2, 2), (4, 0), (4, 1)])
    data = integers(at(spec, ("tokenizer", *path)))
    for _ in range(random.randint(1, 3)):
        data[random.randrange(len(data))] = random.choice([-1, 0, 1, 5, 99, 1 << 30, -(1 << 31), random.randrange(400)])
    try:
        kernels = SpanKernels(**replaced(spec, ("tokenizer", *path), data.tobytes()))
    except ValueError:
        return
    tokens = kernels.tokenize("don't! (see http://a.b/c:) U.S. 10km... " * 3)
    assert all(start <= end for start, end, _, _ in tokens)


SENTENCE = ("sentence",)
SENTIMENT_DAMAGES: dict[str, tuple[Keys, Callable[[Any], Any], str]] = {
    "classes of fewer characters": (("characters", 0), lambda data: data[:-1], "class and what it is read as"),
    "half a lower case": (("characters", 1), lambda data: data[:-1], "class and what it is read as"),
    "a lower case that is no code point": (("characters", 1), with_integer(65, -1), "no code point"),
    "emoticons in another order": (("characters", 2), lambda marks: marks[::-1], "sorted"),
    "an emoticon that is long": (("characters", 2), always(((":" * 9, 1),)), "at most 8 bytes"),
    "an empty emoticon": (("characters", 2), always((("", 1),)), "must begin with ASCII"),
    "an emoticon that does not begin with ASCII": (("characters", 2), always((("é", 1),)), "must begin with ASCII"),
    "an emoticon that is a string": (("characters", 2), always((":)",)), "must be a tuple"),
    "characters that are too few": (("characters",), lambda both: both[:2], "another number of items"),
    "no rows for n-grams": (("codes",), lambda codes: np.ascontiguousarray(codes[:12]), "rows for n-grams"),
    "embeddings of floats": (("codes",), lambda codes: codes.astype(np.float32), "must be int8"),
    "embeddings of another width": (("codes",), without_last(1), "must be"),
    "too few scales": (("scales",), without_last(0), "scales"),
    "too few flags": (("flags",), without_last(0), "flags"),
    "narrow flags": (("flags",), without_last(1), "flags"),
    "too few positions": (("positions",), without_last(0), "positions"),
    "a narrow mask": (("mask",), without_last(1), "mask"),
    "a short empty sentence": (("empty",), without_last(0), "empty sentence"),
    "a short bias": (("text", 1), without_last(0), "bias of whole texts"),
    "a network that is too short": (SENTENCE, lambda network: network[:3], "another number of items"),
    "a network that is a list": (SENTENCE, list, "must be a tuple"),
    "a convolution of other inputs": ((*SENTENCE, 0, 0, 0), without_last(2), "a convolution"),
    "a convolution without a norm": (
        (*SENTENCE, 0, 0), lambda layer: (*layer[:2], None, None), "must have a layer normalization"
    ),
    "a convolution with a short gain": ((*SENTENCE, 0, 0, 2), without_last(0), "a convolution"),
    "attention over other vectors": ((*SENTENCE, 1, 0), without_last(2), "attention"),
    "attention with a norm": (
        (*SENTENCE, 1), lambda layer: (*layer[:2], *np.ones((2, 2), np.float32)), "no layer normalization"
    ),
    "a hidden layer for other heads": ((*SENTENCE, 2, 0), without_last(2), "hidden layer"),
    "an output layer for other values": ((*SENTENCE, 3, 0), without_last(2), "output layer"),
    "the outputs of a target": ((*SENTENCE, 3), lambda layer: (layer[0][:3], layer[1][:3], None, None), "must have 4"),
}  # fmt: skip


def test_the_sentiment_specification_itself_is_read(sentiment_spec: Spec) -> None:
    """The undamaged specification is accepted."""
    assert SentimentKernels(**sentiment_spec).instructions


@pytest.mark.parametrize("name", SENTIMENT_DAMAGES)
def test_a_damaged_sentiment_specification_is_refused(sentiment_spec: Spec, name: str) -> None:
    """One damaged part of a specification raises a ValueError that names it: a ValueError names that part."""
    path, damage, reason = SENTIMENT_DAMAGES[name]
    with pytest.raises(ValueError, match=reason):
        SentimentKernels(**replaced(sentiment_spec, path, damage(at(sentiment_spec, path))))


@pytest.mark.parametrize(
    ("counts", "spans"),
    [
        (np.array([1, 1], np.uint32), np.array([0, 4], np.uint32)),
        (np.array([2], np.uint32), np.array([0, 4], np.uint32)),
        (np.array([1], np.uint32), np.array([0, 4, 4], np.uint32)),
        (np.array([1], np.uint32).tobytes()[:3], np.array([0, 4], np.uint32)),
        (np.array([1], np.uint32), np.frombuffer(b"\0" * 9, np.uint8)[1:]),
    ],
)
def test_counts_and_spans_that_do_not_fit_are_refused(sentiment_spec: Spec, counts: Any, spans: Any) -> None:
    """Counts and spans of the wrong number, of half a value or at an unaligned address raise a ValueError."""
    with pytest.raises(ValueError, match="count"):
        SentimentKernels(**sentiment_spec).score(("good",), counts, spans)


def test_spans_outside_of_their_text_are_cut(sentiment_spec: Spec) -> None:
    """Spans that end behind their text or before their start are cut to it."""
    kernels = SentimentKernels(**sentiment_spec)
    spans = np.array([0, 0xFFFFFFFF, 9, 3, 0xFFFFFFFF, 0xFFFFFFFF], np.uint32)
    ((_, (whole, backwards, beyond)),) = kernels.score(("not good",), np.array([3], np.uint32), spans)
    assert backwards == beyond
    assert whole == kernels.score(("not good",), np.array([1], np.uint32), np.array([0, 8], np.uint32))[0][1][0]


def test_a_model_without_convolutions_is_read(sentiment_spec: Spec) -> None:
    """A network may have a depth of 0: each word then stands for itself."""
    kernels = SentimentKernels(**replaced(sentiment_spec, ("sentence", 0), ()))
    assert len(kernels.score(("good",), np.array([0], np.uint32), np.array([], np.uint32))) == 1
