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
from spacy.vocab import Vocab

from spanwise.pipelines.entities.compiled.parser import Parse
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

_POS = {name: int(number) for name, number in IDS.items()}
"""spaCy's numbers, as plain integers: its enumeration is slow to compare."""
_POS_NAMES: dict[int, str] = {number: name for name, number in _POS.items()}

CHAINED = frozenset({"el", "en", "es", "fa", "fr", "ht", "id", "it", "ms", "nb", "pt", "sv"})
"""Languages whose rules read the head of a token for one thing: the end of a chain of conjuncts.

Step by step that takes a time that grows with the square of a chain, and a hostile text is one chain.
"""

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
        module = vocab.get_noun_chunks.__module__
        if not module.startswith("spacy.lang."):
            raise Unsupported("noun chunks by rules that are not spaCy's")
        self._rules: Rules = vocab.get_noun_chunks
        self._vocab = Vocab()  # the rules ask it for the labels alone, so that the pipeline's own need not be kept
        self._deps = [self._vocab.strings.add(label) for label in labels]
        self._conjunct = self._vocab.strings.add("conj") if module.split(".")[2] in CHAINED else None

    def of(self, parse: Parse, pos: Sequence[str], marks: bytes) -> list[TokenChunk]:
        """Return the noun chunks of a text.

        `pos` is the part of speech of each token, "" for none. `marks` has a byte for each token, not 0 for white space
        and punctuation, on which no others hang where there is a better token. Raises what spaCy's rules raise: those
        of Dutch a ValueError where no token has a part of speech.
        """
        if not parse.heads:
            return []
        deps = [self._deps[label] for label in parse.labels]
        heads = parse.heads if self._conjunct is None else _chain_ends(parse.heads, deps, self._conjunct)
        tree = _Tree(self._vocab, parse, heads, deps, [_POS[name] for name in pos])
        roots = _Roots(parse, marks)
        found = [TokenChunk(start, end, roots.of(start, end)) for start, end, _ in self._rules(tree)]
        tree.tokens.clear()  # they refer to the tree, which would leave it to the garbage collector
        return found


class _Tree:
    """Stands in for a Doc."""

    __slots__ = ("_children", "_parse", "heads", "left_edges", "right_edges", "tokens", "vocab")

    def __init__(self, vocab: Any, parse: Parse, heads: list[int], deps: list[int], pos: list[int]) -> None:
        self.vocab = vocab
        self.heads = heads
        self._parse = parse
        self._children: list[list[_Token]] = []
        self.left_edges = parse.left_edges
        self.right_edges = parse.right_edges
        self.tokens = list(map(_Token, repeat(self), range(len(pos)), deps, pos))

    @property
    def doc(self) -> "_Tree":
        return self

    @property
    def children(self) -> "list[list[_Token]]":
        """For each token those that hang on it, in order."""
        if not self._children:
            self._children = [[] for _ in self.tokens]
            for token, head in zip(self.tokens, self._parse.heads, strict=True):
                if token.i != head:
                    self._children[head].append(token)
        return self._children

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
        return (token for token in self.children if token.i < self.i)

    @property
    def rights(self) -> Iterator["_Token"]:
        return (token for token in self.children if token.i > self.i)

    @property
    def children(self) -> Iterator["_Token"]:
        return iter(self._tree.children[self.i])

    @property
    def subtree(self) -> Iterator["_Token"]:
        waiting = [(self, False)]
        while waiting:
            token, is_open = waiting.pop()
            if is_open:
                yield token
                continue
            waiting += [(child, False) for child in reversed(list(token.rights))]
            waiting.append((token, True))
            waiting += [(child, False) for child in reversed(list(token.lefts))]


def _chain_ends(heads: list[int], deps: list[int], conjunct: int) -> list[int]:
    """Return for each token the head at which the rules of `CHAINED` languages stop who start from its own.

    They go from head to head while that is a conjunct with a head of its own before it.
    """
    ends = heads.copy()
    for token, head in enumerate(heads):  # a head before its token has been followed already
        if head < token and deps[head] == conjunct and heads[head] < head:
            ends[token] = ends[head]
    return ends


class _Roots:
    """The roots of spans: the token of each with the shortest way to a root, of several the first (`Span.root`)."""

    def __init__(self, parse: Parse, marks: bytes) -> None:
        self._parse = parse
        self._marks = marks
        self._depths: list[int] = []

    def of(self, start: int, end: int) -> int:
        heads = self._parse.heads
        hung_outside = []
        for i in range(start, end):
            if heads[i] == i:
                return i
            if not start <= heads[i] < end:
                hung_outside.append(i)
        if len(hung_outside) == 1:
            return hung_outside[0]
        return min(hung_outside, key=self._steps, default=start)  # none in an empty span

    def _steps(self, token: int) -> int:
        parse = self._parse
        if self._marks[token] and parse.left_edges[token] == parse.right_edges[token]:
            return len(parse.heads) - 1
        if not self._depths:
            self._depths = _depths(parse.heads)
        return self._depths[token]


def _depths(heads: list[int]) -> list[int]:
    """Return for each token the number of steps from head to head up to a root."""
    depths = [0 if head == token else -1 for token, head in enumerate(heads)]
    for token in range(len(heads)):
        way = []
        while depths[token] < 0:
            way.append(token)
            token = heads[token]  # noqa: PLW2901 - up the tree
        for steps, passed in enumerate(reversed(way), depths[token] + 1):
            depths[passed] = steps
    return depths
