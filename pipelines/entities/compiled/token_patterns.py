"""Compile the patterns of an attribute_ruler: which tokens fit, by what is known of each token.

A pattern describes one token or several that follow one another. What a description asks of a token's characters is
worked out once for each word and gives a set of bits; what it asks of tags, features and the like is worked out once
for each combination of these with the bits. Sources: `spacy/matcher/matcher.pyx` (`_get_attr_values`,
`_get_extra_predicates`), `spacy/pipeline/attributeruler.py`.
"""

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from spacy.vocab import Vocab

from spanwise.pipelines.entities.compiled.lexemes import STRINGS, attribute_getters, check_vocabulary, value_getter
from spanwise.pipelines.entities.compiled.token_state import TokenState
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.word_flags import WORD_FLAGS

_FIELDS = {"TAG": "tag", "POS": "pos", "MORPH": "morph", "LEMMA": "lemma", "DEP": "dep"}
_STRINGS = STRINGS - {"NORM"}  # which an exception of the tokenizer may give
_NUMBERS = WORD_FLAGS | {"LENGTH"}

Value = str | int
Test = Callable[[Any], bool]


@dataclass(frozen=True, slots=True)
class TokenPattern:
    """What a token must be like: have these `bits` of its word, and pass these tests of its state."""

    bits: int
    tests: tuple[tuple[str, Test], ...]

    def fits(self, bits: int, state: TokenState) -> bool:
        """Return whether a token fits, by the bits of its word and its state."""
        return bits & self.bits == self.bits and all(test(getattr(state, name)) for name, test in self.tests)


@dataclass(slots=True)
class _Attribute:
    """What all patterns ask of one attribute of a word: bits by value, and tests with a bit each."""

    compute: Callable[[str], Value]
    by_value: dict[Value, int] = field(default_factory=dict)
    tests: list[tuple[int, Test]] = field(default_factory=list)


class WordTests:
    """Everything that patterns ask of words, numbered by bits. Does not keep the vocabulary."""

    def __init__(self, vocab: Vocab) -> None:
        self._getters = attribute_getters(vocab)
        self._attributes: dict[str, _Attribute] = {}
        self._bits: dict[tuple[str, str, Any], int] = {}

    def bits(self, word: str) -> int:
        """Return the bits of the questions to which a word answers yes."""
        found = 0
        for attribute in self._attributes.values():
            value = attribute.compute(word)
            found |= attribute.by_value.get(value, 0)
            for bit, test in attribute.tests:
                if test(value):
                    found |= bit
        return found

    def compile(self, described: Mapping[str, Any]) -> TokenPattern:
        """Compile the description of one token. Raises `Unsupported`."""
        bits = 0
        tests: list[tuple[str, Test]] = []
        for key, wanted in described.items():
            name = "ORTH" if key.upper() == "TEXT" else key.upper()
            for operator, value in wanted.items() if isinstance(wanted, Mapping) else [("IN", [wanted])]:
                if name in _FIELDS:
                    if name == "MORPH" and isinstance(wanted, Mapping):
                        raise Unsupported("a pattern that takes features apart")
                    tests.append((_FIELDS[name], _test(operator, value, str)))
                else:
                    bits |= self._bit(name, operator, value)
        return TokenPattern(bits, tuple(tests))

    def _bit(self, name: str, operator: str, value: Any) -> int:
        if name not in _STRINGS | _NUMBERS:
            raise Unsupported(f"a pattern over {name}")
        key = name, operator, repr(value)
        if (bit := self._bits.get(key)) is not None:
            return bit
        bit = self._bits[key] = 1 << len(self._bits)
        attribute = self._attributes.setdefault(name, _Attribute(value_getter(self._getters, name)))
        kind: type = str if name in _STRINGS else int
        test = _test(operator, value, kind)
        if operator == "IN":
            for each in value:
                attribute.by_value[kind(each)] = attribute.by_value.get(kind(each), 0) | bit
        else:
            attribute.tests.append((bit, test))
        return bit

    def check_vocabulary(self, vocab: Vocab) -> None:
        """Raise `Unsupported` if somebody has set such an attribute of a word by hand."""
        check_vocabulary(vocab, list(self._attributes))


def _test(operator: str, value: Any, kind: type) -> Test:
    """Return the test of one operator. Raises `Unsupported`."""
    if operator == "REGEX" and isinstance(value, str) and kind is str:
        search = re.compile(value).search
        return lambda text: bool(search(text))
    if operator in ("IN", "NOT_IN") and all(isinstance(each, bool | int if kind is int else str) for each in value):
        values = frozenset(map(kind, value))
        return values.__contains__ if operator == "IN" else lambda text: text not in values
    raise Unsupported(f"a pattern with {operator}")
