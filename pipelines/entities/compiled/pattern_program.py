"""Turn a tokenizer's regular expressions into programs for the kernels (`kernels/tokenizer/pattern.h`).

Python's own parser takes a pattern apart, and Python's `re` itself says which characters a class has: so a program
matches what the pattern matches, whatever Unicode this Python knows. A construct that is not known raises
`Unsupported`.
"""

import re
from array import array
from collections.abc import Callable, Iterable, Iterator, Sequence
from functools import lru_cache
from re import _constants as sre  # type: ignore[attr-defined]
from re import _parser  # type: ignore[attr-defined]
from typing import Any, Literal

import numpy as np

from spanwise.pipelines.entities.affix_patterns import alternatives_of
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

_MATCH, _CHAR, _CLASS, _REPEAT, _SPLIT, _JUMP, _LOOP, _AT, _AHEAD, _BEHIND = range(10)
_START, _END, _VERY_END = range(3)
_ANY = _UNBOUNDED = -1
_PLACES = {sre.AT_BEGINNING: _START, sre.AT_BEGINNING_STRING: _START, sre.AT_END: _END, sre.AT_END_STRING: _VERY_END}
_CATEGORIES = {
    sre.CATEGORY_DIGIT: r"\d",
    sre.CATEGORY_NOT_DIGIT: r"\D",
    sre.CATEGORY_SPACE: r"\s",
    sre.CATEGORY_NOT_SPACE: r"\S",
    sre.CATEGORY_WORD: r"\w",
    sre.CATEGORY_NOT_WORD: r"\W",
}
_CONSUME_NOTHING = (sre.AT, sre.ASSERT, sre.ASSERT_NOT)
_KNOWN_FLAGS = re.UNICODE | re.IGNORECASE
_MOST_COPIES = 16
"""So often is a repeated group written out."""

_MOST_CODE = 1 << 22
_LAST_POINT = 0x10FFFF

Ranges = tuple[tuple[int, int], ...]
"""Code points, first and last of each range, ascending."""

CompiledPattern = tuple[bytes, bytes]
"""A program and the alternatives that lead into it, as `kernels/python/tokenizer_spec.c` reads them."""


class CharacterClasses:
    """The classes of characters of all patterns of a tokenizer, each once."""

    def __init__(self) -> None:
        self._numbers: dict[Ranges, int] = {}

    def number(self, ranges: Ranges) -> int:
        """Return the number of a class, which is a new one where no pattern had it before."""
        return self._numbers.setdefault(ranges, len(self._numbers))

    @property
    def spec(self) -> tuple[bytes, ...]:
        """The classes as the kernels read them."""
        return tuple(array("I", (point for pair in ranges for point in pair)).tobytes() for ranges in self._numbers)


def compile_pattern(
    function: Callable[..., Any] | None, method: Literal["match", "search", "finditer"], classes: CharacterClasses
) -> CompiledPattern | None:
    """Compile the pattern that a function is a method of; None for None. Raises `Unsupported`."""
    if function is None:
        return None
    pattern = getattr(function, "__self__", None)
    if not isinstance(pattern, re.Pattern) or function.__name__ != method or not isinstance(pattern.pattern, str):
        raise Unsupported("a tokenizer whose rules are no regular expressions")
    if pattern.flags & ~_KNOWN_FLAGS:
        raise Unsupported("a tokenizer's regular expression with flags")
    program = _Program(classes, ignore_case=bool(pattern.flags & re.IGNORECASE))
    alternatives = array("i")
    parsed = _parser.parse(pattern.pattern, pattern.flags)
    for items in _distributed(parsed):
        alternatives.extend((len(program.code), program.first_of(items), *_width(items)))
        program.add(items)
        program.code.append(_MATCH)
    return program.code.tobytes(), alternatives.tobytes()


def _distributed(parsed: Any) -> Iterator[list[Any]]:
    """Yield the alternatives of a parsed pattern, `x(?:a|b)y` as `xay` and `xby` where `x` consumes nothing.

    So each has a first character of its own to be chosen by. The order in which they are tried stays the same.
    """
    for items in alternatives_of(parsed):
        at = next((i for i, item in enumerate(items) if item[0] not in _CONSUME_NOTHING), len(items))
        operator: Any
        argument: Any
        operator, argument = items[at] if at < len(items) else (None, None)
        if operator is sre.BRANCH:
            for branch in argument[1]:
                yield from _distributed([*items[:at], *branch, *items[at + 1 :]])
        elif operator is sre.SUBPATTERN and not argument[1] and not argument[2]:
            yield from _distributed([*items[:at], *argument[3], *items[at + 1 :]])
        else:
            yield items


