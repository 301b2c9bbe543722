"""Decide which text classifiers of a pipeline the kernels compute, and put their scores beside those of spaCy's.

Each classifier is judged by itself: one that the kernels do not know, or that scores the built-in sample differently,
is left to spaCy, and the others stay compiled.
"""

from collections.abc import Callable, Collection, Mapping, Sequence
from math import isclose

from spacy.language import Language

from spanwise.pipelines.annotations import CATEGORIES, Layers
from spanwise.pipelines.entities.compilable import Kind, read_known
from spanwise.pipelines.entities.compiled.classifiers import Classifier, read_classifier
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.component_plan import Plan
from spanwise.pipelines.entities.engine import Engine
from spanwise.pipelines.entities.spacy_layers import CLASSIFIERS

TOLERANCE = 1e-4
"""By how much a score may differ from spaCy's; of scores that are no probabilities, by how large a part of it."""

_KIND = Kind(
    CLASSIFIERS,
    beside_opaque="a component that is not spaCy's may read and write categories",
    beside_extensions="a declared custom attribute may be computed from categories",
)

Categories = Mapping[str, float]
Merge = Callable[[Categories, Categories], dict[str, float]]


def compilable_classifiers(nlp: Language, plan: Plan, layers: Layers) -> tuple[dict[str, Classifier], dict[str, str]]:
    """Read the pipeline's classifiers. Returns those that are known, and for each of the others the reason why not."""
    return read_known(nlp, plan, layers, _KIND, read_classifier)


def differing_classifiers(
    engine: Engine, reference: Engine, classifiers: Mapping[str, Sequence[str]], texts: Sequence[str] = SAMPLE
) -> dict[str, str]:
    """Return the compiled classifiers whose scores of some texts differ from spaCy's, each with the reason.

    `classifiers` has their labels. Empty texts are left out: spaCy scores them by the other texts of their batch.
    """
    texts = [text for text in texts if text]
    asked = [CATEGORIES] * len(texts)
    counts = dict.fromkeys(classifiers, 0)
    for one, other in zip(engine.annotate(texts, asked), reference.annotate(texts, asked), strict=True):
        mine, theirs = one.categories or {}, other.categories or {}
        wrong = {label for label in mine.keys() | theirs.keys() if not _is_near(mine.get(label), theirs.get(label))}
        for name, labels in classifiers.items():
            counts[name] += not wrong.isdisjoint(labels)
    return {
        name: f"{count} of {len(texts)} built-in texts were scored differently"
        for name, count in counts.items()
        if count
    }


def _is_near(one: float | None, other: float | None) -> bool:
    return one is not None and other is not None and isclose(one, other, rel_tol=TOLERANCE, abs_tol=TOLERANCE)


def merger_of(nlp: Language, plan: Plan, compiled: Collection[str]) -> Merge:
    """Return a function that merges the scores of compiled classifiers with those of spaCy's.

    The labels come in the order of the pipeline. Where two classifiers have one label, the later one's score stays.
    """
    writers = [one.name for one in plan.components if "categories" in one.writes]
    sources = [(label, name in compiled) for name in writers for label in getattr(nlp.get_pipe(name), "labels", ())]

    def merge(mine: Categories, theirs: Categories) -> dict[str, float]:
        return {label: (mine if is_compiled else theirs)[label] for label, is_compiled in sources}

    return merge
