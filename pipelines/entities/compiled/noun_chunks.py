"""Base noun phrases from trees and parts of speech, by spaCy's own rules and without a `Doc`.

Each language of spaCy has a function of its own for them (`spacy/lang/*/syntax_iterators.py`), which walks the tokens
of a Doc. Here these functions walk stand-ins for Doc and Token, which have what they read and nothing else: so every
language's rules are spaCy's to the letter, no word enters the vocabulary, and a text costs less than by a Doc.
"""

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import repeat
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.parts_of_speech import IDS

from spanwise.pipelines.entities.compiled.parser import Parse
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

_POS = {name: int(number) for name, number in IDS.items()}
"""spaCy's numbers, as plain integers: its enumeration is slow to compare."""
_POS_NAMES: dict[int, str] = {number: name for name, number in _POS.items()}

Rules = Callable[[Any], Iterable[tuple[int, int, int]]]


class TokenChunk(NamedTuple):
    """A base noun phrase: tokens from `start` up to, without, `end`, and the one that the others hang on."""

    start: int
    end: int
    root: int


class NounChunks:
    """The noun chunks of a pipeline's language."""

    def __init__(self, nlp: Language, labels: Sequence[str]) -> None:
        """Take the rules of the pipeline's language. `labels` are what the labels of a `Parse` are indexes of.

        Raises `Unsupported` for a language without rules, and for rules of the user's own, which may read anything.
        """
        vocab: Any = nlp.vocab
        if vocab.get_noun_chunks is None:
            raise Unsupported(f"noun chunks of the language {nlp.lang!r}")
        if not vocab.get_noun_chunks.__module__.startswith("spacy.lang."):
            raise Unsupported("noun chunks by rules that are not spaCy's")
        self._rules: Rules = vocab.get_noun_chunks
        self._vocab = vocab
        self._deps = [nlp.vocab.strings.add(label) for label in labels]

    def of(self, parse: Parse, pos: Sequence[str], marks: bytes) -> list[TokenChunk]:
        """Return the noun chunks of a text.

        `pos` is the part of speech of each token, "" for none. `marks` has a byte for each token, not 0 for white space
        and punctuation, on which no others hang where there is a better token. Raises what spaCy's rules raise: those
        of Dutch a ValueError where no token has a part of speech.
        """
        if not parse.heads:
            return []
        deps = [self._deps[label] for label in parse.labels]
        tree = _Tree(self._vocab, parse, deps, [_POS[name] for name in pos])
        found = [TokenChunk(start, end, _root(parse, marks, start, end)) for start, end, _ in self._rules(tree)]
        tree.tokens.clear()  # they refer to the tree, which would leave it to the garbage collector
        return found


class _Tree:
    """Stands in for a Doc."""

    __slots__ = ("heads", "left_edges", "right_edges", "tokens", "vocab")

    def __init__(self, vocab: Any, parse: Parse, deps: list[int], pos: list[int]) -> None:
        self.vocab = vocab
        self.heads = parse.heads
        self.left_edges = parse.left_edges
        self.right_edges = parse.right_edges
        self.tokens = list(map(_Token, repeat(self), range(len(pos)), deps, pos))

    @property
    def doc(self) -> "_Tree":
        return self

    def has_annotation(self, attribute: str) -> bool:
        return attribute == "DEP" or (attribute == "POS" and any(token.pos for token in self.tokens))

    def __len__(self) -> int:
        return len(self.tokens)

    def __iter__(self) -> Iterator["_Token"]:
        return iter(self.tokens)

    def __getitem__(self, i: int) -> "_Token":
        return self.tokens[i]


class _Token:
    """Stands in for a Token. `dep` and `pos` are spaCy's numbers."""

    __slots__ = ("_tree", "dep", "i", "pos")

    def __init__(self, tree: _Tree, i: int, dep: int, pos: int) -> None:
        self._tree = tree
        self.i = i
        self.dep = dep
        self.pos = pos

    @property
    def dep_(self) -> str:
        return str(self._tree.vocab.strings[self.dep])

    @property
    def pos_(self) -> str:
        return _POS_NAMES[self.pos]

    @property
    def head(self) -> "_Token":
        return self._tree.tokens[self._tree.heads[self.i]]

    @property
    def left_edge(self) -> "_Token":
        return self._tree.tokens[self._tree.left_edges[self.i]]

    @property
    def right_edge(self) -> "_Token":
        return self._tree.tokens[self._tree.right_edges[self.i]]

    @property
    def lefts(self) -> Iterator["_Token"]:
        return self._among(range(self._tree.left_edges[self.i], self.i))

    @property
    def rights(self) -> Iterator["_Token"]:
        return self._among(range(self.i + 1, self._tree.right_edges[self.i] + 1))

    @property
    def children(self) -> Iterator["_Token"]:
        yield from self.lefts
        yield from self.rights

    @property
    def subtree(self) -> Iterator["_Token"]:
        for token in self.lefts:
            yield from token.subtree
        yield self
        for token in self.rights:
            yield from token.subtree

    def _among(self, places: range) -> Iterator["_Token"]:
        tree = self._tree
        return (tree.tokens[i] for i in places if tree.heads[i] == self.i)


def _root(parse: Parse, marks: bytes, start: int, end: int) -> int:
    """Return the token of a span with the shortest way to a root; of several the first (`Span.root`)."""
    heads = parse.heads
    best, shortest = start, len(heads)
    for i in range(start, end):
        if heads[i] == i:
            return i
    for i in range(start, end):
        if not start <= heads[i] < end and (steps := _steps_to_root(parse, marks, i)) < shortest:
            best, shortest = i, steps
    return best


def _steps_to_root(parse: Parse, marks: bytes, token: int) -> int:
    heads = parse.heads
    if marks[token] and parse.left_edges[token] == parse.right_edges[token]:
        return len(heads) - 1
    steps = 0
    while heads[token] != token:
        token = heads[token]
        steps += 1
    return steps
