"""Texts as numbers. Every distinct token is a *type*; a type has a row in the vocabulary, or only its n-grams.

A text is a list of sentences and a sentence is a list of tokens. Some stretches of tokens are names (of persons,
places, groups, works) that training may swap for other names of their kind.
"""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES, Annotations
from spanwise.pipelines.sentiment.reference_model import ngram_buckets
from spanwise.pipelines.sentiment.tokens import EMOTICONS, STRETCHED, sentence_tokens, unstretched
from training.alike import read_alike
from training.names import GROUP, ORGANIZATION, PERSON, PLACE, WORK
from training.symbols import ratings, symbols, words_of

Ints = NDArray[np.int32]

KINDS = {
    "PERSON": PERSON,
    "ORG": ORGANIZATION,
    "GPE": PLACE,
    "LOC": PLACE,
    "FAC": PLACE,
    "NORP": GROUP,
    "WORK_OF_ART": WORK,
    "PRODUCT": ORGANIZATION,
}
"""The kind of name that each of the pipeline's labels stands for. Training swaps names within a kind."""

_AT_ONCE = 256  # texts


@dataclass
class Types:
    """Distinct tokens, numbered in the order in which they are first read."""

    numbers: dict[str, int] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    plain: set[int] = field(default_factory=set)
    """The types that were read at least once without a stretched letter."""

    def number(self, key: str, *, is_stretched: bool = False) -> int:
        """Return the number of a token's key, a new one for a new key."""
        number = self.numbers.setdefault(key, len(self.numbers))
        if not is_stretched:
            self.plain.add(number)
        return number


@dataclass
class Sentence:
    """The types and flags of a sentence's tokens, [tokens], and its names as (first token, end, kind)."""

    types: Ints
    flags: Ints
    names: list[tuple[int, int, int]]


@dataclass
class Example:
    """A text and the probabilities that the student should give it.

    `weight` is its weight in the loss. A `pair` comes from a corpus that knows only negative and positive.
    """

    sentences: list[Sentence]
    wanted: tuple[float, float, float]
    weight: float = 1.0
    pair: bool = False


@dataclass
class TargetExample:
    """A sentence around a target, which is `sentence.types[first:end]` and never one of the sentence's names."""

    sentence: Sentence
    first: int
    end: int
    wanted: tuple[float, float, float]
    weight: float = 1.0


