"""Compute each layer by the compiled kernels where they know it, and by spaCy's own components where they do not.

Both see the same text, and together they answer as spaCy alone would with the components that the layers need. One
thing couples them: a component that spaCy runs for a borrowed layer, such as the parser for `tokens`, may set sentence
boundaries, and these are then the text's sentences and restrict its recognizer.
"""

from collections.abc import Mapping, Sequence

from spanwise.pipelines.annotations import (
    ENGINE_LAYERS,
    ENTITIES,
    ENTITIES_AND_SENTENCES,
    SENTENCES,
    Annotations,
    Layers,
)
from spanwise.pipelines.entities.classifier_choice import Merge
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine
from spanwise.pipelines.entities.compiled.confidence import Calibrations
from spanwise.pipelines.entities.component_plan import Plan
from spanwise.pipelines.entities.deferred_engine import DeferredEngine
from spanwise.pipelines.entities.engine import Engine, EngineName
from spanwise.pipelines.entities.span_choice import MergeSpans


class MixedEngine:
    """An engine of two: the compiled one, and spaCy's own for the `borrowed` layers, one batch at a time."""

    def __init__(
        self,
        compiled: CompiledEngine,
        spacy_engine: Engine | DeferredEngine,
        plan: Plan,
        borrowed: Layers,
        *,
        merge_categories: Merge | None = None,
        merge_spans: MergeSpans | None = None,
    ) -> None:
        """Take both engines, and the plan of spaCy's own.

        `merge_categories`, `merge_spans`: where each engine computes some of these, what puts them together.
        """
        self.compiled = compiled
        self.borrowed = borrowed
        self._merge_categories = merge_categories
        self._merge_spans = merge_spans
        self._spacy_engine = spacy_engine
        self._plan = plan
        self._asked: dict[Layers, Layers] = {}

    @property
    def name(self) -> EngineName:
        """The name of the engine that finds the entities."""
        return self.compiled.name if self._finds_spans else "spacy"

    @property
    def calibrations(self) -> Calibrations | None:
        """See `Engine`."""
        return self.compiled.calibrations if self._finds_spans else None

    @property
    def _finds_spans(self) -> bool:
        return not self.compiled.layers.isdisjoint(ENTITIES_AND_SENTENCES)

    def let_go(self, usual: Layers) -> None:
        """Free the memory of spaCy's components until a text needs them, unless one of the `usual` layers does."""
        if usual.isdisjoint(self.borrowed) and isinstance(self._spacy_engine, DeferredEngine):
            self._spacy_engine.let_go()

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """See `Engine`."""
        asked = {i: self._borrow(layers) for i, layers in enumerate(wanted) if not layers.isdisjoint(self.borrowed)}
        annotations = self.compiled.annotate(texts, wanted)
        if not asked:
            return annotations
        self._lend(texts, asked, annotations)
        split = {
            i: ENTITIES_AND_SENTENCES | asked[i]
            for i in asked
            if "entities" in wanted[i]
            and not asked[i] & ENTITIES
            and "sentences" in asked[i]
            and is_split(annotations[i])
        }
        if split:
            self._lend(texts, split, annotations)
        return annotations

    def _borrow(self, layers: Layers) -> Layers:
        """Return the layers to ask of spaCy's engine; also the sentences, where what it runs sets boundaries."""
        if (asked := self._asked.get(layers)) is None:
            asked = layers & self.borrowed
            if "extensions" in asked:
                asked = layers  # a Span's custom attributes belong to spaCy's own spans
            if self._plan.sets_boundaries(asked) and not layers.isdisjoint(ENTITIES_AND_SENTENCES):
                asked |= SENTENCES
            self._asked[layers] = asked
        return asked

    def _lend(self, texts: Sequence[str], asked: Mapping[int, Layers], annotations: Sequence[Annotations]) -> None:
        found = self._spacy_engine.annotate([texts[i] for i in asked], list(asked.values()))
        for (i, layers), other in zip(asked.items(), found, strict=True):
            mine, spans = annotations[i].categories, annotations[i].spans
            for layer in layers & ENGINE_LAYERS:
                setattr(annotations[i], layer, getattr(other, layer))
            if "entities" in layers:
                annotations[i].recognized = None
            if "categories" in layers and self._merge_categories:
                annotations[i].categories = self._merge_categories(mine or {}, other.categories or {})
            if "spans" in layers and self._merge_spans:
                annotations[i].spans = self._merge_spans(spans, other.spans)


def is_split(found: Annotations) -> bool:
    """Return whether a sentence begins inside an entity of the recognizer's.

    Only then do boundaries change what a greedy recognizer finds: each of its actions inside one sentence stays both
    allowed and the best.
    """
    starts = iter(sentence.start for sentence in found.sentences)
    start = next(starts, None)
    for entity in found.entities if found.recognized is None else found.recognized:
        while start is not None and start <= entity.start:
            start = next(starts, None)
        if start is None:
            return False
        if start < entity.end:
            return True
    return False
