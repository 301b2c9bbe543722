"""Say what a loaded pipeline holds: which engine runs each component, what is offered of it, and what is not and why.

The rule: whatever a pipeline computes is offered as a feature or named in `not_served`.
"""

from collections.abc import Sequence
from dataclasses import dataclass

from spanwise.pipelines.entities.component_plan import ENCODERS, Component
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.engine_choice import Choice
from spanwise.pipelines.entities.extensions import registered
from spanwise.pipelines.entities.grammar_choice import GrammarChoice
from spanwise.pipelines.entities.grammar_engine import GrammarEngine
from spanwise.pipelines.entities.mixed_engine import MixedEngine
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_layers import GRAMMAR
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline
from spanwise.pipelines.entities.span_choice import group_key
from spanwise.pipelines.extension_specs import Extensions
from spanwise.schemas import CategoryLabels, NotServed, PipelineComponent, PipelineExtension

_VECTORS = "vectors are the input of other components and no answer of their own"
_UNDECLARED = "SPANWISE_EXTENSIONS does not declare it"
_OWN = (
    "the factory {factory!r} is not spaCy's: what it writes into entities, {further}and declared custom attributes is "
    "served, anything else is not"
)


@dataclass(frozen=True, slots=True)
class Contents:
    """What `/v1/pipelines` says of a pipeline beyond its features."""

    components: Sequence[PipelineComponent]
    not_served: Sequence[NotServed]
    categories: CategoryLabels | None
    span_keys: Sequence[str]
    extensions: Sequence[PipelineExtension]


def contents_of(loaded: LoadedPipeline, choice: Choice, grammar: GrammarChoice, extensions: Extensions) -> Contents:
    """Describe a loaded pipeline and what was chosen to run it."""
    return Contents(
        components=[_component(loaded, one, choice, grammar) for one in _run(loaded)],
        not_served=[*_not_served(loaded, extensions)],
        categories=_categories(loaded),
        span_keys=_span_keys(loaded),
        extensions=[
            PipelineExtension(name=name, type=kind)
            for name, kind in extensions.declared.items()
            if "extensions" in loaded.layers
        ],
    )


def _run(loaded: LoadedPipeline) -> list[Component]:
    """Return all components that may run, in the pipeline's order; boundaries that were disabled come last."""
    plan = loaded.plan
    return [*plan.components, *([] if plan.boundaries in plan.components else [plan.boundaries])]


def _by_kernels(loaded: LoadedPipeline, engine: Engine) -> set[str | None]:
    """Return the names of the compiled components."""
    plan = loaded.plan
    if isinstance(engine, GrammarEngine):
        found = {*engine.grammar.components, *_by_kernels(loaded, engine.engine)}
        heard = all(one.name in found for one in plan.components if one.hears)
        return found | {one.name for one in plan.components if one.factory == "tok2vec" and heard}
    if isinstance(engine, SpacyEngine):
        return {*engine.stages}
    if not isinstance(engine, MixedEngine):
        return set()
    compiled = engine.compiled
    recognizer = plan.recognizer if "entities" in compiled.layers else None
    boundaries = plan.boundaries.name if "sentences" in compiled.layers else None
    return {recognizer, boundaries, *compiled.classifiers, *compiled.categorizers, *compiled.rulers, *engine.stages}


def _component(loaded: LoadedPipeline, one: Component, choice: Choice, grammar: GrammarChoice) -> PipelineComponent:
    described = PipelineComponent(name=one.name, factory=one.factory, engine="spacy")
    fallback = choice.fallback
    if one.name in _by_kernels(loaded, grammar.engine):
        described["engine"] = "compiled"
    elif one.is_opaque:
        described["reason"] = "it may read and write anything, so spaCy's own code runs it"
    elif reason := choice.reasons.get(one.name):
        described["reason"] = reason
    elif fallback and (one.is_ruler or one.writes & {"entities", "sentences"}):
        described["reason"] = fallback.reason
    elif grammar.reason and one.factory in GRAMMAR:
        described["reason"] = grammar.reason
    else:
        described["reason"] = f"there is no kernel for {one.factory}"
    return described


def _not_served(loaded: LoadedPipeline, extensions: Extensions) -> list[NotServed]:
    found = [
        NotServed(what=f"component {name}", reason="it is disabled, in the pipeline's configuration or by a setting")
        for name in loaded.disabled
        if name != loaded.plan.boundaries.name
    ]
    own = [one for one in loaded.plan.components if one.is_opaque]
    for one in loaded.plan.components:
        if one.factory in ENCODERS:
            found.append(NotServed(what=f"vectors of {one.name}", reason=_VECTORS))
        elif one in own and one.factory != "attribute_ruler":
            further = "".join(f"{layer}, " for layer in sorted(one.writes - {"entities"}))
            found.append(
                NotServed(what=f"component {one.name}", reason=_OWN.format(factory=one.factory, further=further))
            )
    if loaded.nlp.vocab.vectors_length:
        found.append(NotServed(what="word vectors", reason=_VECTORS))
    if own:
        undeclared = set(registered()) - set(extensions.declared)
        found += [NotServed(what=f"custom attribute {name}", reason=_UNDECLARED) for name in sorted(undeclared)]
    return found


def _categories(loaded: LoadedPipeline) -> CategoryLabels | None:
    if "categories" not in loaded.layers:
        return None
    classifiers = [one for one in loaded.plan.components if "categories" in one.writes]
    labels: dict[str, None] = {}
    for one in classifiers:
        labels.update(dict.fromkeys(getattr(loaded.nlp.get_pipe(one.name), "labels", ())))
    exclusive = [one.factory for one in classifiers] == ["textcat"]
    return CategoryLabels(labels=list(labels), exclusive=exclusive)


def _span_keys(loaded: LoadedPipeline) -> list[str]:
    keys: dict[str, None] = {}
    for one in loaded.plan.components:
        if "spans" in one.writes:
            key = group_key(loaded.nlp.get_pipe(one.name))
            keys.update({} if key is None else {key: None})
    return list(keys)
