"""Collect what rulers ask of words, so that each word is asked once: symbols of attributes, and answers in bits.

Phrases and most patterns ask whether an attribute has a certain value. The values of an attribute that anything names
are numbered; a word's symbol is the number of its value. Everything else that patterns ask, such as flags, sets of
values and lengths, is a question that is answered yes or no, by one bit of a number.
"""

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.strings import get_string_id
from spacy.vocab import Vocab

from spanwise.pipelines.entities.compiled.lexemes import STRINGS, attribute_getters, check_vocabulary, value_getter
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.word_flags import WORD_FLAGS
from spanwise.pipelines.kernels import constants

SYMBOLS = STRINGS | {"LENGTH", "SPACY"}
"""Attributes whose values are numbered; flags are answered in bits."""

PHRASE_ATTRIBUTES = (SYMBOLS | WORD_FLAGS) - {"SPACY"}

_BY_OCCASION = frozenset({"NORM", "SPACY"})
"""Attributes that depend on more than the characters of a word: on an exception, or on what follows."""

_BITS = 64
_COMPARISONS: Mapping[str, Callable[[int, int], bool]] = {
    "==": lambda one, other: one == other,
    "!=": lambda one, other: one != other,
    ">=": lambda one, other: one >= other,
    "<=": lambda one, other: one <= other,
    ">": lambda one, other: one > other,
    "<": lambda one, other: one < other,
}

Value = str | int
Test = tuple[str, int]
"""An attribute in `SYMBOLS` and its value; or an empty string and the number of a question."""

Question = Callable[[Value], bool]


class Answers:
    """Answers up to 64 questions about a word by the bits of one number."""

    def __init__(self) -> None:
        self.count = 0
        self._asked: dict[str, tuple[Callable[[str], Value], list[tuple[int, Question]]]] = {}

    def add(self, name: str, compute: Callable[[str], Value], question: Question) -> None:
        """Add a question about an attribute."""
        self._asked.setdefault(name, (compute, []))[1].append((1 << self.count, question))
        self.count += 1

    def __call__(self, word: str) -> int:
        """Return the answers about a word."""
        found = 0
        for compute, questions in self._asked.values():
            value = compute(word)
            for bit, question in questions:
                if question(value):
                    found |= bit
        return found


@dataclass(slots=True)
class RulerQuestions:
    """The questions of all rulers of a pipeline."""

    vocab: Vocab
    _values: dict[str, list[NDArray[np.uint64]]] = field(default_factory=dict)
    _single: dict[str, set[int]] = field(default_factory=dict)
    _numbers: dict[tuple[str, str, str, Callable[..., Any] | None], int] = field(default_factory=dict)
    _names: set[str] = field(default_factory=set)
    answers: list[Answers] = field(default_factory=list)

    def add_values(self, name: str, values: NDArray[np.uint64]) -> None:
        """Add values of an attribute to those that are numbered."""
        self._values.setdefault(name, []).append(values)

    def ask(self, key: str, operator: str, wanted: Any, compare: Callable[..., Any]) -> Test:
        """Return the test for one item of a token's description. Raises `Unsupported`.

        `operator`: an empty string where the value must be `wanted` itself. `compare`: what FUZZY compares with.
        """
        name = "ORTH" if key == "TEXT" else key
        if name not in SYMBOLS | WORD_FLAGS:
            raise Unsupported(f"a pattern over {key}")
        if not operator and name in SYMBOLS:
            value = _number(wanted)
            self._single.setdefault(name, set()).add(value)
            return name, value
        if name in _BY_OCCASION:
            raise Unsupported(f"a pattern over {key} by {operator}")
        return "", self._bit(name, operator, wanted, compare)

    def _bit(self, name: str, operator: str, wanted: Any, compare: Callable[..., Any]) -> int:
        known = name, operator, repr(wanted), compare if operator.startswith("FUZZY") else None
        if (number := self._numbers.get(known)) is not None:
            return number
        question = _question(name, operator, wanted, compare)
        if not self.answers or self.answers[-1].count == _BITS:
            self.answers.append(Answers())
        if len(self.answers) > constants.MOST_BIT_COLUMNS:
            raise Unsupported(f"more than {_BITS * constants.MOST_BIT_COLUMNS} questions about words")
        self.answers[-1].add(name, value_getter(attribute_getters(self.vocab), name), question)
        self._names.add(name)
        number = self._numbers[known] = len(self._numbers)
        return number

    def symbols(self) -> dict[str, NDArray[np.uint64]]:
        """Return the numbered values of each attribute, ascending: the symbol of a value is its place, from 1."""
        names = sorted({*self._values, *self._single})
        found = {}
        for name in names:
            single = np.fromiter(self._single.get(name, ()), dtype=np.uint64)
            found[name] = np.unique(np.concatenate([single, *self._values.get(name, ())]))
        return found

    def check_vocabulary(self) -> None:
        """Raise `Unsupported` if somebody has set an attribute that a question is about by hand."""
        check_vocabulary(self.vocab, sorted(self._names))


