"""Compile a pipeline's parser beside the rest of its grammar: labels of tokens, sentences and noun chunks from trees.

A parser needs the vectors of a tok2vec, which the kernels of tokens compute and hand over. The label that a token gets
is one more class of the token: so it divides the kinds of tokens, and the components behind the parser see it as they
see a tag.
"""

from collections.abc import Iterable, Sequence
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
from spanwise.pipelines.entities.compiled.token_state import TokenState
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

Words = list[str]
Integers = NDArray[Any]


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


class GrammarTrees:
    """The compiled parser of a grammar."""

    def __init__(self, nlp: Language, model: TreeModel, lexemes: Lexemes, labels: Iterable[str]) -> None:
        """Make the kernels. `labels`: those that other components set."""
        self._parser = CompiledParser(model.model)
        self._lexemes = lexemes
        every = tuple(dict.fromkeys([*self._parser.labels, *labels, ""]))
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

    def parse(self, words: Words, kinds: Integers, counts: Integers, vectors: bytes) -> list[Parse]:
        """Parse texts. `words` has the characters of each kind, `kinds` the kind of each token of all texts."""
        spaces = np.array([self._lexemes.marks(word)[0] for word in words], dtype=bool)[kinds]
        values = np.frombuffer(vectors, dtype=np.float32).reshape(len(kinds), self._parser.width)
        return self._parser.parse(values, counts.tolist(), spaces.tobytes())

    def divide(
        self, words: Words, choices: Integers, kinds: Integers, parses: Sequence[Parse], *, by_starts: bool = False
    ) -> tuple[Words, Integers, Integers]:
        """Divide kinds by the labels of their tokens. Returns words, choices and kinds; a label is the last choice.

        `by_starts`: also by whether a sentence begins there, which is then the last choice, 1 or 0, behind the label.
        """
        count = len(self._parser.labels)
        labels = np.fromiter(chain.from_iterable(parse.labels for parse in parses), dtype=np.int64, count=len(kinds))
        classes = labels
        if by_starts:
            classes = 2 * labels + np.frombuffer(b"".join(parse.starts for parse in parses), dtype=np.uint8)
            count *= 2
        pairs, divided = np.unique(kinds.astype(np.int64) * count + classes, return_inverse=True)
        old, chosen = pairs // count, pairs % count
        columns = [chosen // 2, chosen % 2] if by_starts else [chosen]
        found = np.column_stack([choices[old], *columns])
        return [words[number] for number in old.tolist()], found, divided.reshape(-1)

    def sentences_of(self, text: str, tokens: Tokens, parse: Parse) -> list[SentenceSpan]:
        """Return the sentences of a text, without the white space around them and those of white space alone."""
        bounds: list[tuple[int, int]] = []
        is_open = False
        for start, end, begins in zip(tokens.start, tokens.end, parse.starts, strict=True):
            is_open = is_open and not begins
            if self._lexemes.marks(text[start:end])[0]:
                continue
            if is_open:
                bounds[-1] = bounds[-1][0], end
            else:
                bounds.append((start, end))
                is_open = True
        return [SentenceSpan(*one) for one in bounds]

    def noun_chunks_of(self, text: str, tokens: Tokens, parse: Parse) -> list[NounChunk]:
        """Return the noun chunks of a text, by the labels that its tokens have in the end."""
        if self._chunks is None or "dep" not in tokens.annotated:
            return []
        parse = parse._replace(labels=[self._numbers[label] for label in tokens.annotated["dep"]])
        starts, ends = tokens.start, tokens.end
        pos = tokens.annotated.get("pos") or [""] * len(starts)
        words = [text[start:end] for start, end in zip(starts, ends, strict=True)]
        marks = bytes(any(self._lexemes.marks(word)) for word in words)
        return [
            NounChunk(starts[chunk.start], ends[chunk.end - 1], chunk.root)
            for chunk in self._chunks.of(parse, pos, marks)
        ]


def read_trees(nlp: Language, name: str) -> TreeModel:
    """Read a parser and its tok2vec. Raises `Unsupported`."""
    model = read_parser(nlp, name)
    component: Any = nlp.get_pipe(name)
    tok2vec, _, shared = below(nlp, name, component.model.get_ref("tok2vec"), "linear")
    return TreeModel(name, model, tok2vec, shared)
