"""Load a spaCy pipeline by its name and say what it computes.

All enabled components are loaded, because each computes something that a caller may ask for. Of the disabled ones only
a component that sets sentence boundaries is, where the plan (`component_plan.py`) uses it in place of a slower one.
"""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from functools import partial
from typing import Any

import spacy
from spacy.language import Language
from spacy.util import load_config

from spanwise.pipelines.annotations import Layers
from spanwise.pipelines.entities.component_plan import BOUNDARIES, Plan, plan_of
from spanwise.pipelines.entities.extensions import is_computed
from spanwise.pipelines.entities.mapped_vectors import map_vectors
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.load_errors import PipelineError
from spanwise.pipelines.load_reasons import why_broken
from spanwise.pipelines.specs import leave_out, locate


@dataclass(frozen=True, slots=True)
class LoadedPipeline:
    """A spaCy pipeline, which of its components run for which layers, and which layers it computes."""

    nlp: Language
    plan: Plan
    layers: Layers
    disabled: tuple[str, ...]
    """The components that the pipeline's own configuration or the caller disables."""
    reload: Callable[[], "LoadedPipeline"]
    """Loads the same pipeline again."""


def load(source: str, disable: Collection[str] = (), extensions: Extensions | None = None) -> LoadedPipeline:
    """Load a package or folder without the components to disable. Raises `PipelineError`."""
    folder = locate(source)
    try:
        config = load_config(folder / "config.cfg")
        left_out = leave_out(source, config, disable)
        off = [name for name in config["nlp"].get("disabled", ()) if name not in left_out]
        spare = {name for name in off if config["components"][name].get("factory") in BOUNDARIES}
        nlp = spacy.load(folder, exclude=[*left_out, *(name for name in off if name not in spare)])
        map_vectors(nlp.vocab, folder)
        plan = plan_of(nlp)
        keep_labels(nlp, plan)
    except PipelineError:
        raise
    except Exception as error:
        raise why_broken(source, folder, error) from error
    disabled = (*off, *left_out)
    for name in set(nlp.disabled) - {plan.boundaries.name}:
        nlp.remove_pipe(name)
    nlp.max_length = sys.maxsize  # the service checks a limit of its own before any work is done
    layers = _layers(nlp, plan, extensions or Extensions())
    return LoadedPipeline(nlp, plan, layers, disabled, partial(load, source, disable, extensions))


def keep_labels(nlp: Language, plan: Plan) -> None:
    """Keep the labels of rules in the string store for good.

    A recognizer learns of such a label when it first meets one, which may be within a memory zone, at whose end new
    strings are forgotten.
    """
    for one in plan.components:
        ruler: Any = nlp.get_pipe(one.name)
        for label in ruler.labels if one.is_ruler else ():
            nlp.vocab.strings.add(label)


def _layers(nlp: Language, plan: Plan, extensions: Extensions) -> Layers:
    """Return the layers that the pipeline computes: tokens and sentences always, the others where something does.

    Declared custom attributes are those of components of the user's own, and those that a getter computes.
    """
    written: Layers = frozenset({"sentences", "tokens"})
    written = written.union(*(one.writes for one in plan.components))
    has_parser = any(one.factory == "parser" for one in plan.components)
    if not (has_parser and nlp.vocab.get_noun_chunks):
        written -= {"noun_chunks"}
    has_own = any(one.is_opaque for one in plan.components)
    if extensions and (has_own or any(map(is_computed, extensions.declared))):
        written |= {"extensions"}
    return written
