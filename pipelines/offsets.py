"""Positions in code points, converted to the caller's own unit.

spaCy and Python count code points. JavaScript, Java and C# count UTF-16 code units, Go, Rust and C count bytes of
UTF-8. All positions of a text are converted in one pass over it: each stretch between two positions is encoded
once, so that the cost is linear in the text however many positions there are.
"""

from collections.abc import Iterable, Sequence
from typing import Protocol

from spanwise.schemas import OffsetEncoding

_CODECS = {"utf16": ("utf-16-le", 2), "utf8": ("utf-8", 1)}


class Bounded(Protocol):
    """Anything with a place in a text: code points `[start, end)`."""

    @property
    def start(self) -> int: ...
    @property
    def end(self) -> int: ...


def convert_offsets(text: str, positions: Iterable[int], encoding: OffsetEncoding) -> list[int]:
    """Convert positions in `text`, ascending and in code points, to the unit of `encoding`, in the same order."""
    if encoding == "codepoint" or text.isascii():
        return list(positions)
    codec, unit = _CODECS[encoding]
    converted = []
    done = total = 0
    for position in positions:
        total += len(text[done:position].encode(codec, "surrogatepass")) // unit
        done = position
        converted.append(total)
    return converted


def span_bounds(text: str, spans: Sequence[Bounded], encoding: OffsetEncoding) -> list[int]:
    """Return start, end, start, end, ... of spans that do not overlap, in order, in the unit of `encoding`."""
    return convert_offsets(text, [position for span in spans for position in (span.start, span.end)], encoding)


def overlapping_bounds(text: str, spans: Sequence[Bounded], encoding: OffsetEncoding) -> list[int]:
    """Return start, end, start, end, ... of spans in any order, which may overlap, in the unit of `encoding`."""
    positions = [position for span in spans for position in (span.start, span.end)]
    if encoding == "codepoint" or text.isascii():
        return positions
    distinct = sorted(set(positions))
    converted = dict(zip(distinct, convert_offsets(text, distinct, encoding), strict=True))
    return [converted[position] for position in positions]


def slice_of(text: str, start: int, end: int, encoding: OffsetEncoding) -> str:
    """Return the slice between two offsets that are counted in `encoding`."""
    if encoding == "utf16":
        return text.encode("utf-16-le")[2 * start : 2 * end].decode("utf-16-le")
    if encoding == "utf8":
        return text.encode()[start:end].decode()
    return text[start:end]
