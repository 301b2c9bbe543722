"""Describe words for the kernels: the lexical attributes that embeddings are looked up by.

spaCy would build a Lexeme with some twenty attributes for every new word, and keep an index entry for ever. This module
calls the functions that compute attributes (`Vocab.lex_attr_getters`) only for those that a model embeds or a ruler
asks for, and stores nothing in the vocabulary: the kernels' lexicon remembers words within a bound. Values are those of
spaCy (`Vocab._new_lexeme`, `Doc.to_array`). Where the kernels cannot apply a tokenizer's rules, runs are split here.
"""

from array import array
from collections.abc import Callable, Mapping, Sequence
from functools import lru_cache
from itertools import pairwise
from typing import Any

from spacy.attrs import IDS, IS_PUNCT, IS_SPACE, LENGTH, ORTH, SPACY
from spacy.strings import get_string_id
from spacy.tokens import Doc
from spacy.vocab import Vocab

from spanwise.pipelines.entities.compiled.tokenizer_program import tokenizer_spec
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.tokenizer_rules import Token, TokenizerRules
from spanwise.pipelines.kernels import constants

_COLUMNS, _NUMBER = 5, 3  # of a token in `Split`

Question = tuple[str, int]
"""A run or a whole text, and its mode (`MODE_...` in `kernels/spans/runs.h`)."""

Split = tuple[bytes, bytes]
"""For each question its number of tokens (int32); for each token its start, its length, the number of its norm, its
number among the words of exceptions, and whether a space follows (uint32)."""

Description = tuple[bytes, bytes]
"""For each word its flags (uint32), and its attributes and the answers to the rulers' questions (uint64)."""


class Lexemes:
    """Answers the kernels' questions about words: they call an instance as a function."""

    def __init__(
        self,
        vocab: Vocab,
        rules: TokenizerRules,
        attributes: Sequence[str],
        ends: frozenset[str] = frozenset(),
        *,
        answers: Sequence[Callable[[str], int]] = (),
    ) -> None:
        """Take the attributes of words that are described, by name, and what computes those without a name."""
        self.attributes = tuple(attributes)
        self._rules = rules
        self._ends = ends
        self._answers = tuple(answers)
        self._getters = [*(_getter(vocab, name) for name in self.attributes), *self._answers]
        self._norm_column = self.attributes.index("NORM") if "NORM" in self.attributes else None
        self._space_column = self.attributes.index("SPACY") if "SPACY" in self.attributes else None
        getters = attribute_getters(vocab)
        self._is_space = getters[IS_SPACE]
        self._is_punct = getters[IS_PUNCT]
        words = sorted({word for phrase in rules.phrases for word in phrase})
        self._number_shift = constants.EXCEPTION_WORD_SHIFT
        if len(words) >= 1 << self._number_shift:
            raise Unsupported("more words in exceptions of several tokens than can be numbered")
        self._numbers = {word: number for number, word in enumerate(words, 1)}
        found = sorted({token.norm for tokens in rules.exceptions.values() for token in tokens if token.norm})
        self._norm_numbers = {norm: number for number, norm in enumerate(found, 1)}
        self._changed: dict[str, list[int]] = {}
        self._changed_flags: dict[str, tuple[bool, bool]] = {}
        self._find_changed(vocab)

    @property
    def norm_column(self) -> int:
        """Which attribute is the norm, or -1."""
        return -1 if self._norm_column is None else self._norm_column

    @property
    def space_column(self) -> int:
        """Which attribute says whether a space follows, or -1."""
        return -1 if self._space_column is None else self._space_column

    @property
    def norms(self) -> bytes:
        """The attributes (uint64) of the norms that exceptions give, by their numbers."""
        return array("Q", map(get_string_id, self._norm_numbers)).tobytes()

    @property
    def tokenizer(self) -> tuple[Any, ...]:
        """The tokenizer as the kernels read it. Raises `Unsupported`: then they must be given `split`."""
        return tokenizer_spec(self._rules, tuple(self._numbers), self._norm_numbers)

    @property
    def pairs(self) -> bytes:
        """The pairs of words that follow one another in an exception: left << 16 | right, ascending (uint32)."""
        following = {pair for phrase in self._rules.phrases for pair in pairwise(phrase)}
        return array(
            "I", sorted(self._numbers[left] << self._number_shift | self._numbers[right] for left, right in following)
        ).tobytes()

    def __call__(self, words: Sequence[str]) -> Description:
        """Describe words, apart from what depends on their run or their exception."""
        flags, attributes = array("I"), array("Q")
        for word in words:
            flags.append(self._flags(word))
            attributes.extend(self._changed.get(word) or [getter(word) for getter in self._getters])
        return flags.tobytes(), attributes.tobytes()

    def split(self, questions: Sequence[Question]) -> Split:
        """Split runs and whole texts into tokens, in order."""
        counts, tokens = array("i"), array("I")
        norms, numbers = self._norm_numbers, self._numbers
        for string, mode in questions:
            found, spaces, first, last = self._tokenize(string, mode)
            counts.append(len(found))
            begin, start = len(tokens), 0
            for (text, norm), space in zip(found, spaces, strict=True):
                tokens.extend((start, len(text), norms[norm] if norm else 0, 0, space))
                start += len(text) + space
            if found:  # the run's first and last word may belong to a longer exception
                tokens[begin + _NUMBER] = numbers.get(first, 0)
                tokens[len(tokens) - _COLUMNS + _NUMBER] = numbers.get(last, 0)
        return counts.tobytes(), tokens.tobytes()

    def _tokenize(self, string: str, mode: int) -> tuple[Sequence[Token], list[bool], str, str]:
        if mode == constants.MODE_WHOLE_TEXT:
            return (*self._rules.tokenize(string), "", "")
        tokens, first, last = self._rules.tokenize_run(string)
        spaces = [False] * len(tokens)
        if mode == constants.MODE_SPACE_FOLLOWS and tokens:
            spaces[-1] = True
        return tokens, spaces, first, last

    def marks(self, text: str) -> tuple[bool, bool]:
        """Return whether a word is white space, and whether it is punctuation."""
        return self._changed_flags.get(text) or (bool(self._is_space(text)), bool(self._is_punct(text)))

    def _flags(self, text: str) -> int:
        space, punct = self._changed_flags.get(text) or (self._is_space(text), self._ends and self._is_punct(text))
        flags = constants.TOKEN_IS_SPACE if space else 0
        if self._ends:
            flags |= constants.TOKEN_IS_PUNCT if punct else 0
            flags |= constants.TOKEN_ENDS_SENTENCE if text in self._ends else 0
        return flags

    def _find_changed(self, vocab: Vocab) -> None:
        """Find the words of the vocabulary whose attributes somebody has set by hand."""
        words = [lexeme.text for lexeme in vocab]
        if not words:
            return
        columns = [*(IDS[name] for name in self.attributes), IS_SPACE, IS_PUNCT]
        for word, row in zip(words, Doc(vocab, words=words).to_array(columns).tolist(), strict=True):
            *values, space, punct = row
            expected = [getter(word) for getter in self._getters[: len(self.attributes)]]
            if self._space_column is not None:
                values[self._space_column] = expected[self._space_column]
            if values != expected:
                self._changed[word] = [*values, *(answer(word) for answer in self._answers)]
            if (bool(space), bool(punct)) != (bool(self._is_space(word)), bool(self._is_punct(word))):
                self._changed_flags[word] = bool(space), bool(punct)


