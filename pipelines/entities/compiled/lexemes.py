"""Words described for the kernels: the tokens of a run, and the lexical attributes that embeddings are looked up by.

spaCy would build a Lexeme with some twenty attributes for every word it meets, and keep an index entry for ever.
Here the functions that compute attributes (`Vocab.lex_attr_getters`) are called for just those that a model embeds,
and nothing is stored: the kernels' lexicon remembers words within a bound. Values are spaCy's own
(`Vocab._new_lexeme`, `Doc.to_array`).
"""

from array import array
from collections.abc import Callable, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDS, IS_PUNCT, IS_SPACE, LENGTH, ORTH, SPACY
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.tokenizer_rules import Token, TokenizerRules

MODE_SPACE_FOLLOWS, MODE_WHOLE_TEXT = 1, 2  # runs.h
_SPACE, _PUNCT, _ENDS_SENTENCE, _WORD_SHIFT = 1, 2, 4, 16  # lexicon.h
_KNOWN_TOKENS = 1 << 13
"""Tokens whose attributes are kept, some 2 MB: an unknown run is mostly a known word beside another mark."""

Question = tuple[str, int]
"""A run or a text, and its mode."""

Description = tuple[bytes, bytes, bytes, bytes]
"""For each question its number of tokens (int32); for each token its start, length and flags (uint32), its attributes
(uint64) and its projected static vector (float32)."""


class StaticVectors(Protocol):
    """Projected static vectors of words, [words, values]."""

    width: int

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]: ...


class NoStaticVectors:
    """For models that have none."""

    width = 0

    def __call__(self, words: Sequence[str]) -> NDArray[np.float32]:
        return np.empty((len(words), 0), dtype=np.float32)


class Lexemes:
    """What the kernels ask about words: an instance is the function that they call."""

    def __init__(
        self,
        vocab: Vocab,
        rules: TokenizerRules,
        attributes: Sequence[str],
        statics: StaticVectors,
        ends: frozenset[str] = frozenset(),
    ) -> None:
        self.attributes = tuple(attributes)
        self._rules = rules
        self._statics = statics
        self._ends = ends
        self._getters = [_getter(vocab, name) for name in self.attributes]
        self._norm_column = self.attributes.index("NORM") if "NORM" in self.attributes else None
        self._space_column = self.attributes.index("SPACY") if "SPACY" in self.attributes else None
        getters = attribute_getters(vocab)
        self._is_space = getters[IS_SPACE]
        self._is_punct = getters[IS_PUNCT]
        words = sorted({word for phrase in rules.phrases for word in phrase})
        if len(words) >= 1 << _WORD_SHIFT:
            raise Unsupported("more words in exceptions of several tokens than can be numbered")
        self._numbers = {word: number for number, word in enumerate(words, 1)}
        self._changed: dict[str, list[int]] = {}
        self._changed_flags: dict[str, tuple[bool, bool]] = {}
        self._find_changed(vocab)
        self._described = lru_cache(maxsize=_KNOWN_TOKENS)(self._describe)

    @property
    def pairs(self) -> bytes:
        """Which words follow one another in an exception of several tokens: left << 16 | right, ascending (uint32)."""
        following = {pair for phrase in self._rules.phrases for pair in pairwise(phrase)}
        return array(
            "I", sorted(self._numbers[left] << _WORD_SHIFT | self._numbers[right] for left, right in following)
        ).tobytes()

    def __call__(self, questions: Sequence[Question]) -> Description:
        """Describe runs and texts."""
        counts, tokens, attributes = array("i"), array("I"), array("Q")
        words: list[str] = []
        for string, mode in questions:
            found, spaces, first, last = self._tokenize(string, mode)
            start = 0
            begin = len(tokens)
            for (text, norm), space in zip(found, spaces, strict=True):
                length = len(text)
                values, flags = self._described(text)
                row = len(attributes)
                attributes.frombytes(values)
                if norm and self._norm_column is not None:
                    attributes[row + self._norm_column] = string_id(norm)
                if space and self._space_column is not None:
                    attributes[row + self._space_column] = 1
                tokens.extend((start, length, flags))
                start += length + space
                words.append(text)
            counts.append(len(found))
            if mode != MODE_WHOLE_TEXT:  # the borders of the run
                for at, word in ((begin + 2, first), (len(tokens) - 1, last)):
                    tokens[at] = tokens[at] % (1 << _WORD_SHIFT) | self._numbers.get(word, 0) << _WORD_SHIFT
        return counts.tobytes(), tokens.tobytes(), attributes.tobytes(), self._statics(words).tobytes()

    def _tokenize(self, string: str, mode: int) -> tuple[Sequence[Token], list[bool], str, str]:
        if mode == MODE_WHOLE_TEXT:
            return (*self._rules.tokenize(string), "", "")
        tokens, first, last = self._rules.tokenize_run(string)
        spaces = [False] * len(tokens)
        if mode == MODE_SPACE_FOLLOWS and tokens:
            spaces[-1] = True
        return tokens, spaces, first, last

    def _describe(self, text: str) -> tuple[bytes, int]:
        """A token's attributes (uint64) and flags, but for what its run and its exception say of it."""
        values = self._changed.get(text) or [getter(text) for getter in self._getters]
        return array("Q", values).tobytes(), self._flags(text)

    def _flags(self, text: str) -> int:
        space, punct = self._changed_flags.get(text) or (self._is_space(text), self._ends and self._is_punct(text))
        flags = _SPACE if space else 0
        if self._ends:
            flags |= (_PUNCT if punct else 0) | (_ENDS_SENTENCE if text in self._ends else 0)
        return flags | self._numbers.get(text, 0) << _WORD_SHIFT

    def _find_changed(self, vocab: Vocab) -> None:
        """Words of the vocabulary whose attributes somebody has set by hand."""
        words = [lexeme.text for lexeme in vocab]
        if not words:
            return
        columns = [*(IDS[name] for name in self.attributes), IS_SPACE, IS_PUNCT]
        for word, row in zip(words, Doc(vocab, words=words).to_array(columns).tolist(), strict=True):
            *values, space, punct = row
            expected = [getter(word) for getter in self._getters]
            if self._space_column is not None:
                values[self._space_column] = expected[self._space_column]
            if values != expected:
                self._changed[word] = values
            if (bool(space), bool(punct)) != (bool(self._is_space(word)), bool(self._is_punct(word))):
                self._changed_flags[word] = bool(space), bool(punct)


def attribute_getters(vocab: Any) -> dict[int, Callable[[str], Any]]:
    """The functions that compute a word's lexical attributes, by attribute."""
    getters: dict[int, Callable[[str], Any]] = vocab.lex_attr_getters
    return getters


def _getter(vocab: Vocab, name: str) -> Callable[[str], int]:
    """The function that computes an attribute of a word as `Doc.to_array` gives it. Raises `Unsupported`."""
    attribute = IDS.get(name)
    if attribute == SPACY:
        return lambda _: 0  # depends on what follows the word: set where that is known
    if attribute == ORTH:
        return get_string_id
    if attribute == LENGTH:
        return len
    compute = attribute_getters(vocab).get(attribute) if attribute else None
    if compute is None:
        raise Unsupported(f"embeddings of {name}, which is no attribute of a word by itself")

    def number(text: str) -> int:
        value = compute(text)
        return string_id(value) if isinstance(value, str) else int(bool(value))

    return number


@lru_cache(maxsize=1 << 14)
def string_id(string: str) -> int:
    """The number that spaCy has for a string; those of prefixes, suffixes and shapes come again and again."""
    return get_string_id(string)
