"""Compile the phrases and token patterns of a ruler into the tables of the kernels (`kernels/spans/ruler.h`).

Both are taken from spaCy's own matchers, which hold what the ruler matches now, whatever was added and removed:
`PhraseMatcher` has the attributes of all phrases, and `Matcher` the patterns as they were given. Sources:
`_preprocess_pattern` and `_get_operators` in `spacy/matcher/matcher.pyx`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import NAMES
from spacy.strings import get_string_id

from spanwise.pipelines.entities.compiled.read_phrases import ReadPhrases
from spanwise.pipelines.entities.compiled.ruler_questions import (
    PHRASE_ATTRIBUTES,
    RulerQuestions,
    Test,
    symbol_numbers,
)
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import constants

_MOST_TOKENS = 1000
"""Tokens that a pattern may have once its operators are written out."""

_BITS_OF_A_CODE = 32


@dataclass(slots=True)
class Phrases:
    """The phrases of a ruler: the values of all their tokens in order, their lengths, the numbers of their keys."""

    attribute: str
    values: NDArray[np.uint64]
    lengths: NDArray[np.uint32]
    numbers: NDArray[np.uint32]

    def spec(self, symbols: Mapping[str, NDArray[np.uint64]]) -> tuple[Any, ...]:
        """Describe the phrases for the kernels (`kernels/python/ruler_spec.h`); a match's number is odd."""
        known = symbols[self.attribute]
        numbers = (2 * self.numbers + 1).astype(np.uint32)
        return (
            list(symbols).index(self.attribute),
            symbol_numbers(known, self.values).tobytes(),
            self.lengths.tobytes(),
            numbers.tobytes(),
        )


@dataclass(slots=True)
class _PatternToken:
    tests: tuple[Test, ...]
    quantifier: int


@dataclass(slots=True)
class Patterns:
    """The token patterns of a ruler, each with the number of its key."""

    patterns: list[tuple[int, list[_PatternToken]]] = field(default_factory=list)

    def spec(self, symbols: Mapping[str, NDArray[np.uint64]]) -> tuple[Any, ...]:
        """Describe the patterns for the kernels (`kernels/python/ruler_spec.h`); a match's number is even."""
        codes = _Codes(symbols)
        tests: list[tuple[int, int]] = []
        rows: list[tuple[int, int, int, int]] = []
        firsts: list[int] = []
        known: dict[tuple[Test, ...], int] = {}
        for number, tokens in self.patterns:
            firsts.append(len(rows))
            for token in tokens:
                if (first := known.get(token.tests)) is None:
                    first = known[token.tests] = len(tests)
                    tests += map(codes.of, token.tests)
                rows.append((first, len(token.tests), 2 * number, token.quantifier))
        always, starts = self._starts()
        return (
            np.array(tests, dtype=np.uint32).tobytes(),
            np.array(rows, dtype=np.uint32).tobytes(),
            np.array(firsts, dtype=np.uint32).tobytes(),
            np.array(always, dtype=np.uint32).tobytes(),
            tuple(_table(name, starts[name], codes) if name in starts else None for name in symbols),
        )

    def _starts(self) -> tuple[list[int], dict[str, dict[int, list[int]]]]:
        """Return the patterns that any word may begin, and by attribute and value those that only this value begins."""
        always: list[int] = []
        starts: dict[str, dict[int, list[int]]] = defaultdict(lambda: defaultdict(list))
        for number, (_, tokens) in enumerate(self.patterns):
            leading = [next((test for test in token.tests if test[0]), None) for token in _leading(tokens)]
            chosen = {test for test in leading if test is not None}
            if None in leading:
                always.append(number)
                continue
            for name, value in chosen:
                starts[name][value].append(number)
        return always, starts


class _Codes:
    """The tests of patterns as the kernels have them: a column and what the code there must be."""

    def __init__(self, symbols: Mapping[str, NDArray[np.uint64]]) -> None:
        self.symbols = symbols
        self._places = {name: number for number, name in enumerate(symbols)}
        self._kept: dict[Test, int] = {}

    def of(self, test: Test) -> tuple[int, int]:
        """Return the column and the code of a test."""
        name, value = test
        if name:
            return self._places[name], self.symbol(test)
        return len(self._places) + value // _BITS_OF_A_CODE, 1 << value % _BITS_OF_A_CODE

    def symbol(self, test: Test) -> int:
        """Return the symbol of the value that a test is about."""
        if (found := self._kept.get(test)) is None:
            name, value = test
            found = int(symbol_numbers(self.symbols[name], np.array([value], dtype=np.uint64))[0])
            self._kept[test] = found
        return found


def _leading(tokens: Sequence[_PatternToken]) -> Iterator[_PatternToken]:
    """Yield the tokens of a pattern that a match's first token may be, with no tests where that may be any token."""
    for token in tokens:
        if token.quantifier == constants.ANOTHER_TOKEN:
            yield _PatternToken((), token.quantifier)
            return
        yield token
        if token.quantifier == constants.ONE_TOKEN:
            return


