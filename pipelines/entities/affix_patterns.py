r"""Find out what a tokenizer's regular expressions can match, without running them.

An affix may be searched in a window at the end of a long string, instead of in all of it, when every alternative of its
pattern is anchored there and either of bounded width or a run of one kind of character, such as `\.\.+`. Then a match
that lies well inside the window is the match, and where the window has none, there is none.
"""

import re
from collections.abc import Callable, Iterator
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from string import ascii_letters
from typing import Any, Literal

MARGIN = 16
"""Code points that a pattern may look at around its match."""

_MAX_WIDTH = 48
_LETTERS = frozenset(map(ord, ascii_letters))
_SINGLE = frozenset({sre.LITERAL, sre.NOT_LITERAL, sre.IN})

# The second pattern matches the same strings as the first, since \S covers the colon too. The first tries every colon
# as the end of a user's name, which takes quadratic time.
_USERINFO = r"(?:\S+(?::\S*)?@)?"
_LINEAR_USERINFO = r"(?:\S+@)?"


def fits_a_window(search: Callable[..., Any] | None, anchor: Literal["start", "end"]) -> bool:
    """Return whether a compiled pattern's `search` finds in a window what it finds in the whole string."""
    if search is None:
        return True
    pattern = getattr(search, "__self__", None)
    if not isinstance(pattern, re.Pattern) or search.__name__ != "search":
        return False
    at = sre.AT_BEGINNING if anchor == "start" else sre.AT_END
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    return all(_alternative_fits(items, at, anchor) for items in alternatives_of(parsed))


def never_matches_letters(search: Callable[..., Any] | None) -> bool:
    """Return whether a compiled pattern's `search` or `finditer` can find nothing in a word of ASCII letters alone.

    That is certain when every alternative has a part that must match and matches no such letter: a hyphen between
    words, the digit before a unit.
    """
    if search is None:
        return True
    pattern = getattr(search, "__self__", None)
    if not isinstance(pattern, re.Pattern) or search.__name__ not in ("search", "finditer"):
        return False
    if pattern.flags & re.IGNORECASE:  # then a long s is an s, and a Kelvin sign a k
        return False
    return all(_needs_other(items) for items in alternatives_of(_parser.parse(pattern.pattern, pattern.flags)))


def without_quadratic_userinfo(match: Callable[..., Any] | None) -> Callable[..., Any] | None:
    """Return the `match` of spaCy's pattern for URLs as one of linear time, and any other `match` unchanged."""
    pattern = getattr(match, "__self__", None)
    if isinstance(pattern, re.Pattern) and _USERINFO in pattern.pattern:
        return re.compile(pattern.pattern.replace(_USERINFO, _LINEAR_USERINFO), pattern.flags).match
    return match


def alternatives_of(parsed: Any) -> Iterator[list[Any]]:
    """Yield the alternatives of a parsed pattern, of which the first that matches counts, each as a list of items."""
    items = list(parsed)
    if len(items) == 1 and items[0][0] is sre.BRANCH:
        for branch in items[0][1][1]:
            yield from alternatives_of(branch)
    elif len(items) == 1 and items[0][0] is sre.SUBPATTERN:
        yield from alternatives_of(items[0][1][3])
    else:
        yield items


def _alternative_fits(items: list[Any], at: Any, anchor: str) -> bool:
    anchored, inner = (items[:1], items[1:]) if anchor == "start" else (items[-1:], items[:-1])
    if not anchored or anchored[0] != (sre.AT, at):
        return False
    return all(
        not any(_looks_far(item) for item in each) and (_width(each) <= _MAX_WIDTH or _is_run(each))
        for each in alternatives_of(inner)  # the parser moves an anchor that all alternatives share before them
    )


def _width(items: list[Any]) -> int:
    state = _parser.State()
    return int(_parser.SubPattern(state, list(items)).getwidth()[1])


def _is_run(items: list[Any]) -> bool:
    r"""Return whether the items are one kind of character over and over, as in `\.\.+`."""
    kinds = []
    for operator, argument in items:
        if operator is sre.MAX_REPEAT and len(argument[2]) == 1:
            operator, argument = argument[2][0]  # noqa: PLW2901
        if operator not in _SINGLE:
            return False
        kinds.append((operator, argument))
    return len({repr(kind) for kind in kinds}) == 1


def _looks_far(item: Any) -> bool:
    """Return whether an assertion looks further than the margin."""
    operator, argument = item
    if operator in (sre.ASSERT, sre.ASSERT_NOT):
        return int(argument[1].getwidth()[1]) > MARGIN
    return False


def _needs_other(items: list[Any]) -> bool:
    """Return whether a sequence has an item that always matches, and matches no letter."""
    return any(_is_other(item) for item in items)


def _is_other(item: Any) -> bool:
    operator, argument = item
    if operator is sre.LITERAL:
        return not _is_letter(argument)
    if operator is sre.IN:
        return not any(_may_be_letter(part) for part in argument)
    if operator in (sre.MAX_REPEAT, sre.MIN_REPEAT):
        return argument[0] > 0 and _needs_other(list(argument[2]))
    inner: list[Any] = []
    if operator is sre.SUBPATTERN:
        inner = [argument[3]]
    elif operator is sre.ASSERT:
        inner = [argument[1]]
    elif operator is sre.BRANCH:
        inner = argument[1]
    return bool(inner) and all(_needs_other(items) for part in inner for items in alternatives_of(part))


def _may_be_letter(part: Any) -> bool:
    """Return whether a part of a character class may match an ASCII letter; a part that is not understood may."""
    operator, argument = part
    if operator is sre.LITERAL:
        return _is_letter(argument)
    if operator is sre.RANGE:
        low, high = argument
        return any(low <= code <= high for code in _LETTERS)
    return not (operator is sre.CATEGORY and argument in (sre.CATEGORY_DIGIT, sre.CATEGORY_SPACE))


def _is_letter(code: int) -> bool:
    return code in _LETTERS
