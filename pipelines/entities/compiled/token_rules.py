"""Compile an attribute_ruler: rules that set attributes of the tokens that fit their patterns.

Rules over one token depend on that token alone. Rules over several tokens that follow one another are looked for in a
whole text, by which of their parts each token fits; few tokens of a text fit one. As in spaCy, all rules see the tokens
as they were before the ruler, and later rules write over earlier ones. Source: `spacy/pipeline/attributeruler.py`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import DEP, LEMMA, MORPH, POS, TAG
from spacy.language import Language
from spacy.parts_of_speech import NAMES as POS_NAMES
from spacy.pipeline import AttributeRuler

from spanwise.pipelines.entities.compiled.token_patterns import TokenPattern, WordTests
from spanwise.pipelines.entities.compiled.token_state import TokenState
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

_MOST_PARTS = 62
"""Parts of patterns of several tokens: each is a bit of a signed 64-bit integer."""

_MOST_KEPT = 1 << 13
_NAMES = {TAG: "tag", POS: "pos", MORPH: "morph", LEMMA: "lemma", DEP: "dep"}


@dataclass(frozen=True, slots=True)
class _Phrase:
    """A pattern of several tokens: the number of its rule, its parts by their bits, and which of its tokens is set."""

    rule: int
    parts: tuple[int, ...]
    target: int


class TokenRules:
    """A compiled attribute_ruler."""

    def __init__(
        self,
        words: WordTests,
        singles: Sequence[tuple[TokenPattern, int]],
        parts: Sequence[TokenPattern],
        phrases: Sequence[_Phrase],
        attributes: Sequence[Mapping[str, str]],
    ) -> None:
        self._words = words
        self._singles = tuple(singles)
        self._parts = tuple(parts)
        self._phrases = tuple(phrases)
        self._attributes = tuple(attributes)
        self._kept: dict[tuple[int, TokenState], tuple[tuple[int, ...], int]] = {}
        tests = [test for pattern, _ in singles for test in pattern.tests]
        tests += [test for pattern in parts for test in pattern.tests]
        self.tests = tuple(tests)
        """What patterns ask of what is known of a token, by the name of what they ask about."""
        read = {name for name, _ in tests}
        self._unread = {name: "" for name in TokenState._fields if name not in read}

    @property
    def labels(self) -> frozenset[str]:
        """The labels of arcs that rules set."""
        return frozenset(attributes["dep"] for attributes in self._attributes if "dep" in attributes)

    @property
    def has_phrases(self) -> bool:
        """Whether there are patterns of several tokens."""
        return bool(self._phrases)

    def fitting(self, word: str, state: TokenState) -> tuple[tuple[int, ...], int]:
        """Return the numbers of the rules over one token that a token fits, and the bits of the parts that it fits."""
        bits, seen = self._words.bits(word), state._replace(**self._unread)
        if (found := self._kept.get((bits, seen))) is None:
            rules = {rule for pattern, rule in self._singles if pattern.fits(bits, state)}
            fitted = sum(1 << i for i, part in enumerate(self._parts) if part.fits(bits, state))
            if len(self._kept) >= _MOST_KEPT:
                self._kept.clear()
            found = self._kept[bits, seen] = tuple(sorted(rules)), fitted
        return found

    def apply(self, state: TokenState, rules: Sequence[int]) -> TokenState:
        """Return the state after these rules, in the order of their numbers."""
        changed: dict[str, str] = {}
        for rule in rules:
            changed.update(self._attributes[rule])
        return state._replace(**changed) if changed else state

    def phrases(self, parts: NDArray[np.int64], counts: NDArray[Any]) -> dict[int, set[int]]:
        """Find the patterns of several tokens. Returns, for each token that one of them sets, its rules' numbers.

        `parts` has the bits of each token of all texts, and `counts` the number of tokens of each text.
        """
        found: dict[int, set[int]] = {}
        if not len(parts) or not parts.any():
            return found
        text = np.repeat(np.arange(len(counts)), counts)
        for phrase in self._phrases:
            size = len(phrase.parts)
            if size > len(parts):
                continue
            fits = text[: len(text) - size + 1] == text[size - 1 :]
            for i, bit in enumerate(phrase.parts):
                fits &= parts[i : len(parts) - size + 1 + i] & bit != 0
            for start in np.flatnonzero(fits).tolist():
                found.setdefault(start + phrase.target, set()).add(phrase.rule)
        return found


def read_rules(nlp: Language, name: str) -> TokenRules:
    """Read an attribute_ruler. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if type(component) is not AttributeRuler:
        raise Unsupported(f"attributes by {type(component).__name__}")
    words = WordTests(nlp.vocab)
    singles: list[tuple[TokenPattern, int]] = []
    parts: list[TokenPattern] = []
    phrases: list[_Phrase] = []
    described: Any  # spaCy's own type of it leaves open what is what
    for rule, described in enumerate(component.patterns):
        for pattern in described["patterns"]:
            index, size = described["index"], len(pattern)
            if not -size <= index < size:
                raise Unsupported("a rule that sets a token outside of its pattern")
            if any(key.upper() == "OP" for token in pattern for key in token):
                raise Unsupported("a pattern with operators")
            tokens = [words.compile(token) for token in pattern]
            if size == 1:
                singles.append((tokens[0], rule))
                continue
            bits = tuple(1 << (len(parts) + i) for i in range(size))
            parts += tokens
            phrases.append(_Phrase(rule, bits, index % size))
    if len(parts) > _MOST_PARTS:
        raise Unsupported(f"more than {_MOST_PARTS} tokens in patterns of several tokens")
    words.check_vocabulary(nlp.vocab)
    attributes = [_named(nlp, attributes) for attributes in component.attrs]
    return TokenRules(words, singles, parts, phrases, attributes)


def _named(nlp: Language, attributes: Mapping[Any, Any]) -> dict[str, str]:
    """Return the attributes that a rule sets, as strings by the names that states have. Raises `Unsupported`."""
    unknown = [str(attribute) for attribute in attributes if attribute not in _NAMES]
    if unknown:
        raise Unsupported(f"a rule that sets the attribute {unknown[0]}")
    strings = nlp.vocab.strings
    return {
        _NAMES[attribute]: POS_NAMES[value] if attribute == POS else (strings[value] if value else "")
        for attribute, value in attributes.items()
    }