class Reader:
    """A reader that finds sentences and names with the default pipeline, as the service does."""

    def __init__(self, analyzer: Analyzer, types: Types) -> None:
        self._analyzer, self.types = analyzer, types

    def read(self, texts: Sequence[str], *, whole: bool = False) -> list[list[Sentence]]:
        """Return the sentences of each text that have tokens; with `whole`, each text is one sentence."""
        result = []
        for text, (spans, names) in zip(texts, self.spans_and_names(texts), strict=True):
            chosen = [(0, len(text))] if whole else spans or [(0, len(text))]
            sentences = (self.sentence(text, start, end, names) for start, end in chosen)
            result.append([s for s in sentences if len(s.types)])
        return result

    def _annotated(self, texts: Sequence[str]) -> Iterator[Annotations]:
        for first in range(0, len(texts), _AT_ONCE):
            part = list(texts[first : first + _AT_ONCE])
            yield from self._analyzer.engine.annotate(part, [ENTITIES_AND_SENTENCES] * len(part))

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """Return the sentences of each text, as spans in code points."""
        return [spans for spans, _ in self.spans_and_names(texts)]

    def names(self, texts: Sequence[str]) -> list[list[tuple[int, int, int, int, int]]]:
        """Return each text's names that lie in one sentence.

        A name is (start, end, kind, sentence start, sentence end), in code points.
        """
        result = []
        for spans, names in self.spans_and_names(texts):
            rows = []
            for start, end, kind in names:
                around = [span for span in spans if span[0] <= start < span[1]]
                if around and end <= around[0][1]:
                    rows.append((start, end, kind, *around[0]))
            result.append(rows)
        return result

    def sentence(self, text: str, start: int, end: int, names: Iterable[tuple[int, int, int]] = ()) -> Sentence:
        """Cut `text[start:end]` into tokens; `names` are in code points of the text."""
        tokens = sentence_tokens(text[start:end])
        types = [self.types.number(token.key, is_stretched=bool(token.flags & STRETCHED)) for token in tokens]
        self.types.counts.update(types)
        spans = []
        for name_start, name_end, kind in names:
            if start <= name_start and name_end <= end:
                inside = [i for i, t in enumerate(tokens) if t.start + start < name_end and t.end + start > name_start]
                if inside:
                    spans.append((inside[0], inside[-1] + 1, kind))
        flags = np.array([token.flags for token in tokens], dtype=np.int32)
        return Sentence(np.array(types, dtype=np.int32), flags, spans)

    def spans_and_names(
        self, texts: Sequence[str]
    ) -> Iterator[tuple[list[tuple[int, int]], list[tuple[int, int, int]]]]:
        """Yield for each text the spans of its sentences and its names (start, end, kind), all in code points."""
        for found in self._annotated(texts):
            names = [(e.start, e.end, KINDS[e.label]) for e in found.entities if e.label in KINDS]
            yield [(s[0], s[1]) for s in found.sentences], names

    def target(
        self, text: str, start: int, end: int, sentence: tuple[int, int], names: Iterable[tuple[int, int, int]] = ()
    ) -> tuple[Sentence, int, int] | None:
        """Return a target's sentence with the first token and the end of the target, or None if it covers no token."""
        tokens = sentence_tokens(text[sentence[0] : sentence[1]])
        inside = [i for i, t in enumerate(tokens) if t.start + sentence[0] < end and t.end + sentence[0] > start]
        if not inside:
            return None
        return self.sentence(text, *sentence, names), inside[0], inside[-1] + 1


@dataclass(frozen=True)
class Vocabulary:
    """The words with a row of their own, and the n-grams of all types.

    `rows` [types] is the row of each type in the vocabulary, -1 for a type without one. `ngrams` holds the bucket
    numbers of all types one after the other; `ngrams[starts[i]:starts[i + 1]]` are those of type i. `counts` [words]
    says how often training reads each word.
    """

    keys: list[str]
    rows: Ints
    ngrams: Ints
    starts: Ints
    counts: Ints


def build_vocabulary(types: Types, always: Iterable[str], size: int, buckets: int) -> Vocabulary:
    """Build a vocabulary: emoticons, symbols, ratings, the words of `always`, and up to `size` the most frequent types.

    Words that are alike share one row and their n-grams, and so do a stretched word and the word that it stretches.
    """
    alike = read_alike()
    must = dict.fromkeys([*EMOTICONS, *symbols(), *ratings(), *always, *alike])
    for key in must:
        types.number(key)
    names = list(types.numbers)
    frequent = (names[i] for i, count in types.counts.most_common() if count > 1 and i in types.plain)
    chosen = dict.fromkeys(must)
    for key in frequent:
        if len(chosen) >= size:
            break
        chosen.setdefault(key)
    keys = sorted(chosen)
    places = {key: row for row, key in enumerate(keys)}
    stands_for = [alike.get(name) or _known(name, number in types.plain, places) for number, name in enumerate(names)]
    rows = np.array([places.get(name, -1) for name in stands_for], dtype=np.int32)
    found = [
        [b for word in words_of(name).split() or [name] for b in ngram_buckets(word, buckets)] for name in stands_for
    ]
    starts = np.cumsum([0, *map(len, found)]).astype(np.int32)
    counts = np.zeros(len(keys), dtype=np.int32)
    for number, row in enumerate(rows):
        if row >= 0:
            counts[row] += types.counts[number]
    return Vocabulary(keys, rows, np.concatenate(found).astype(np.int32), starts, counts)


def _known(name: str, is_plain: bool, places: Mapping[str, int]) -> str:
    """Return the word itself or, for one that was only read with stretched letters, the known word behind it."""
    if is_plain:
        return name
    return next((known for known in unstretched(name) if known in places), name)