def symbol_numbers(known: NDArray[np.uint64], values: NDArray[np.uint64]) -> NDArray[np.uint32]:
    """Return the symbols of values that are all known."""
    return (np.searchsorted(known, values) + 1).astype(np.uint32)


def _number(value: Any) -> int:
    """Return spaCy's number of a value. Raises `Unsupported`."""
    if isinstance(value, str):
        return int(get_string_id(value))
    if isinstance(value, bool | int) and value >= 0:
        return int(value)
    raise Unsupported(f"a pattern that asks for a {type(value).__name__}")


def _question(name: str, operator: str, wanted: Any, compare: Callable[..., Any]) -> Question:
    """Return a question about an attribute's value. Raises `Unsupported`. See `_SetPredicate` and the like in spaCy."""
    is_string = name in STRINGS
    if not operator:
        number = _number(wanted)
        return lambda value: value == number
    if operator in _COMPARISONS and not is_string and isinstance(wanted, int):
        meets = _COMPARISONS[operator]
        return lambda value: meets(int(value), wanted)
    if operator.startswith("FUZZY") and is_string:
        return _fuzzy(operator, wanted, compare)
    if operator in ("IN", "NOT_IN", "IS_SUBSET", "IS_SUPERSET", "INTERSECTS") and isinstance(wanted, list):
        return _set_question(operator, frozenset(map(_number, wanted)), is_string=is_string)
    raise Unsupported(f"a pattern with {operator}")


def _set_question(operator: str, numbers: frozenset[int], *, is_string: bool) -> Question:
    """Return a question about a set of values, where a word's own value is a set of one."""

    def number(value: Value) -> int:
        return int(get_string_id(value)) if is_string else int(value)

    if operator == "NOT_IN":
        return lambda value: number(value) not in numbers
    if operator == "IS_SUPERSET":
        return lambda value: numbers <= {number(value)}
    return lambda value: number(value) in numbers


def _fuzzy(operator: str, wanted: Any, compare: Callable[..., Any]) -> Question:
    """Return a question whether a string is nearly another, or nearly one of several."""
    distance = int(operator.removeprefix("FUZZY") or -1)
    if isinstance(wanted, str):
        return lambda value: value == wanted or bool(compare(value, wanted, distance))
    if not isinstance(wanted, Mapping) or not all(_is_fuzzy_set(*item) for item in wanted.items()):
        raise Unsupported(f"a pattern with {operator}")
    sets = [(name.upper(), tuple(strings)) for name, strings in wanted.items()]

    def is_near(value: Value, strings: Sequence[str]) -> bool:
        return any(compare(value, string, distance) for string in strings)

    return lambda value: all(is_near(value, strings) == (name == "IN") for name, strings in sets)


def _is_fuzzy_set(name: Any, strings: Any) -> bool:
    return str(name).upper() in ("IN", "NOT_IN") and isinstance(strings, list) and _all_strings(strings)


def _all_strings(values: Iterable[Any]) -> bool:
    return all(isinstance(value, str) for value in values)
