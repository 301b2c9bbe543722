"""Positions in code points, told in the caller's own unit.

spaCy and Python count code points. JavaScript, Java and C# count UTF-16 code units, Go, Rust and C count bytes of
UTF-8. All positions of a text are converted in one pass over it: each stretch between two positions is encoded
once, so that the cost is linear in the text however many positions there are.
"""

from collections.abc import Iterable

from spanwise.schemas import OffsetEncoding

_CODECS = {"utf16": ("utf-16-le", 2), "utf8": ("utf-8", 1)}


def convert_offsets(text: str, positions: Iterable[int], encoding: OffsetEncoding) -> list[int]:
    """Positions in `text`, ascending and in code points, as positions in the unit of `encoding`, in the same order."""
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
