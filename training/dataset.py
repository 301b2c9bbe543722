"""Texts as numbers. Every distinct token is a *type*; a type has a row in the vocabulary, or only its n-grams.

A text is a list of sentences, a sentence is tokens, and some stretches of tokens are names (persons, places, groups,
works) that training may swap for others of their kind.
"""

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES
from spanwise.pipelines.sentiment.reference_model import ngram_buckets
from spanwise.pipelines.sentiment.tokens import EMOTICONS, STRETCHED, tokenize, unstretched
from training.alike import read_alike

Ints = NDArray[np.int32]

KINDS = {"PERSON": 0, "ORG": 1, "GPE": 2, "LOC": 2, "FAC": 2, "NORP": 3, "WORK_OF_ART": 4, "PRODUCT": 1}
"""The kinds of names that are swapped among themselves, by the pipeline's labels."""


@dataclass
class Types:
    """Distinct tokens, numbered as they are met."""

    numbers: dict[str, int] = field(default_factory=dict)
    counts: Counter[int] = field(default_factory=Counter)
    plain: set[int] = field(default_factory=set)
    """Those that were met without being stretched."""

    def number(self, key: str, *, is_stretched: bool = False) -> int:
        """The number of a token's key."""
        number = self.numbers.setdefault(key, len(self.numbers))
        if not is_stretched:
            self.plain.add(number)
        return number


@dataclass
class Sentence:
    """Types and flags of its tokens, [tokens], and its names: (first token, end, kind)."""

    types: Ints
    flags: Ints
    names: list[tuple[int, int, int]]


@dataclass
class Example:
    """A text with the probabilities that it is to get; `weight` says how much it counts; `pair`: two classes only."""

    sentences: list[Sentence]
    wanted: tuple[float, float, float]
    weight: float = 1.0
    pair: bool = False


@dataclass
class TargetExample:
    """A sentence around a target: `sentence.types[first:end]` is the target, never among the sentence's names."""

    sentence: Sentence
    first: int
    end: int
    wanted: tuple[float, float, float]
    weight: float = 1.0


class Reader:
    """Cuts texts into sentences and finds their names with the default pipeline, as the service does."""

    def __init__(self, analyzer: Analyzer, types: Types) -> None:
        self._analyzer, self.types = analyzer, types

    def read(self, texts: Sequence[str], *, whole: bool = False) -> list[list[Sentence]]:
        """The sentences of each text, those without tokens left out; `whole`: each text is one sentence."""
        result = []
        for first in range(0, len(texts), 256):
            part = texts[first : first + 256]
            for text, found in zip(part, self._annotate(part), strict=True):
                spans = [(0, len(text))] if whole else found.sentences or [(0, len(text))]
                names = [(e.start, e.end, KINDS[e.label]) for e in found.entities if e.label in KINDS]
                sentences = (self.sentence(text, start, end, names) for start, end in spans)
                result.append([s for s in sentences if len(s.types)])
        return result

    def _annotate(self, texts: Sequence[str]):  # type: ignore[no-untyped-def]
        return self._analyzer.engine.annotate(list(texts), [ENTITIES_AND_SENTENCES] * len(texts))

    def spans(self, texts: Sequence[str]) -> list[list[tuple[int, int]]]:
        """The sentences of each text, as spans in code points."""
        parts = (texts[first : first + 256] for first in range(0, len(texts), 256))
        return [[(s[0], s[1]) for s in found.sentences] for part in parts for found in self._annotate(part)]

    def names(self, texts: Sequence[str]) -> list[list[tuple[int, int, int, int, int]]]:
        """The names of each text, as (start, end, kind, sentence start, sentence end), in code points."""
        result = []
        for first in range(0, len(texts), 256):
            part = texts[first : first + 256]
            for found in self._annotate(part):
                rows = []
                for entity in found.entities:
                    around = [s for s in found.sentences if s[0] <= entity.start < s[1]]
                    if entity.label in KINDS and around and entity.end <= around[0][1]:
                        rows.append((entity.start, entity.end, KINDS[entity.label], around[0][0], around[0][1]))
                result.append(rows)
        return result

    def sentence(self, text: str, start: int, end: int, names: Iterable[tuple[int, int, int]] = ()) -> Sentence:
        """`text[start:end]` as tokens; `names` are in code points of the text."""
        tokens = tokenize(text[start:end])
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

    def read_with_names(self, texts: Sequence[str]) -> list[tuple[list[tuple[int, int]], list[tuple[int, int, int]]]]:
        """Of each text: the spans of its sentences, and its names (start, end, kind), all in code points."""
        result = []
        for first in range(0, len(texts), 256):
            for found in self._annotate(texts[first : first + 256]):
                names = [(e.start, e.end, KINDS[e.label]) for e in found.entities if e.label in KINDS]
                result.append(([(s[0], s[1]) for s in found.sentences], names))
        return result

    def target(
        self, text: str, start: int, end: int, sentence: tuple[int, int], names: Iterable[tuple[int, int, int]] = ()
    ) -> tuple[Sentence, int, int] | None:
        """A target's sentence, and the tokens that the target covers; None where it covers none."""
        tokens = tokenize(text[sentence[0] : sentence[1]])
        inside = [i for i, t in enumerate(tokens) if t.start + sentence[0] < end and t.end + sentence[0] > start]
        if not inside:
            return None
        return self.sentence(text, *sentence, names), inside[0], inside[-1] + 1


@dataclass(frozen=True)
class Vocabulary:
    """`rows`[types]: the row of each type in the vocabulary, -1 where it has none. `ngrams`: bucket numbers of all
    types one after the other, those of type i in `ngrams[starts[i]:starts[i + 1]]`.
    """

    keys: list[str]
    rows: Ints
    ngrams: Ints
    starts: Ints


def build_vocabulary(types: Types, always: Iterable[str], size: int, buckets: int) -> Vocabulary:
    """The most frequent types and what must always be there, such as emoticons and the words of a lexicon.

    Words that are read alike have one row and the same n-grams; so have stretched words and what they were.
    """
    alike = read_alike()
    must = dict.fromkeys([*EMOTICONS, *always, *alike])
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
    found = [ngram_buckets(name, buckets) for name in stands_for]
    starts = np.cumsum([0, *map(len, found)]).astype(np.int32)
    return Vocabulary(keys, rows, np.concatenate(found).astype(np.int32), starts)


def _known(name: str, is_plain: bool, places: Mapping[str, int]) -> str:
    """The word itself; for one that was only ever met stretched, what it was."""
    if is_plain:
        return name
    return next((known for known in unstretched(name) if known in places), name)