def _table(name: str, starts: Mapping[int, Sequence[int]], codes: _Codes) -> tuple[bytes, bytes]:
    """Return where the patterns of each symbol begin in a list of them, and the list."""
    counts = np.zeros(len(codes.symbols[name]) + 2, dtype=np.uint32)
    ordered = sorted((codes.symbol((name, value)), numbers) for value, numbers in starts.items())
    for symbol, numbers in ordered:
        counts[symbol + 1] = len(numbers)
    items = np.fromiter(chain.from_iterable(numbers for _, numbers in ordered), dtype=np.uint32)
    return np.cumsum(counts, dtype=np.uint32).tobytes(), items.tobytes()


def read_phrases(matcher: Any, numbers: Mapping[int, int], questions: RulerQuestions) -> Phrases | None:
    """Read the phrases of spaCy's `PhraseMatcher`; None where there are none. Raises `Unsupported`.

    `numbers`: of each key, by its number in the string store.
    """
    vocab, phrases, _, attribute = matcher.__reduce__()[1]
    if not any(phrases.values()):
        return None
    name = _phrase_attribute(attribute)
    lengths = np.fromiter((len(one) for each in phrases.values() for one in each), dtype=np.uint32)
    flat = chain.from_iterable(one for each in phrases.values() for one in each)
    values = np.fromiter(flat, dtype=np.uint64, count=int(lengths.sum()))
    of_keys = np.fromiter((numbers[vocab.strings[key]] for key in phrases), dtype=np.uint32)
    counts = np.fromiter(map(len, phrases.values()), dtype=np.int64)
    questions.add_values(name, np.unique(values))
    return Phrases(name, values, lengths, np.repeat(of_keys, counts))


def packed_phrases(read: ReadPhrases, numbers: Mapping[int, int], questions: RulerQuestions) -> Phrases | None:
    """Take the phrases of a ruler that were read beside spaCy's matcher. `numbers` and errors: see `read_phrases`."""
    if not len(read):
        return None
    name = _phrase_attribute(read.attribute)
    values = np.array(read.values, dtype=np.uint64)
    of_keys = np.fromiter((numbers[get_string_id(key.string)] for key in read.keys), dtype=np.uint32)
    questions.add_values(name, np.unique(values))
    return Phrases(name, values, np.array(read.lengths, dtype=np.uint32), of_keys[np.array(read.of_keys)])


def _phrase_attribute(attribute: int) -> str:
    name = str(NAMES[attribute])
    if name not in PHRASE_ATTRIBUTES:
        raise Unsupported(f"phrases by {name}")
    return name


def read_patterns(matcher: Any, numbers: Mapping[int, int], questions: RulerQuestions) -> Patterns:
    """Read the patterns of spaCy's `Matcher`, in the order of their keys, as a loaded ruler has them.

    `numbers`: as in `read_phrases`. Raises `Unsupported`.
    """
    _, by_key, _, _, compare = matcher.__reduce__()[1]
    found = Patterns()
    for key, pattern in ((key, pattern) for key, patterns in by_key.items() for pattern in patterns):
        tokens: list[_PatternToken] = []
        for described in pattern:
            tests = _tests(described, questions, compare)
            tokens += [_PatternToken(tests, quantifier) for quantifier in _quantifiers(described)]
        if len(tokens) > _MOST_TOKENS:
            raise Unsupported(f"a pattern of more than {_MOST_TOKENS} tokens")
        if tokens:
            found.patterns.append((numbers[key], tokens))
    return found


def _tests(described: Mapping[Any, Any], questions: RulerQuestions, compare: Callable[..., Any]) -> tuple[Test, ...]:
    """Return the tests of one token of a pattern."""
    tests: list[Test] = []
    for given, wanted in described.items():
        if not isinstance(given, str):
            raise Unsupported("a pattern over numbers of attributes")
        key = given.upper()
        if key == "OP":
            continue
        if isinstance(wanted, Mapping):
            tests += [questions.ask(key, str(name).upper(), value, compare) for name, value in wanted.items()]
        else:
            tests.append(questions.ask(key, "", wanted, compare))
    return tuple(tests)


def _quantifiers(described: Mapping[Any, Any]) -> tuple[int, ...]:
    """Return how often a token comes, as a row of tokens: `{2,3}` is one, another one, and perhaps a third."""
    operator = next((value for key, value in described.items() if key.upper() == "OP"), "1")
    one, many, maybe = constants.ONE_TOKEN, constants.ANY_NUMBER, constants.AT_MOST_ONE
    plain = {"1": (one,), "*": (many,), "+": (one, many), "?": (maybe,), "!": (constants.ANOTHER_TOKEN,)}
    if operator in plain:
        return plain[operator]
    least, comma, most = operator[1:-1].partition(",")
    if not comma:
        most = least
    count = int(least or 0)
    return (one,) * count + ((maybe,) * (int(most) - count) if most else (many,))
