"""Compute the layer `tokens` by the kernels: a pipeline's tokens with their tags, parts of speech, features and lemmas.

The kernels split texts, run the tok2vec networks and choose the classes of every token, without the GIL. They also say
which tokens are of a kind: the same characters and the same classes. What the components make of a kind is worked out
here once and kept within a bound; what is left for Python to do for each token is to copy four strings.
"""

from collections.abc import Iterator, Mapping, Sequence
from itertools import compress, pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from spanwise.pipelines.annotations import NounChunk, SentenceSpan, Tokens
from spanwise.pipelines.entities.compiled.compiled_engine import word_tables_of
from spanwise.pipelines.entities.compiled.grammar_components import CompiledStage, number_of_parsed, read_grammar
from spanwise.pipelines.entities.compiled.grammar_trees import GrammarTrees, LabelStage
from spanwise.pipelines.entities.compiled.lemma_rules import LemmaStage
from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.compiled.parser import Parse
from spanwise.pipelines.entities.compiled.token_rules import TokenRules
from spanwise.pipelines.entities.compiled.token_state import UNSET, TokenState
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import Plan
from spanwise.pipelines.entities.word_tables import WORD_TABLE_MB, WordTable
from spanwise.pipelines.kernels import NOT_BUILT, SpanKernels, constants

_MOST_KINDS = 1 << 13
"""Kinds in each of the two generations that are kept: some 3 MB each."""

_LONGEST_KEPT = 64
"""Characters of the longest word that is kept."""


class _Kind(NamedTuple):
    """What the components say of the tokens of a kind, and the parts of longer patterns that these tokens fit."""

    state: TokenState
    parts: int


class Grammar(NamedTuple):
    """What is found of a text. Sentences and noun chunks are those of a parser's trees, where they were asked for."""

    tokens: Tokens
    starts: Sequence[int] = ()
    """Where the parser's sentences begin, those of white space alone included."""
    sentences: Sequence[SentenceSpan] = ()
    noun_chunks: Sequence[NounChunk] = ()