def attribute_getters(vocab: Any) -> dict[int, Callable[[str], Any]]:
    """Return the functions that compute a word's lexical attributes, by attribute."""
    getters: dict[int, Callable[[str], Any]] = vocab.lex_attr_getters
    return getters


def _getter(vocab: Vocab, name: str) -> Callable[[str], int]:
    """Return the function that computes an attribute of a word as `Doc.to_array` gives it. Raises `Unsupported`."""
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


STRINGS = frozenset({"LOWER", "NORM", "ORTH", "PREFIX", "SHAPE", "SUFFIX"})
"""Attributes of a word that are strings; the others are numbers."""


def value_getter(getters: Mapping[int, Callable[[str], Any]], name: str) -> Callable[[str], str | int]:
    """Return the function that computes an attribute of a word as a string or a number. Raises `Unsupported`.

    `getters`: those of a vocabulary (`attribute_getters`).
    """
    if name == "ORTH":
        return str
    if name == "LENGTH":
        return len
    compute = getters.get(IDS[name])
    if compute is None:
        raise Unsupported(f"a pattern over {name}, which the vocabulary does not know")
    return compute if name in STRINGS else lambda word: int(bool(compute(word)))


def check_vocabulary(vocab: Vocab, names: Sequence[str]) -> None:
    """Raise `Unsupported` if somebody has set one of these attributes of a word of the vocabulary by hand."""
    words = [lexeme.text for lexeme in vocab]
    if not words or not names:
        return
    rows = Doc(vocab, words=words).to_array([IDS[name] for name in names]).reshape(len(words), len(names))
    for name, column in zip(names, rows.T.tolist(), strict=True):
        compute = value_getter(attribute_getters(vocab), name)
        if [string_id(value) if isinstance(value := compute(word), str) else value for word in words] != column:
            raise Unsupported(f"a word whose {name} was set by hand")


@lru_cache(maxsize=1 << 14)
def string_id(string: str) -> int:
    """Return spaCy's number of a string. Prefixes, suffixes and shapes come again and again, so the number is kept."""
    return get_string_id(string)
