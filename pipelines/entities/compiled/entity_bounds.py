"""Tell the kernels what restricts a recognizer: where sentences begin, and which entities are given.

What spaCy's components before the recognizer have set in a Doc is here a list of code points, which the kernels map to
their own tokens (`Bound` in `kernels/spans/batch.h`).
"""

from array import array
from collections.abc import Iterable
from struct import Struct

Bounds = bytes
"""Pairs of 32-bit integers, in the order of the text: see `SpanKernels.annotate`."""


_PAIR = Struct("2I")


def bounds_of(starts: Iterable[int], given: Iterable[tuple[int, int]] = ()) -> Bounds:
    """Pack the starts of sentences, and the start and end of each given entity, both in code points."""
    pairs = [(start, start) for start in starts]
    if given:
        pairs = sorted([*pairs, *given])
    return array("I", [place for pair in pairs for place in pair]).tobytes()


def with_given(bounds: Bounds | None, given: Iterable[tuple[int, int]]) -> Bounds:
    """Add given entities to bounds."""
    pairs = sorted([*_PAIR.iter_unpack(bounds or b""), *given])
    return array("I", [place for pair in pairs for place in pair]).tobytes()