class _Program:
    """Code that grows by what the parser found."""

    def __init__(self, classes: CharacterClasses, *, ignore_case: bool) -> None:
        self.code = array("i")
        self._classes = classes
        self._ignore_case = ignore_case

    def add(self, items: Iterable[Any]) -> None:
        """Add the code of a sequence of items."""
        for operator, argument in items:
            self._add_item(operator, argument)

    def first_of(self, items: Sequence[Any]) -> int:
        """Return the class of the first character that a sequence consumes, or `_ANY` where that is not a class."""
        for operator, argument in items:
            if operator in _CONSUME_NOTHING:
                continue
            ranges = _class_of(operator, argument, ignore_case=self._ignore_case)
            if ranges is None and operator is sre.MAX_REPEAT and argument[0] > 0 and len(argument[2]) == 1:
                ranges = _class_of(*argument[2][0], ignore_case=self._ignore_case)
            return _ANY if ranges is None else self._classes.number(ranges)
        return _ANY

    def _add_item(self, operator: Any, argument: Any) -> None:
        ranges = _class_of(operator, argument, ignore_case=self._ignore_case)
        if ranges is not None:
            if len(ranges) == 1 and ranges[0][0] == ranges[0][1]:
                self.code.extend((_CHAR, ranges[0][0]))
            else:
                self.code.extend((_CLASS, self._classes.number(ranges)))
        elif operator is sre.AT and argument in _PLACES:
            self.code.extend((_AT, _PLACES[argument]))
        elif operator is sre.SUBPATTERN and not argument[1] and not argument[2]:
            self.add(argument[3])
        elif operator is sre.BRANCH:
            self._add_branches(argument[1])
        elif operator is sre.MAX_REPEAT:
            self._add_repeat(*argument)
        elif operator in (sre.ASSERT, sre.ASSERT_NOT):
            self._add_assertion(*argument, negate=operator is sre.ASSERT_NOT)
        else:
            raise Unsupported(f"a tokenizer's regular expression with {operator}")
        if len(self.code) > _MOST_CODE:
            raise Unsupported("a tokenizer's regular expression that is too large")

    def _add_branches(self, branches: Sequence[Any]) -> None:
        ends = []
        for branch in branches[:-1]:
            split = self._add_jump(_SPLIT)
            self.add(branch)
            ends.append(self._add_jump(_JUMP))
            self._land(split)
        self.add(branches[-1])
        for end in ends:
            self._land(end)

    def _add_repeat(self, least: int, most: Any, body: Any) -> None:
        unbounded = most is sre.MAXREPEAT
        ranges = _class_of(*body[0], ignore_case=self._ignore_case) if len(body) == 1 else None
        if ranges is not None:
            self.code.extend((_REPEAT, self._classes.number(ranges), least, _UNBOUNDED if unbounded else int(most)))
            return
        if not _width(body)[0] or least > _MOST_COPIES or (not unbounded and most > _MOST_COPIES):
            raise Unsupported("a tokenizer's regular expression that repeats a group which may be empty, or too often")
        for _ in range(least):
            self.add(body)
        if unbounded:
            split = self._add_jump(_SPLIT)
            begin = len(self.code)
            self.add(body)
            self.code.extend((_LOOP, begin))
            self._land(split)
            return
        splits = []
        for _ in range(int(most) - least):
            splits.append(self._add_jump(_SPLIT))
            self.add(body)
        for split in splits:
            self._land(split)

    def _add_assertion(self, direction: int, body: Any, *, negate: bool) -> None:
        if direction > 0:
            self.code.extend((_AHEAD, int(negate)))
        else:
            least, most = _width(body)
            if least != most:
                raise Unsupported("a tokenizer's regular expression that looks back by a width that varies")
            self.code.extend((_BEHIND, int(negate), least))
        self.code.append(0)
        to = len(self.code) - 1
        self.add(body)
        self.code.append(_MATCH)
        self._land(to)

    def _add_jump(self, operation: int) -> int:
        """Add a jump to a place that is not known yet, and return where it will have to stand."""
        self.code.extend((operation, 0))
        return len(self.code) - 1

    def _land(self, jump: int) -> None:
        self.code[jump] = len(self.code)


