"""Compute the layer `tokens` by the kernels: a pipeline's tokens with their tags, parts of speech, features and lemmas.

The kernels split texts, run the tok2vec networks and choose the classes of every token, without the GIL. They also say
which tokens are of a kind: the same characters and the same classes. What the components make of a kind is worked out
here once and kept within a bound; what is left for Python to do for each token is to copy four strings.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import pairwise
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray
from spacy.language import Language

from spanwise.pipelines.annotations import Tokens
from spanwise.pipelines.entities.compiled.layers import MaxoutLayer, Tok2Vec
from spanwise.pipelines.entities.compiled.lemma_rules import read_lemmatizer
from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.compiled.static_vectors import statics_of
from spanwise.pipelines.entities.compiled.token_classes import TokenClassifier, read_classifier
from spanwise.pipelines.entities.compiled.token_rules import TokenRules, read_rules
from spanwise.pipelines.entities.compiled.token_state import UNSET, Stage, TokenState
from spanwise.pipelines.entities.compiled.tokenizer_reading import TokenizerReading
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import Component, Plan
from spanwise.pipelines.kernels import SpanKernels, constants

LEXICON_BYTES = 8 << 20
"""The size of each generation of the lexicon of words; only what is used of it takes up memory."""

_MOST_KINDS = 1 << 13
"""Kinds in each of the two generations that are kept: some 3 MB each."""

_LONGEST_KEPT = 64
"""Characters of the longest word that is kept."""

_CLASSIFIERS = frozenset({"tagger", "morphologizer", "trainable_lemmatizer"})


@dataclass(frozen=True, slots=True)
class CompiledStage:
    """A compiled component, and which of the classes that were chosen for a token are its own."""

    name: str
    stage: Stage | TokenRules
    choices: slice


class _Kind(NamedTuple):
    """What the components say of the tokens of a kind, and the parts of longer patterns that these tokens fit."""

    state: TokenState
    parts: int


class CompiledGrammar:
    """The compiled grammar of a pipeline. Any number of threads may share it."""

    def __init__(
        self, kernels: SpanKernels, lexemes: Lexemes, stages: Sequence[CompiledStage], *, can_split: bool
    ) -> None:
        self._kernels = kernels
        self._lexemes = lexemes
        self._split = None if can_split else lexemes.split
        self._stages = tuple(stages)
        self._choices = max((stage.choices.stop for stage in stages), default=0)
        self._rules = next(
            (one.stage for one in stages if isinstance(one.stage, TokenRules) and one.stage.has_phrases), None
        )
        self._young: dict[tuple[Any, ...], _Kind] = {}
        self._old: dict[tuple[Any, ...], _Kind] = {}

    @property
    def components(self) -> tuple[str, ...]:
        """The names of the compiled components, in the pipeline's order."""
        return tuple(stage.name for stage in self._stages)

    def annotate(self, texts: Sequence[str]) -> list[Tokens]:
        """Return the tokens of each text, in order."""
        wanted = bytes([constants.WANT_TOKENS]) * len(texts)
        found: list[Tokens] = []
        for group in self._kernels.tokens(tuple(texts), wanted, self._lexemes, self._split):
            counts = np.frombuffer(group[0], dtype=np.uint32)
            found += self._read(texts[len(found) : len(found) + len(counts)], counts, group)
        return found

    def _read(self, texts: Sequence[str], counts: NDArray[np.uint32], group: Sequence[bytes]) -> Iterator[Tokens]:
        """Turn the arrays of a group of texts into its tokens (`SpanKernels.tokens`)."""
        starts, ends = (np.frombuffer(array, dtype=np.uint32).tolist() for array in group[1:3])
        spaces = np.frombuffer(group[3], dtype=bool).tolist()
        kinds, firsts = (np.frombuffer(array, dtype=np.uint32) for array in group[4:6])
        bounds = [0, *np.cumsum(counts).tolist()]
        words = _words(texts, bounds, starts, ends, firsts)
        choices = np.frombuffer(group[6], dtype=np.uint32).reshape(len(firsts), self._choices)
        known = [self._kind((word, *chosen)) for word, chosen in zip(words, choices.tolist(), strict=True)]
        states = [kind.state for kind in known]
        numbers = kinds.tolist()
        if self._rules is not None:
            parts = np.array([kind.parts for kind in known], dtype=np.int64)[kinds]
            for token, rules in self._rules.phrases(parts, counts).items():
                number = kinds[token]
                states.append(self._state((words[number], *choices[number].tolist()), frozenset(rules)).state)
                numbers[token] = len(states) - 1
        columns = dict(zip(TokenState._fields, zip(*states, strict=True), strict=True)) if states else {}
        columns = {name: column for name, column in columns.items() if any(column)}
        for first, last in pairwise(bounds):
            yield _tokens(starts[first:last], ends[first:last], spaces[first:last], numbers[first:last], columns)

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
    starts: list[int], ends: list[int], spaces: list[bool], kinds: list[int], columns: Mapping[str, Sequence[str]]
) -> Tokens:
    """Return the tokens of a text with the attributes that are set in it, as `tokens_of` reads them from a Doc."""
    if not kinds:  # spaCy says of an empty Doc that everything is set
        return Tokens([], [], [], {name: [] for name in TokenState._fields}, [])
    tokens = Tokens(starts, ends, spaces)
    for name, column in columns.items():
        values = list(map(column.__getitem__, kinds))
        if any(values):
            tokens.annotated[name] = [value if value != "_" else "" for value in values] if name == "morph" else values
    if "dep" in tokens.annotated:
        tokens.head = list(range(len(kinds)))
    return tokens


