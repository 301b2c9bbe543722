"""Compute the layer `tokens` by the compiled grammar, and everything else by another engine.

Tokens depend on nothing but the text and are read by no other layer of the answer, so the two engines need not know of
each other. Custom attributes are an exception: what computes them may look at tags, which the other engine then sets.
"""

from collections.abc import Sequence

from spanwise.pipelines.annotations import TOKENS, Annotations, Layers
from spanwise.pipelines.entities.compiled.compiled_grammar import CompiledGrammar
from spanwise.pipelines.entities.compiled.confidence import Calibrations
from spanwise.pipelines.entities.engine import Engine, EngineName
from spanwise.pipelines.entities.mixed_engine import MixedEngine


class GrammarEngine:
    """An engine of a compiled grammar beside another engine."""

    def __init__(self, engine: Engine, grammar: CompiledGrammar) -> None:
        self.engine = engine
        self.grammar = grammar

    @property
    def name(self) -> EngineName:
        """The name of the engine that finds the entities."""
        return self.engine.name

    @property
    def calibrations(self) -> Calibrations | None:
        """See `Engine`."""
        return self.engine.calibrations

    def let_go(self, usual: Layers) -> None:
        """Free the memory of spaCy's components until a text needs them: see `MixedEngine`."""
        if isinstance(self.engine, MixedEngine):
            self.engine.let_go(usual - TOKENS)

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """See `Engine`."""
        chosen = [i for i, layers in enumerate(wanted) if _is_apart(layers)]
        if not chosen:
            return self.engine.annotate(texts, wanted)
        others = [layers - TOKENS if _is_apart(layers) else layers for layers in wanted]
        annotations = self.engine.annotate(texts, others) if any(others) else [Annotations() for _ in texts]
        for i, tokens in zip(chosen, self.grammar.annotate([texts[i] for i in chosen]), strict=True):
            annotations[i].tokens = tokens
        return annotations


def _is_apart(layers: Layers) -> bool:
    """Return whether the compiled grammar computes the tokens of a text that wants these layers."""
    return "tokens" in layers and "extensions" not in layers