class CompiledGrammar:
    """The compiled grammar of a pipeline. Any number of threads may share it."""

    def __init__(
        self,
        kernels: SpanKernels,
        lexemes: Lexemes,
        stages: Sequence[CompiledStage],
        trees: GrammarTrees | None,
        *,
        can_split: bool,
    ) -> None:
        self._kernels = kernels
        self._lexemes = lexemes
        self._split = None if can_split else lexemes.split
        self._stages = tuple(stages)
        self.trees = trees
        """The parser's part; None where there is none."""
        self._wanted = constants.WANT_TOKENS | (constants.WANT_VECTORS if trees else 0)
        by_networks = (one for one in stages if not isinstance(one.stage, LabelStage | LemmaStage))
        self._choices = max((one.choices.stop for one in by_networks), default=0)
        self._reads_starts = any(isinstance(one.stage, LemmaStage) and one.stage.reads_starts for one in stages)
        self._label = next((one.choices.start for one in stages if isinstance(one.stage, LabelStage)), 0)
        """Which choice is the label that stands for a token's class of labels."""
        self._rules = next(
            (one.stage for one in stages if isinstance(one.stage, TokenRules) and one.stage.has_phrases), None
        )
        self._young: dict[tuple[Any, ...], _Kind] = {}
        self._old: dict[tuple[Any, ...], _Kind] = {}

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the compiled components, in the pipeline's order."""
        return tuple(stage.name for stage in self._stages)

    @property
    def word_tables(self) -> tuple[WordTable, ...]:
        """The kernels' tables of words, as they are now."""
        return word_tables_of(self._kernels, "grammar_")

    def annotate(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, in order."""
        return [one.tokens for one in self.describe(texts)]

    def describe(self, texts: Sequence[str], *, sentences: bool = False, noun_chunks: bool = False) -> list[Grammar]:
        """Return the tokens of each text, in order, and what was asked for besides."""
        wanted = bytes([self._wanted]) * len(texts)
        found: list[Grammar] = []
        for group in self._kernels.tokens(tuple(texts), wanted, self._lexemes, self._split):
            counts = np.frombuffer(group[0], dtype=np.uint32)
            part = texts[len(found) : len(found) + len(counts)]
            for tokens, parsed in self._read(part, counts, group):
                if self.trees is None or parsed is None:
                    found.append(Grammar(tokens))
                    continue
                parse, marks = parsed
                spans = self.trees.sentences_of(tokens, parse, marks) if sentences else ()
                chunks = self.trees.noun_chunks_of(tokens, parse, marks) if noun_chunks else ()
                starts = list(compress(tokens.start, parse.starts))
                found.append(Grammar(tokens, starts, spans, chunks))
        return found

    def _read(
        self, texts: Sequence[str], counts: NDArray[np.uint32], group: Sequence[bytes]
    ) -> Iterator[tuple[Tokens, tuple[Parse, NDArray[Any]] | None]]:
        """Turn the arrays of a group of texts into its tokens (`SpanKernels.tokens`), and trees with tokens' marks."""
        starts, ends = (np.frombuffer(array, dtype=np.uint32).tolist() for array in group[1:3])
        spaces = np.frombuffer(group[3], dtype=bool).tolist()
        kinds: NDArray[Any] = np.frombuffer(group[4], dtype=np.uint32)
        firsts = np.frombuffer(group[5], dtype=np.uint32)
        bounds = [0, *np.cumsum(counts).tolist()]
        words = _words(texts, bounds, starts, ends, firsts)
        choices: NDArray[Any] = np.frombuffer(group[6], dtype=np.uint32).reshape(len(firsts), self._choices)
        parses: Sequence[Parse | None] = [None] * len(texts)
        marks: NDArray[Any] = np.empty(0, dtype=np.uint8)
        if self.trees is not None:
            marks = self.trees.marks(words)[kinds]
            parses = trees = self.trees.parse(marks, counts, group[7])
            words, choices, kinds = self.trees.divide(words, choices, kinds, trees, by_starts=self._reads_starts)
        known = [self._kind((word, *chosen)) for word, chosen in zip(words, choices.tolist(), strict=True)]
        states = [kind.state for kind in known]
        numbers, owners = kinds.tolist(), list(range(len(states)))
        if self._rules is not None:
            parts = np.array([kind.parts for kind in known], dtype=np.int64)[kinds]
            for token, rules in self._rules.phrases(parts, counts).items():
                number = kinds[token]
                states.append(self._state((words[number], *choices[number].tolist()), frozenset(rules)).state)
                numbers[token] = len(states) - 1
                owners.append(number)
        changed: dict[int, str] = {}
        if self.trees is not None:
            standing = choices[np.array(owners, dtype=np.int64), self._label].tolist()
            names = self.trees.labels.names
            changed = {
                number: state.dep
                for number, (state, label) in enumerate(zip(states, standing, strict=True))
                if state.dep != names[label]
            }
        columns = dict(zip(TokenState._fields, zip(*states, strict=True), strict=True)) if states else {}
        columns = {name: column for name, column in columns.items() if any(column)}
        for (first, last), parse in zip(pairwise(bounds), parses, strict=True):
            chosen = numbers[first:last]
            places = starts[first:last], ends[first:last], spaces[first:last]
            if self.trees is None or parse is None:
                yield _tokens(places, chosen, columns), None
                continue
            tokens = _tokens(places, chosen, columns, self.trees.labels.given(parse, chosen, changed))
            if tokens.head is not None:
                tokens.head = parse.heads
            yield tokens, (parse, marks[first:last])

    def _kind(self, key: tuple[Any, ...]) -> _Kind:
        """Return a kind from those that are kept, or work it out. Kinds that do not come again are dropped."""
        if (found := self._young.get(key)) is not None:
            return found
        found = self._old.get(key) or self._state(key)
        if len(key[0]) <= _LONGEST_KEPT:
            if len(self._young) >= _MOST_KINDS:
                self._old, self._young = self._young, {}
            self._young[key] = found
        return found

    def _state(self, key: tuple[Any, ...], phrases: frozenset[int] = frozenset()) -> _Kind:
        """Apply all components to a word with its classes, and the rules of longer patterns that set it."""
        word, *choices = key
        state, parts = UNSET, 0
        for one in self._stages:
            stage = one.stage
            if isinstance(stage, TokenRules):
                rules, fitted = stage.fitting(word, state)
                if stage is self._rules:
                    parts = fitted
                    rules = tuple(sorted({*rules, *phrases})) if phrases else rules
                state = stage.apply(state, rules)
            else:
                state = stage(word, state, choices[one.choices])
        return _Kind(state, parts)


def _words(
    texts: Sequence[str], bounds: Sequence[int], starts: list[int], ends: list[int], firsts: NDArray[np.uint32]
) -> list[str]:
    """Return the characters of the tokens with these numbers. `bounds`: where each text begins among all tokens."""
    owners = (np.searchsorted(bounds, firsts, side="right") - 1).tolist()
    return [texts[text][starts[token] : ends[token]] for text, token in zip(owners, firsts.tolist(), strict=True)]


def _tokens(
    places: tuple[list[int], list[int], list[bool]],
    kinds: list[int],
    columns: Mapping[str, Sequence[str]],
    deps: list[str] | None = None,
) -> Tokens:
    """Return the tokens of a text with the attributes that are set in it, as `tokens_of` reads them from a Doc.

    `places`: starts, ends, and whether spaces follow; `columns`: the attributes of each kind; `deps`: the labels of
    the tokens, where there is a parser.
    """
    if not kinds:  # spaCy says of an empty Doc that everything is set
        return Tokens([], [], [], {name: [] for name in TokenState._fields}, [])
    tokens = Tokens(*places)
    for name, column in columns.items():
        values = deps if name == "dep" and deps is not None else list(map(column.__getitem__, kinds))
        if any(values):
            tokens.annotated[name] = [value if value != "_" else "" for value in values] if name == "morph" else values
    if "dep" in tokens.annotated:
        tokens.head = list(range(len(kinds)))
    return tokens


def compile_grammar(
    nlp: Language, plan: Plan, reading: TokenizerReading | None = None, *, lexicon_bytes: int = WORD_TABLE_MB << 20
) -> CompiledGrammar:
    """Compile every component that writes the layer `tokens`. Raises `Unsupported`, with the component's name.

    `reading`: the pipeline's tokenizer, where it has been read already.
    """
    if SpanKernels is None:
        raise Unsupported(NOT_BUILT)
    reading = reading or TokenizerReading(nlp.tokenizer)
    stages, networks, model = read_grammar(nlp, plan)
    statics = reading.statics_of([network.tok2vec for network in networks])
    tables = (table.attribute for network in networks for table in network.tok2vec.tables)
    attributes = list(dict.fromkeys([*tables, *([statics.attribute] if statics else [])]))
    lexemes = Lexemes(nlp.vocab, reading.rules, attributes)
    tokenizer, reason = reading.spec(lexemes)
    kernels = SpanKernels(
        columns=len(attributes),
        statics=statics and statics.spec(attributes),
        entities=None,
        sentences=None,
        categories=(),
        pairs=lexemes.pairs,
        lexicon_bytes=lexicon_bytes,
        tokenizer=tokenizer,
        norms=lexemes.norms,
        norm_column=lexemes.norm_column,
        space_column=lexemes.space_column,
        tokens=(tuple(network.spec(attributes) for network in networks), number_of_parsed(networks)),
    )
    rules = [one.stage for one in stages if isinstance(one.stage, TokenRules)]
    trees = GrammarTrees(nlp, model, lexemes, rules) if model else None
    return CompiledGrammar(kernels, lexemes, stages, trees, can_split=reason is None)
