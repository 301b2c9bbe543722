"""Hold the tables of a lemmatizer in a few arrays: spaCy's dictionaries of strings take five times as much.

`compact` returns a stand-in for a lemmatizer's `Lookups`, with the same answers. The French tables take 25 MB in place
of 126. A list of words that spaCy searches from its beginning for each question becomes a table as well: the 57,528
English nouns were searched for each possible form of a new word. Words are told apart by spaCy's numbers of them (64
bits of a hash), as in spaCy's own tables. Tables of another form, such as those of rules, are left as they are.
"""

from array import array
from bisect import bisect_left
from collections.abc import Iterable, Mapping, Sequence
from itertools import accumulate
from typing import Any

from spacy.lookups import Lookups, Table
from spacy.strings import get_string_id

_FEWEST = 100
"""Words of the smallest table that is worth it."""
_BETWEEN = "\0"
"""Separates the lemmas of a word."""


class _Numbers:
    """A set of words, each by spaCy's number of it, in order."""

    def __init__(self, numbers: Iterable[int]) -> None:
        self._numbers = array("Q", sorted(numbers))

    def place(self, word: str | int) -> int:
        """Return the place of a word among all, or -1."""
        number = get_string_id(word)
        place = bisect_left(self._numbers, number)
        return place if place < len(self._numbers) and self._numbers[place] == number else -1

    def __contains__(self, word: str | int) -> bool:
        return self.place(word) >= 0

    def __len__(self) -> int:
        return len(self._numbers)


class LemmaTable:
    """The lemma or the lemmas of each word, as one string of UTF-8 and where each word's part of it begins."""

    def __init__(self, lemmas: Mapping[int, str | Sequence[str]]) -> None:
        """Take lemmas by the numbers of words: one string for each, or a list of strings for each."""
        self._words = _Numbers(lemmas)
        self._is_list = not isinstance(next(iter(lemmas.values())), str)
        ordered = [lemmas[number] for number in sorted(lemmas)]
        joined = [(one if isinstance(one, str) else _BETWEEN.join(one)).encode() for one in ordered]
        self._starts = array("I", accumulate(map(len, joined), initial=0))
        self._utf8 = b"".join(joined)

    def get(self, word: str | int, default: Any = None) -> Any:
        """Return what a dictionary would."""
        if (place := self._words.place(word)) < 0:
            return default
        found = self._utf8[self._starts[place] : self._starts[place + 1]].decode()
        return found.split(_BETWEEN) if self._is_list else found

    def __getitem__(self, word: str | int) -> Any:
        if (found := self.get(word)) is None:
            raise KeyError(word)
        return found

    def __contains__(self, word: str | int) -> bool:
        return word in self._words

    def __len__(self) -> int:
        return len(self._words)


def compact(lookups: Lookups) -> Lookups:
    """Return the same tables, the large ones of words in arrays."""
    found = Lookups()
    for name in lookups.tables:
        table: Any = lookups.get_table(name)
        if (words := _compact(table)) is not table:
            found.set_table(name, words)
            continue
        parts = {key: _compact(value) for key, value in table.items()}
        if any(parts[key] is not value for key, value in table.items()):
            table = Table(name=name, data=parts)
        found.set_table(name, table)
    return found


def _compact(words: Any) -> Any:
    """Return the same words in arrays, where they are many and of a known form."""
    if not isinstance(words, Mapping | list | set | frozenset) or len(words) < _FEWEST:
        return words
    if not isinstance(words, Mapping):
        return _Numbers({get_string_id(word) for word in words}) if all(isinstance(w, str) for w in words) else words
    values = list(words.values())
    if all(isinstance(value, str) for value in values):
        strings = values
    elif all(isinstance(value, list) and value and all(isinstance(one, str) for one in value) for value in values):
        strings = [one for value in values for one in value]
    else:
        return words
    if any(_BETWEEN in string for string in strings):
        return words
    return LemmaTable({get_string_id(word): value for word, value in words.items()})
