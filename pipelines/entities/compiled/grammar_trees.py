"""Compile a pipeline's parser beside the rest of its grammar: labels of tokens, sentences and noun chunks from trees.

A parser needs the vectors of a tok2vec, which the kernels of tokens compute and hand over. The label that a token gets
is one more class of the token: so it divides the kinds of tokens, and the components behind the parser see it as they
see a tag. Labels that no rule tells apart are one class (`Labels`), or there would be some ten times as many kinds.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import chain
from typing import Any

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from spanwise.pipelines.annotations import NounChunk, SentenceSpan, Tokens
from spanwise.pipelines.entities.compiled.components import below
from spanwise.pipelines.entities.compiled.layers import Tok2Vec
from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.compiled.noun_chunks import NounChunks
from spanwise.pipelines.entities.compiled.parser import CompiledParser, Parse, ParserModel, read_parser
from spanwise.pipelines.entities.compiled.token_rules import TokenRules
from spanwise.pipelines.entities.compiled.token_state import TokenState
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

Words = list[str]
Integers = NDArray[Any]

_IS_SPACE, _IS_PUNCT = 1, 2  # marks of a word


@dataclass(frozen=True, slots=True)
class TreeModel:
    """A parser as it was read, and the tok2vec whose vectors it takes."""

    name: str
    model: ParserModel
    tok2vec: Tok2Vec
    shared: bool
    """Whether the tok2vec is the pipeline's shared one."""


@dataclass(frozen=True, slots=True)
class LabelStage:
    """Sets the label of a token's arc, as a parser does."""

    labels: tuple[str, ...]

    def __call__(self, word: str, state: TokenState, choices: Sequence[int]) -> TokenState:  # noqa: ARG002
        """See `Stage`. The choice is the label that the trees have given."""
        return state._replace(dep=self.labels[choices[0]])


class Labels:
    """The labels of arcs in classes that no rule tells apart, each with one of its labels to stand for all."""

    def __init__(self, labels: Sequence[str], rules: Sequence[TokenRules]) -> None:
        """`labels`: those of the parser. One that a rule sets is a class by itself, so that it can stand for itself."""
        self.names = tuple(labels)
        self.set_by_rules = frozenset(label for one in rules for label in one.labels)
        tests = [test for one in rules for name, test in one.tests if name == "dep"]
        alone = self.set_by_rules | {""}  # a token without a label has none
        alike = [label if label in alone else tuple(bool(test(label)) for test in tests) for label in labels]
        self.of = np.array([alike.index(one) for one in alike], dtype=np.int64)
        """The number of the label that stands for each label."""

    def given(self, parse: Parse, kinds: Sequence[int], changed: Mapping[int, str]) -> list[str]:
        """Return the labels of a text's tokens. `changed`: what rules have set for tokens of some kinds."""
        names = list(map(self.names.__getitem__, parse.labels))
        if changed.keys().isdisjoint(kinds):
            return names
        return [changed.get(kind, name) for kind, name in zip(kinds, names, strict=True)]


class GrammarTrees:
    """The compiled parser of a grammar."""

    def __init__(self, nlp: Language, model: TreeModel, lexemes: Lexemes, rules: Sequence[TokenRules]) -> None:
        """Make the kernels. `rules`: the grammar's other components that read or set labels."""
        self._parser = CompiledParser(model.model)
        self.labels = Labels(self._parser.labels, rules)
        self._lexemes = lexemes
        every = tuple(dict.fromkeys([*self._parser.labels, *sorted(self.labels.set_by_rules), ""]))
        self._numbers = {label: number for number, label in enumerate(every)}
        self._chunks: NounChunks | None
        try:
            self._chunks = NounChunks(nlp, every)
        except Unsupported:
            self._chunks = None

    @property
    def has_noun_chunks(self) -> bool:
        """Whether noun chunks are found, too."""
        return self._chunks is not None

    def marks(self, words: Words) -> Integers:
        """Return for each word `IS_SPACE`, `IS_PUNCT` or neither."""
        marks = map(self._lexemes.marks, words)
        return np.array([_IS_SPACE * space | _IS_PUNCT * punct for space, punct in marks], dtype=np.uint8)

    def parse(self, marks: Integers, counts: Integers, vectors: bytes) -> list[Parse]:
        """Parse texts. `marks` has those of each token of all texts."""
        values = np.frombuffer(vectors, dtype=np.float32).reshape(len(marks), self._parser.width)
        return self._parser.parse(values, counts.tolist(), (marks & _IS_SPACE).tobytes())

    def divide(
        self, words: Words, choices: Integers, kinds: Integers, parses: Sequence[Parse], *, by_starts: bool = False
    ) -> tuple[Words, Integers, Integers]:
        """Divide kinds by the classes of their tokens' labels. Returns words, choices and kinds; the last choice is the
        label that stands for the class.

        `by_starts`: also by whether a sentence begins there, which is then the last choice, 1 or 0, behind the label.
        """
        count = len(self._parser.labels)
        labels = np.fromiter(chain.from_iterable(parse.labels for parse in parses), dtype=np.int64, count=len(kinds))
        classes = self.labels.of[labels]
        if by_starts:
            classes = 2 * classes + np.frombuffer(b"".join(parse.starts for parse in parses), dtype=np.uint8)
            count *= 2
        pairs, divided = np.unique(kinds.astype(np.int64) * count + classes, return_inverse=True)
        old, chosen = pairs // count, pairs % count
        columns = [chosen // 2, chosen % 2] if by_starts else [chosen]
        found = np.column_stack([choices[old], *columns])
        return [words[number] for number in old.tolist()], found, divided.reshape(-1)

    def sentences_of(self, tokens: Tokens, parse: Parse, marks: Integers) -> list[SentenceSpan]:
        """Return the sentences of a text, without the white space around them and those of white space alone.

        `marks`: of the text's tokens.
        """
        words = np.flatnonzero((marks & _IS_SPACE) == 0)
        if not len(words):
            return []
        sentences = np.frombuffer(parse.starts, dtype=np.uint8).cumsum(dtype=np.int64)[words]
        firsts = np.flatnonzero(np.diff(sentences, prepend=-1))
        lasts = np.append(firsts[1:], len(words)) - 1
        bounds = zip(words[firsts].tolist(), words[lasts].tolist(), strict=True)
        return [SentenceSpan(tokens.start[first], tokens.end[last]) for first, last in bounds]

    def noun_chunks_of(self, tokens: Tokens, parse: Parse, marks: Integers) -> list[NounChunk]:
        """Return the noun chunks of a text, by the labels that its tokens have in the end.

        `marks`: of the text's tokens.
        """
        if self._chunks is None or "dep" not in tokens.annotated:
            return []
        parse = parse._replace(labels=[self._numbers[label] for label in tokens.annotated["dep"]])
        starts, ends = tokens.start, tokens.end
        pos = tokens.annotated.get("pos") or [""] * len(starts)
        return [
            NounChunk(starts[chunk.start], ends[chunk.end - 1], chunk.root)
            for chunk in self._chunks.of(parse, pos, (marks != 0).tobytes())
        ]


def read_trees(nlp: Language, name: str) -> TreeModel:
    """Read a parser and its tok2vec. Raises `Unsupported`."""
    model = read_parser(nlp, name)
    component: Any = nlp.get_pipe(name)
    tok2vec, _, shared = below(nlp, name, component.model.get_ref("tok2vec"), "linear")
    return TreeModel(name, model, tok2vec, shared)
