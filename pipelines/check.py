"""Check a pipeline before it is served: what each component is served as, by which engine, and how fast.

The speeds are measured here and now on built-in texts of some 20 words, in one thread: good for comparing components
with each other, not machines or pipelines.
"""

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from functools import partial
from time import perf_counter
from typing import Any

from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.annotations import CATEGORIES, ENTITIES_AND_SENTENCES, SPANS, TOKENS, Layers
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.component_plan import ENCODERS, Component
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.features import FEATURES
from spanwise.schemas import Feature, PipelineComponent

_TEXTS = [text for text in SAMPLE[:7] for _ in range(20)]
_SECONDS = 0.3
_ALONE = ENTITIES_AND_SENTENCES | CATEGORIES | SPANS
"""The layers that the kernels compute each by itself."""


@dataclass(frozen=True, slots=True)
class CheckedComponent:
    """A component: the features that it is served as, its engine, its speed alone, and why it is not compiled."""

    name: str
    factory: str
    served_as: tuple[str, ...]
    engine: str
    texts_per_second: float
    reason: str


@dataclass(frozen=True, slots=True)
class Checked:
    """A pipeline that loads and passes its self-test."""

    analyzer: Analyzer
    components: tuple[CheckedComponent, ...]
    features: tuple[Feature, ...]
    """What a caller gets who names none; all where the pipeline has no default ones."""
    texts_per_second: float
    """With these features."""

    @property
    def title(self) -> str:
        """Name and version."""
        return self.analyzer.title


def check(
    source: str,
    *,
    disable: Collection[str] = (),
    sentiment: Mapping[str, str] | None = None,
    extensions: Extensions | None = None,
) -> Checked:
    """Load a package or folder, and measure each component. Raises `PipelineError`."""
    analyzer = Analyzer.load(source, disable=disable, sentiment=sentiment, extensions=extensions, preload=True)
    loaded = load(source, disable, extensions)
    described = {one["name"]: one for one in analyzer.contents.components}
    plan = loaded.plan
    components = [*plan.components, *([] if plan.boundaries in plan.components else [plan.boundaries])]
    docs = [loaded.nlp.make_doc(text) for text in _TEXTS]
    checked = []
    for one in components:
        if described[one.name]["engine"] == "compiled":
            rate = _rate(partial(_annotate, analyzer, one.writes))
        else:
            rate, docs = _run(loaded, one, docs)
        checked.append(_checked(one, described[one.name], analyzer, rate))
    features = analyzer.default_features or analyzer.features
    rate = _rate(lambda: analyzer.analyze(_TEXTS, features))
    return Checked(analyzer, tuple(checked), tuple(sorted(features)), rate)


def _checked(one: Component, described: PipelineComponent, analyzer: Analyzer, rate: float) -> CheckedComponent:
    served_as: tuple[str, ...] = tuple(row.name for row in FEATURES if row.name in one.writes & analyzer.features)
    if one.factory in ENCODERS:
        served_as = ("vectors of the others",)
    return CheckedComponent(one.name, one.factory, served_as, described["engine"], rate, described.get("reason", ""))


def _annotate(analyzer: Analyzer, layers: Layers) -> object:
    """Have the kernels compute what a component writes. All of a pipeline's grammar runs together, with its tok2vec."""
    asked = TOKENS if not layers or "tokens" in layers else layers & _ALONE
    return analyzer.engine.annotate(_TEXTS, [asked] * len(_TEXTS))


def _run(loaded: LoadedPipeline, one: Component, docs: list[Any]) -> tuple[float, list[Any]]:
    """Run a component once over copies of the docs. Return its texts per second, and the docs as it left them."""
    component: Any = loaded.nlp.get_pipe(one.name)
    pipe = getattr(component, "pipe", None)
    started = perf_counter()
    left = list(pipe(docs, batch_size=128)) if pipe else [component(doc) for doc in docs]
    return len(docs) / (perf_counter() - started), left


def _rate(work: Callable[[], object]) -> float:
    """Repeat the work for a moment, after a first time that fills caches. Return texts per second."""
    work()
    count, started = 0, perf_counter()
    while (seconds := perf_counter() - started) < _SECONDS or not count:
        work()
        count += 1
    return count * len(_TEXTS) / seconds
