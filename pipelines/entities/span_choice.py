"""Decide which span categorizers of a pipeline the kernels compute, and put their groups of spans beside spaCy's.

Each categorizer is judged by itself, as text classifiers are (`classifier_choice.py`). It is left to spaCy, too, where
a component that spaCy runs may read its spans: then the two could not be merged.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from functools import partial
from typing import Any

from spacy.language import Language
from spacy.pipeline.spancat import preset_spans_suggester

from spanwise.pipelines.annotations import SPANS, LabelledSpan, Layers
from spanwise.pipelines.entities.compilable import Kind, read_known
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.span_categorizers import (
    SpanCategorizer,
    SpanRules,
    read_span_categorizer,
)
from spanwise.pipelines.entities.compiled.span_comparison import same_spans
from spanwise.pipelines.entities.component_plan import Component, Plan
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_layers import SPAN_CATEGORIZERS, SPAN_RULER

_KIND = Kind(
    SPAN_CATEGORIZERS,
    beside_opaque="a component that is not spaCy's may read and write spans",
    beside_extensions="a declared custom attribute may be computed from spans",
)

Spans = Sequence[LabelledSpan]
MergeSpans = Callable[[Spans, Spans], list[LabelledSpan]]


def compilable_categorizers(
    nlp: Language, plan: Plan, layers: Layers
) -> tuple[dict[str, SpanCategorizer], dict[str, str]]:
    """Read the pipeline's span categorizers. Returns those that are known, and of the others the reason why not."""
    found, reasons = read_known(nlp, plan, layers, _KIND, read_span_categorizer)
    for name, categorizer in tuple(found.items()):
        if reader := _reader_of(nlp, plan, categorizer.rules.key):
            reasons[name] = f"spaCy's {reader} may read its group of spans"
            del found[name]
    return found, reasons


def group_key(component: Any) -> str | None:
    """Return the name of the group of spans that a component of spaCy's writes; None where it writes none."""
    key = getattr(component, "key", None) or getattr(component, "cfg", {}).get("spans_key")
    return key if isinstance(key, str) else None


def _reader_of(nlp: Language, plan: Plan, key: str) -> str | None:
    """Return the name of a component that may read a group of spans: a ruler that adds to it, or a suggester."""
    return next((one.name for one in plan.components if _reads(one, nlp.get_pipe(one.name), key)), None)


def _reads(one: Component, component: Any, key: str) -> bool:
    if one.factory == SPAN_RULER:
        return group_key(component) == key
    if one.factory not in SPAN_CATEGORIZERS:
        return False
    suggester = component.suggester
    if isinstance(suggester, partial) and suggester.func is preset_spans_suggester:
        return bool(suggester.keywords.get("spans_key") == key)
    return one.reads_all


def differing_categorizers(
    engine: Engine, reference: Engine, categorizers: Mapping[str, SpanRules], texts: Sequence[str] = SAMPLE
) -> dict[str, str]:
    """Return the compiled categorizers whose spans of some texts differ from spaCy's, each with the reason."""
    asked = [SPANS] * len(texts)
    lasting = {rules.key: rules for rules in categorizers.values()}
    counts = dict.fromkeys(lasting, 0)
    for one, other in zip(engine.annotate(texts, asked), reference.annotate(texts, asked), strict=True):
        mine, theirs = _groups(one.spans), _groups(other.spans)
        for key, rules in lasting.items():
            counts[key] += not same_spans(mine.get(key, ()), theirs.get(key, ()), rules)
    return {
        name: f"the spans of {counts[rules.key]} of {len(texts)} built-in texts were labelled differently"
        for name, rules in categorizers.items()
        if counts[rules.key]
    }


def _groups(spans: Spans) -> dict[str, list[LabelledSpan]]:
    groups: dict[str, list[LabelledSpan]] = {}
    for span in spans:
        groups.setdefault(span.key, []).append(span)
    return groups


def span_merger_of(nlp: Language, plan: Plan, compiled: Collection[str]) -> MergeSpans:
    """Return a function that merges the spans of compiled categorizers with those of spaCy's components.

    The groups come in the order of the pipeline. Where two components write one group, the later one's spans stay.
    """
    writers = [one.name for one in plan.components if "spans" in one.writes]
    sources = {key: name in compiled for name in writers if (key := group_key(nlp.get_pipe(name))) is not None}

    def merge(mine: Spans, theirs: Spans) -> list[LabelledSpan]:
        ours, others = _groups(mine), _groups(theirs)
        return [span for key, is_compiled in sources.items() for span in (ours if is_compiled else others).get(key, ())]

    return merge