def compile_grammar(
    nlp: Language, plan: Plan, reading: TokenizerReading | None = None, *, lexicon_bytes: int = LEXICON_BYTES
) -> CompiledGrammar:
    """Compile every component that writes the layer `tokens`. Raises `Unsupported`, with the component's name.

    `reading`: the pipeline's tokenizer, where it has been read already.
    """
    if SpanKernels is None:
        raise Unsupported("the kernels were not built: there was no C compiler when the service was installed")
    reading = reading or TokenizerReading(nlp.tokenizer)
    stages, networks = _stages(nlp, [one for one in plan.components if "tokens" in one.writes or one.is_opaque])
    attributes = list(dict.fromkeys(table.attribute for network in networks for table in network.tok2vec.tables))
    lexemes = Lexemes(
        nlp.vocab, reading.rules, attributes, statics_of(nlp.vocab, [network.tok2vec for network in networks])
    )
    tokenizer, reason = reading.spec(lexemes)
    kernels = SpanKernels(
        columns=len(attributes),
        static_values=lexemes.static_values,
        entities=None,
        sentences=None,
        categories=(),
        pairs=lexemes.pairs,
        lexicon_bytes=lexicon_bytes,
        tokenizer=tokenizer,
        norms=lexemes.norms,
        norm_column=lexemes.norm_column,
        space_column=lexemes.space_column,
        tokens=(tuple(network.spec(attributes) for network in networks), 0),
    )
    return CompiledGrammar(kernels, lexemes, stages, can_split=reason is None)


@dataclass(slots=True)
class _Network:
    """A tok2vec and the layers of classes over it."""

    tok2vec: Tok2Vec
    layers: list[tuple[MaxoutLayer, int]]

    @property
    def choices(self) -> int:
        return sum(best for _, best in self.layers)

    def spec(self, attributes: Sequence[str]) -> tuple[Any, ...]:
        """Describe the network for the kernels (`kernels/python/token_spec.h`)."""
        return self.tok2vec.spec(attributes), tuple((layer.spec, best) for layer, best in self.layers)


def _stages(nlp: Language, components: Sequence[Component]) -> tuple[list[CompiledStage], list[_Network]]:
    """Read all components. Returns them, and the networks in the order of the classes that they choose."""
    read: list[tuple[str, Stage | TokenRules | TokenClassifier]] = []
    for one in components:
        try:
            read.append((one.name, _read_component(nlp, one)))
        except Unsupported as reason:
            raise Unsupported(f"{one.name}: {reason}") from reason
    networks: list[_Network] = []
    places: dict[str, tuple[_Network, int]] = {}
    shared: _Network | None = None
    for name, part in read:
        if not isinstance(part, TokenClassifier):
            continue
        network = shared if part.shared else None
        if network is None:
            network = _Network(part.tok2vec, [])
            networks.append(network)
            shared = network if part.shared else shared
        places[name] = network, network.choices
        network.layers.append((part.classes, part.best))
    begins: dict[int, int] = {}
    total = 0
    for network in networks:
        begins[id(network)] = total
        total += network.choices
    stages = []
    for name, part in read:
        if isinstance(part, TokenClassifier):
            network, place = places[name]
            first = begins[id(network)] + place
            stages.append(CompiledStage(name, part.stage, slice(first, first + part.best)))
        else:
            stages.append(CompiledStage(name, part, slice(0, 0)))
    if sum(isinstance(one.stage, TokenRules) and one.stage.has_phrases for one in stages) > 1:
        raise Unsupported("patterns of several tokens in more than one attribute_ruler")
    return stages, networks


def _read_component(nlp: Language, one: Component) -> Stage | TokenRules | TokenClassifier:
    """Read a component. Raises `Unsupported`."""
    if one.is_opaque:
        raise Unsupported("it may read and write anything")
    if one.factory in _CLASSIFIERS:
        return read_classifier(nlp, one.name)
    if one.factory == "attribute_ruler":
        return read_rules(nlp, one.name)
    if one.factory == "lemmatizer":
        return read_lemmatizer(nlp, one.name)
    raise Unsupported(f"there is no kernel for {one.factory}")
