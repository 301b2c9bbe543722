"""Cut sentences where a reader ends one although the pipeline does not: at lines, bullets, cells and semicolons.

A line "Lovely room" above a line "Horrible breakfast" is an opinion of its own. A pipeline's boundaries stay what they
are in the answer; these cuts decide only what the sentiment model reads as one statement. A line of a text that was
wrapped at a width goes on.
"""

import re
from collections.abc import Sequence

from spanwise.pipelines.sentiment.model import Span

WRAPPED = 40
"""Code points: a line of at least so many goes on in the next one, if that begins with a small letter."""

_LINE_ENDS = "\n\r\v\f\x85\u2028\u2029"
_BULLETS = "\u2022\u25cf\u25aa\u2023\u2043\u25e6"
_ASCII_MARKS, _OTHER_MARKS = tuple("\n\r\v\f\t|;"), tuple("\x85\u2028\u2029" + _BULLETS)
_CUT = re.compile(rf"\s*[{_LINE_ENDS}]\s*|\t+|\s+\|\s+|&#?\w+;|;(?=\s)|\s*[{_BULLETS}]\s*")
_EMPTY = re.compile(r"[\s\-*+.,:;|=_~#>)(]*")


def cut_sentences(text: str, sentences: Sequence[Span]) -> list[list[Span]] | None:
    """Return the statements of each sentence, or None where every sentence is one."""
    if not any(mark in text for mark in _ASCII_MARKS) and (
        text.isascii() or not any(mark in text for mark in _OTHER_MARKS)
    ):
        return None
    found = [statements(text, start, end) for start, end in sentences]
    return found if any(len(parts) > 1 for parts in found) else None


def statements(text: str, start: int, end: int) -> list[Span]:
    """Cut code points [start, end) of a text. Parts of marks alone are left out."""
    parts: list[Span] = []
    first = start
    for match in _CUT.finditer(text, start, end):
        mark = match[0]
        if mark[0] == "&" or _goes_on(text, first, match, end):
            continue
        if match.start() > first:
            parts.append((first, match.start()))
        first = match.end()
    if first < end:
        parts.append((first, end))
    return [part for part in parts if not _EMPTY.fullmatch(text, *part)] or [(start, end)]


def _goes_on(text: str, first: int, match: re.Match[str], end: int) -> bool:
    """Return whether a line end is only where a long line was wrapped."""
    mark = match[0]
    if not set(mark) & set(_LINE_ENDS) or mark.count("\n") > 1:
        return False
    return match.end() < end and text[match.end()].islower() and match.start() - first >= WRAPPED
