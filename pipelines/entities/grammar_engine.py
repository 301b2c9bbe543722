"""Compute tokens and noun chunks by the compiled grammar, and everything else by another engine.

Without a parser, tokens are read by no other layer of the answer, so the two engines need not know of each other. A
parser sets sentence boundaries, which are then the text's sentences, and where it stands before the recognizer they
restrict that, as in `MixedEngine`: the grammar goes first. Where only the sentences of a text are the parser's, it
comes after the recognizer and restricts nothing (`Plan.chain`). Custom attributes are an exception: what computes them
may look at tags, which the other engine then sets.
"""

from collections.abc import Sequence

from spanwise.pipelines.annotations import (
    ENTITIES,
    ENTITIES_AND_SENTENCES,
    NOUN_CHUNKS,
    SENTENCES,
    TOKENS,
    Annotations,
    Layer,
    Layers,
)
from spanwise.pipelines.entities.compiled.compiled_grammar import CompiledGrammar, Grammar
from spanwise.pipelines.entities.compiled.confidence import Calibrations
from spanwise.pipelines.entities.compiled.entity_bounds import Bounds, bounds_of
from spanwise.pipelines.entities.engine import Engine, EngineName
from spanwise.pipelines.entities.mixed_engine import MixedEngine


class GrammarEngine:
    """An engine of a compiled grammar beside another engine."""

    def __init__(
        self, engine: Engine, grammar: CompiledGrammar, *, sets_sentences: bool = False, restricts: bool = False
    ) -> None:
        """`sets_sentences`: whether the sentences of a text are those of the parser where nothing else needs it.

        `restricts`: whether the parser stands before the recognizer.
        """
        self.engine = engine
        self.grammar = grammar
        self._sets_sentences = sets_sentences
        self._restricts = restricts
        self._has_trees = grammar.trees is not None
        has_chunks = grammar.trees is not None and grammar.trees.has_noun_chunks
        self._layers = TOKENS | NOUN_CHUNKS if has_chunks else TOKENS
        self._taken = self._layers | (SENTENCES if self._has_trees else frozenset())
        """What the other engine is not asked for where the grammar describes a text."""
        finds_entities = isinstance(engine, MixedEngine) and "entities" not in engine.borrowed
        self._left = frozenset({"extensions"}) | (NOUN_CHUNKS - self._layers if self._has_trees else frozenset())
        """A text that wants one of these layers is the other engine's with all of its layers."""
        self._left_beside = ENTITIES if self._has_trees and not finds_entities else frozenset[Layer]()
        """So is one that wants one of these beside the grammar's own layers."""

    @property
    def name(self) -> EngineName:
        """The name of the engine that finds the entities."""
        return self.engine.name

    @property
    def calibrations(self) -> Calibrations | None:
        """See `Engine`."""
        return self.engine.calibrations

    def computes_in_kernels(self, layers: Layers) -> bool:
        """Return whether no text that wants these layers needs spaCy's components."""
        others = layers - self._taken if self._is_apart(layers) else layers
        return not others or (isinstance(self.engine, MixedEngine) and others.isdisjoint(self.engine.borrowed))

    def let_go(self, usual: Layers) -> None:
        """Free the memory of spaCy's components until a text needs them: see `MixedEngine`."""
        if isinstance(self.engine, MixedEngine):
            self.engine.let_go(usual - self._layers - (SENTENCES if self._sets_sentences else frozenset()))

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """See `Engine`."""
        chosen = [i for i, layers in enumerate(wanted) if self._is_apart(layers)]
        if not chosen:
            return self.engine.annotate(texts, wanted)
        others = [*wanted]
        for i in chosen:
            others[i] = wanted[i] - self._taken
        described = self._describe(texts, wanted, chosen)
        if not any(others):
            annotations = [Annotations() for _ in texts]
        elif self._restricts and isinstance(self.engine, MixedEngine):
            within = [self._bounds(layers, described.get(i)) for i, layers in enumerate(wanted)]
            annotations = self.engine.annotate(texts, others, within)
        else:
            annotations = self.engine.annotate(texts, others)
        for i, one in described.items():
            self._take(annotations[i], one, wanted[i])
        return annotations

    def _is_apart(self, layers: Layers) -> bool:
        """Return whether the compiled grammar computes its layers of a text that wants these layers."""
        if layers.isdisjoint(self._layers):
            return self._sets_sentences and "sentences" in layers and layers.isdisjoint(self._left)
        return layers.isdisjoint(self._left) and layers.isdisjoint(self._left_beside)

    def _bounds(self, layers: Layers, described: Grammar | None) -> Bounds | None:
        """Return the parser's boundaries, where they restrict the entities of a text that wants these layers."""
        if described is None or "entities" not in layers or layers.isdisjoint(self._layers):
            return None
        return bounds_of(described.starts)

    def _describe(self, texts: Sequence[str], wanted: Sequence[Layers], chosen: Sequence[int]) -> dict[int, Grammar]:
        """Return what the grammar finds of the chosen texts."""
        found = self.grammar.describe(
            [texts[i] for i in chosen],
            sentences=any(not wanted[i].isdisjoint(ENTITIES_AND_SENTENCES) for i in chosen),
            noun_chunks=any("noun_chunks" in wanted[i] for i in chosen),
        )
        return dict(zip(chosen, found, strict=True))

    def _take(self, annotations: Annotations, one: Grammar, layers: Layers) -> None:
        """Put what the grammar has found into the annotations of a text that wants these layers."""
        if "tokens" in layers:
            annotations.tokens = one.tokens
        if "noun_chunks" in layers:
            annotations.noun_chunks = [*one.noun_chunks]
        if self._has_trees and not layers.isdisjoint(ENTITIES_AND_SENTENCES):
            annotations.sentences = [*one.sentences]