def _width(items: Iterable[Any]) -> tuple[int, int]:
    """Return the least and the largest number of characters that a sequence consumes; the latter may be unbounded."""
    least, most = _parser.SubPattern(_parser.State(), list(items)).getwidth()
    return int(least), _UNBOUNDED if most >= 1 << 20 else int(most)


def _class_of(operator: Any, argument: Any, *, ignore_case: bool) -> Ranges | None:
    """Return the characters that an item of the parser matches; None where it is no single character."""
    items: tuple[Any, ...]
    if operator is sre.LITERAL:
        items = ((sre.LITERAL, argument),)
    elif operator is sre.NOT_LITERAL:
        items = ((sre.NEGATE, None), (sre.LITERAL, argument))
    elif operator is sre.ANY:
        items = ((sre.NEGATE, None), (sre.LITERAL, ord("\n")))
    elif operator is sre.IN:
        items = tuple(argument)
    else:
        return None
    return _characters(items, ignore_case)


@lru_cache(maxsize=1 << 10)
def _characters(items: tuple[Any, ...], ignore_case: bool) -> Ranges:
    negate = bool(items) and items[0][0] is sre.NEGATE
    pairs: list[tuple[int, int]] = []
    for operator, argument in items[negate:]:
        if operator is sre.LITERAL:
            pairs.append((argument, argument))
        elif operator is sre.RANGE:
            pairs.append(argument)
        elif operator is sre.CATEGORY and argument in _CATEGORIES:
            pairs += _of_category(argument)
        else:
            raise Unsupported(f"a tokenizer's regular expression with {operator}")
    ranges = _merged(pairs)
    if ignore_case:
        ranges = _without_case(ranges, items[negate:])
    return _complement(ranges) if negate else ranges


@lru_cache(maxsize=len(_CATEGORIES))
def _of_category(category: Any) -> Ranges:
    """Let Python's `re` find all characters of a category."""
    points = np.arange(_LAST_POINT + 1, dtype="<u4").tobytes().decode("utf-32-le", "surrogatepass")
    found = re.finditer(f"{_CATEGORIES[category]}+", points)
    return tuple((match.start(), match.end() - 1) for match in found)


def _without_case(ranges: Ranges, items: Iterable[Any]) -> Ranges:
    """Add the other cases of characters, and what `re` takes for them. Those without case stay as they are."""
    cased = _cased_characters()
    found = re.findall(f"[{''.join(map(_source, items))}]", cased, re.IGNORECASE) if items else []
    return _merged([*ranges, *((ord(c), ord(c)) for c in found)])


@lru_cache(maxsize=1)
def _cased_characters() -> str:
    characters = map(chr, range(_LAST_POINT + 1))
    return "".join(c for c in characters if c.lower() != c or c.upper() != c)


def _source(item: Any) -> str:
    """Write a part of a class as it stands in a pattern."""
    operator, argument = item
    if operator is sre.LITERAL:
        return f"\\U{argument:08x}"
    if operator is sre.RANGE:
        return f"\\U{argument[0]:08x}-\\U{argument[1]:08x}"
    return _CATEGORIES[argument]


def _merged(pairs: Iterable[tuple[int, int]]) -> Ranges:
    """Put ranges in order, and those together that touch."""
    merged: list[tuple[int, int]] = []
    for first, last in sorted(pairs):
        if merged and first <= merged[-1][1] + 1:
            merged[-1] = merged[-1][0], max(merged[-1][1], last)
        else:
            merged.append((first, last))
    return tuple(merged)


def _complement(ranges: Ranges) -> Ranges:
    bounds = [-1, *(bound for pair in ranges for bound in pair), _LAST_POINT + 1]
    gaps = ((last + 1, first - 1) for last, first in zip(bounds[::2], bounds[1::2], strict=True))
    return tuple((first, last) for first, last in gaps if first <= last)
