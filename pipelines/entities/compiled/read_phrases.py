"""Phrases of rulers as numbers, read beside spaCy's matchers (`ruler_files.py`), and what splits them into tokens.

What is compared of a phrase is an attribute of its tokens. spaCy's tokenizer makes a Doc of each phrase and a lexeme of
each word to say so; the kernels' tokenizer, which is compared with it on the first phrases, makes neither.
"""

import sys
from array import array
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import chain
from typing import Any, NamedTuple

import numpy as np
from spacy.attrs import NAMES
from spacy.language import Language

from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import SpanKernels

_WORDS_KEPT = 1 << 16
_LEXICON_BYTES = 1 << 16
_BY_OCCASION = frozenset({"NORM", "SPACY"})  # an exception or what follows decides

Split = Callable[[str], list[int]]
"""Gives the values of an attribute of a phrase's tokens."""


class Key(NamedTuple):
    """What the matcher calls phrases, their label and id, and the label that the ruler lists."""

    string: str
    label: str
    id: str | None
    shown: str


@dataclass(slots=True)
class ReadPhrases:
    """The phrases of a ruler in the order of its file, packed: 16 bytes each, 8 for each token, and the characters."""

    attribute: int
    """What is compared of their tokens, by its number in `spacy.attrs`."""
    others: list[Any] = field(default_factory=list)
    """What else the ruler's file has, for spaCy: token patterns, and phrases without tokens."""
    firsts: list[int] = field(default_factory=list)
    """The places of the first phrase of each label."""
    keys: dict[Key, int] = field(default_factory=dict)
    """The keys, numbered."""
    named: dict[str, tuple[str, str]] = field(default_factory=dict)
    """The label and the id of each key that has an id. Several may make one key: the last one in the file counts."""
    values: "array[int]" = field(default_factory=lambda: array("Q"))
    lengths: "array[int]" = field(default_factory=lambda: array("I"))
    of_keys: "array[int]" = field(default_factory=lambda: array("I"))
    """The number of each phrase's key."""
    _texts: bytearray = field(default_factory=bytearray)
    _ends: "array[int]" = field(default_factory=lambda: array("Q", [0]))

    def __len__(self) -> int:
        return len(self.lengths)

    def add(self, key: Key, text: str, values: Sequence[int]) -> None:
        """Add a phrase with the values of its tokens."""
        self.values.extend(values)
        self.lengths.append(len(values))
        self.of_keys.append(self.keys.setdefault(key, len(self.keys)))
        self.name(key)
        self._texts += text.encode("utf-8", "surrogatepass")
        self._ends.append(len(self._texts))

    def name(self, key: Key) -> None:
        """Note what a key says."""
        if key.id:
            self.named[key.string] = key.label, key.id

    @property
    def own(self) -> list[Any]:
        """What goes on to spaCy in any case: so that a ruler lists all of its labels, a phrase of each is there."""
        return [*self.others, *self.entries(self.firsts)]

    def text(self, place: int) -> str:
        """Return a phrase as it is in the file."""
        return self._texts[self._ends[place] : self._ends[place + 1]].decode("utf-8", "surrogatepass")

    def entries(self, places: Iterable[int]) -> list[dict[str, str]]:
        """Return phrases as `add_patterns` takes them."""
        keys = list(self.keys)
        found = []
        for place in places:
            key = keys[self.of_keys[place]]
            found.append({"label": key.label, "pattern": self.text(place)} | ({"id": key.id} if key.id else {}))
        return found

    def found_in(self, texts: Sequence[Sequence[int]]) -> list[int]:
        """Return the places of the phrases that one of these texts has, by the values of its tokens."""
        lengths = np.array(self.lengths, dtype=np.int64)
        known = np.isin(np.array(self.values, dtype=np.uint64), np.unique(np.fromiter(chain(*texts), dtype=np.uint64)))
        ends = np.cumsum(lengths)
        counts = np.concatenate([[0], np.cumsum(known)])
        candidates = np.flatnonzero(counts[ends] - counts[ends - lengths] == lengths)
        parts = {
            tuple(text[first : first + length])
            for length in np.unique(lengths[candidates]).tolist()
            for text in texts
            for first in range(len(text) - length + 1)
        }
        return [
            place
            for place in candidates.tolist()
            if tuple(self.values[ends[place] - lengths[place] : ends[place]]) in parts
        ]


class PhraseSplitter:
    """Gives the values of an attribute of phrases' tokens: at first by spaCy, then by the kernels if they agree."""

    def __init__(self, nlp: Language, attribute: int) -> None:
        self._nlp = nlp
        self._attribute = attribute
        self._is_new = True
        self._compared: tuple[Sequence[str], list[list[int]]] | None = None
        self._by_kernels: Split | None = None

    def __call__(self, texts: Sequence[str]) -> list[list[int]]:
        """Split some phrases. The memory of their tokens is freed."""
        if self._compared:
            (first, expected), self._compared = self._compared, None
            by_kernels = _by_kernels(self._nlp, self._attribute)
            if by_kernels and [by_kernels(text) for text in first] == expected:
                self._by_kernels = by_kernels
        if self._by_kernels:
            return [self._by_kernels(text) for text in texts]
        with self._nlp.memory_zone():
            found = [self._nlp.make_doc(text).to_array(self._attribute).tolist() for text in texts]
        if self._is_new:
            self._is_new, self._compared = False, (texts, found)
        return found


def _by_kernels(nlp: Language, attribute: int) -> Split | None:
    """Return what splits a phrase by the kernels' tokenizer; None where they do not know the tokenizer or attribute."""
    name = str(NAMES[attribute])
    if SpanKernels is None or name in _BY_OCCASION:
        return None
    try:
        reading = TokenizerReading(nlp.tokenizer)
        lexemes = Lexemes(nlp.vocab, reading.rules, (name,))
        tokenizer, reason = reading.spec(lexemes)
    except Unsupported:
        return None
    if reason:
        return None
    kernels = SpanKernels(
        columns=1,
        statics=None,
        entities=None,
        sentences="rules",
        categories=(),
        pairs=lexemes.pairs,
        lexicon_bytes=_LEXICON_BYTES,
        tokenizer=tokenizer,
        norms=lexemes.norms,
        norm_column=lexemes.norm_column,
        space_column=lexemes.space_column,
    )

    @lru_cache(maxsize=_WORDS_KEPT)
    def value_of(word: str) -> int:
        _, attributes = lexemes((word,))
        return int.from_bytes(attributes, sys.byteorder)

    return lambda text: [value_of(text[start:end]) for start, end, *_ in kernels.tokenize(text)]
