"""The kernels refuse damaged tables of rulers, and name what is wrong."""

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from spanwise.pipelines.kernels import SpanKernels, constants

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built")


def numbers(*values: int) -> bytes:
    """Return integers of 32 bits."""
    return np.array(values, dtype=np.uint32).tobytes()


def spec(**changed: Any) -> tuple[Any, ...]:
    """Return two symbols, a column of answers, and a ruler of two phrases and two patterns, with changed parts."""
    parts: dict[str, Any] = {
        "symbols": ((0, np.array([5, 7], dtype=np.uint64).tobytes()),),
        "bits": (1,),
        "phrases": (0, numbers(1, 2, 1), numbers(2, 1), numbers(1, 3)),
        "tests": numbers(0, 1, 1, 4),
        "tokens": numbers(0, 1, 0, 0, 1, 1, 0, 1, 0, 2, 2, 2),
        "firsts": numbers(0, 2),
        "always": numbers(1),
        "starts": ((numbers(0, 0, 1, 1), numbers(0)),),
    } | changed
    patterns = tuple(parts[name] for name in ("tests", "tokens", "firsts", "always", "starts"))
    return parts["symbols"], parts["bits"], ((parts["phrases"], patterns),)


def kernels(rulers: Any) -> Any:
    """Return kernels with nothing but rulers."""
    return SpanKernels(
        columns=2, statics=None, entities=None, sentences=None, categories=(), pairs=b"", lexicon_bytes=1 << 16,
        tokenizer=None, norms=b"", norm_column=-1, space_column=-1, rulers=rulers,
    )  # fmt: skip


def test_whole_rulers_find_their_phrases_and_patterns() -> None:
    """Words are described by 5 or 7 and a bit; matches come by ruler: number, tokens, code points."""

    def describe(words: list[str]) -> tuple[bytes, bytes]:
        attributes = [value for word in words for value in (5 if word == "a" else 7, 4)]
        return numbers(*[0] * len(words)), np.array(attributes, dtype=np.uint64).tobytes()

    def split(questions: list[tuple[str, int]]) -> tuple[bytes, bytes]:
        rows = [value for text, _ in questions for value in (0, len(text), 0, 0, 0)]
        return np.array([1] * len(questions), dtype=np.int32).tobytes(), numbers(*rows)

    wanted = bytes([constants.WANT_MATCHES])
    (*_, matches), = kernels(spec()).annotate(("a bb",), wanted, describe, split)  # fmt: skip
    found = np.frombuffer(matches, dtype=np.uint32).reshape(-1, 6).tolist()
    assert [0, 1, 0, 2, 0, 4] in found  # the phrase of both words
    assert [0, 3, 0, 1, 0, 1] in found  # the phrase of the first
    assert [0, 0, 0, 2, 0, 4] in found  # the pattern of 5 and of anything with bit 2, any number of times


@pytest.mark.parametrize(
    ("changed", "reason"),
    [
        ({"symbols": ((2, b""),)}, "the symbols of rulers read column 2 of 2"),
        ({"symbols": ((0, np.array([7, 5], dtype=np.uint64).tobytes()),)}, "the symbols of rulers must ascend"),
        ({"symbols": ((0, b"123"),)}, "must be bytes of whole items"),
        ({"symbols": ((0, b""),) * 17}, "rulers read at most 16 symbols"),
        ({"bits": (2,)}, "answers are column 2 of 2"),
        ({"phrases": (1, b"", b"", b"")}, "phrases read symbols 1 of 1"),
        ({"phrases": (0, numbers(3), numbers(1), numbers(1))}, "a phrase has symbol 3 of 2"),
        ({"phrases": (0, numbers(0), numbers(1), numbers(1))}, "a phrase has symbol 0 of 2"),
        ({"phrases": (0, numbers(1), numbers(2), numbers(1))}, "a phrase of 2 symbols, where there are 1"),
        ({"phrases": (0, numbers(1), numbers(0), numbers(1))}, "a phrase of 0 symbols, where there are 1"),
        ({"phrases": (0, numbers(1, 2), numbers(1), numbers(1))}, "symbols that belong to no phrase"),
        ({"phrases": (0, numbers(1), numbers(1), b"")}, "1 phrases with 0 numbers"),
        ({"tests": numbers(3, 1, 1, 4)}, "a test reads code 3 of 3"),
        ({"tokens": numbers(2, 1, 0, 0), "firsts": numbers(0)}, "token 0 of the patterns is damaged"),
        ({"tokens": numbers(0, 1, 0, 4), "firsts": numbers(0)}, "token 0 of the patterns is damaged"),
        ({"firsts": numbers(1, 2)}, "the first tokens of patterns must ascend from 0"),
        ({"firsts": numbers(0, 3)}, "the first tokens of patterns must ascend from 0"),
        ({"firsts": b""}, "the first tokens of patterns must ascend from 0"),
        ({"always": numbers(2)}, "the patterns that no symbol begins must ascend"),
        ({"starts": ()}, "starts for each of the symbols"),
        ({"starts": ((numbers(0, 0, 1), numbers(0)),)}, "3 starts of patterns for 2 symbols"),
        ({"starts": ((numbers(0, 1, 0, 1), numbers(0)),)}, "the patterns that a symbol begins must ascend"),
        ({"starts": ((numbers(0, 0, 1, 1), numbers(2)),)}, "the patterns that a symbol begins must ascend"),
    ],
)
def test_a_damaged_table_is_refused(changed: dict[str, Any], reason: str) -> None:
    """What the search relies on is checked where the tables are read."""
    with pytest.raises(ValueError, match=reason):
        kernels(spec(**changed))


@pytest.mark.parametrize("damage", [lambda whole: whole[:2], lambda whole: [*whole], lambda whole: (*whole[:2], (1,))])
def test_rulers_of_another_form_are_refused(damage: Callable[[Any], Any]) -> None:
    """Something else than the tuples that are expected."""
    with pytest.raises((TypeError, ValueError)):
        kernels(damage(spec()))
