"""Compute each layer by the compiled kernels where they know it, and by spaCy's own components where they do not.

Both see the same text, and together they answer as spaCy alone would with the components that the layers need. One
thing couples them: a component that spaCy runs for a borrowed layer, such as the parser for `tokens`, may set sentence
boundaries. These are then the text's sentences, and where they are set before the recognizer's turn they restrict it.
So spaCy's components run first, and the kernels find entities within the boundaries.
"""

from collections.abc import Sequence

from spanwise.pipelines.annotations import (
    ENGINE_LAYERS,
    ENTITIES_AND_SENTENCES,
    SENTENCES,
    Annotations,
    Layers,
)
from spanwise.pipelines.entities.classifier_choice import Merge
from spanwise.pipelines.entities.compiled.compiled_engine import CompiledEngine
from spanwise.pipelines.entities.compiled.confidence import Calibrations
from spanwise.pipelines.entities.compiled.entity_bounds import Bounds, bounds_of
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
        stages: Sequence[str] = (),
    ) -> None:
        """Take both engines, and the plan of spaCy's own.

        `merge_categories`, `merge_spans`: where each engine computes some of these, what puts them together. `stages`:
        the components that spaCy's engine leaves to the kernels.
        """
        self.compiled = compiled
        self.borrowed = borrowed
        self.stages = stages
        self._merge_categories = merge_categories
        self._merge_spans = merge_spans
        self._spacy_engine = spacy_engine
        self._plan = plan
        self._asked: dict[Layers, Layers] = {}

    @property
    def name(self) -> EngineName:
        """The name of the engine that finds the entities."""
        return self.compiled.name if self._finds_entities_or_sentences else "spacy"

    @property
    def calibrations(self) -> Calibrations | None:
        """See `Engine`."""
        return self.compiled.calibrations if self._finds_entities_or_sentences else None

    @property
    def _finds_entities_or_sentences(self) -> bool:
        return not self.compiled.layers.isdisjoint(ENTITIES_AND_SENTENCES)

    def let_go(self, usual: Layers) -> None:
        """Free the memory of spaCy's components until a text needs them, unless one of the `usual` layers does."""
        if usual.isdisjoint(self.borrowed) and isinstance(self._spacy_engine, DeferredEngine):
            self._spacy_engine.let_go()

    def annotate(
        self, texts: Sequence[str], wanted: Sequence[Layers], bounds: Sequence[Bounds | None] | None = None
    ) -> list[Annotations]:
        """See `Engine`. `bounds`: what restricts the entities of each text where no component of spaCy's sets that."""
        asked = {i: self._borrow(layers) for i, layers in enumerate(wanted) if not layers.isdisjoint(self.borrowed)}
        if not asked:
            return self.compiled.annotate(texts, wanted, bounds)
        lent = dict(
            zip(asked, self._spacy_engine.annotate([texts[i] for i in asked], list(asked.values())), strict=True)
        )
        within: list[Bounds | None] = [None] * len(texts) if bounds is None else [*bounds]
        for i, found in lent.items():
            if "entities" in wanted[i] and found.restriction is not None and self._plan.sets_boundaries(asked[i]):
                within[i] = bounds_of(found.restriction)
        annotations = self.compiled.annotate(texts, wanted, within)
        for i, found in lent.items():
            self._take(annotations[i], found, asked[i])
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

    def _take(self, annotations: Annotations, other: Annotations, layers: Layers) -> None:
        """Put what spaCy's components have found in these layers into the annotations of a text."""
        mine, spans = annotations.categories, annotations.spans
        for layer in layers & ENGINE_LAYERS:
            setattr(annotations, layer, getattr(other, layer))
        if "categories" in layers and self._merge_categories:
            annotations.categories = self._merge_categories(mine or {}, other.categories or {})
        if "spans" in layers and self._merge_spans:
            annotations.spans = self._merge_spans(spans, other.spans)
