"""Load a spaCy pipeline by its name and say what it computes.

All enabled components are loaded, because each computes something that a caller may ask for. Of the disabled ones only
a component that sets sentence boundaries is, where the plan (`component_plan.py`) uses it in place of a slower one.
"""

import sys
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any

from spacy.language import Language
from spacy.util import get_model_meta, load_config, load_model_from_config

from spanwise.pipelines.annotations import Layers
from spanwise.pipelines.entities.component_plan import BOUNDARIES, Plan, is_known, plan_of
from spanwise.pipelines.entities.extensions import is_computed
from spanwise.pipelines.entities.mapped_vectors import map_vectors
from spanwise.pipelines.entities.ruler_files import RulerFiles, Rules
from spanwise.pipelines.entities.word_tables import WORD_TABLE_MB
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
    """Loads the same pipeline again. Rulers without all of their phrases have few of them again."""
    ruler_files: RulerFiles
    """The rulers that do not hold all of their phrases, and these."""
    word_table_mb: int = WORD_TABLE_MB
    """What the kernels may keep of words; see `word_tables.py`."""


def load(
    source: str,
    disable: Collection[str] = (),
    extensions: Extensions | None = None,
    rules: Rules = "filled",
    word_table_mb: int = WORD_TABLE_MB,
) -> LoadedPipeline:
    """Load a package or folder without the components to disable. Raises `PipelineError`.

    `rules`: what rulers are to hold. Beside a component of the user's own, which may look at them, it is all.
    """
    folder = locate(source)
    try:
        config = load_config(folder / "config.cfg")
        left_out = leave_out(source, config, disable)
        off = [name for name in config["nlp"].get("disabled", ()) if name not in left_out]
        spare = {name for name in off if config["components"][name].get("factory") in BOUNDARIES}
        exclude = [*left_out, *(name for name in off if name not in spare)]
        # `config` has lost the components that are left out, which spaCy leaves out by itself
        nlp = load_model_from_config(load_config(folder / "config.cfg"), exclude=exclude, meta=get_model_meta(folder))
        if not all(is_known(nlp, name) for name in nlp.component_names):
            rules = "filled"
        ruler_files = RulerFiles(nlp, folder, rules)
        ruler_files.load(exclude)
        map_vectors(nlp.vocab, folder)
        plan = plan_of(nlp)
        if any(one.is_opaque for one in plan.components):
            ruler_files.fill()
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
    read = ruler_files.read  # and not the pipeline itself, which `reload` would keep alive

    def reload() -> LoadedPipeline:
        return load(source, disable, extensions, frozenset(read), word_table_mb)

    return LoadedPipeline(nlp, plan, layers, disabled, reload, ruler_files, word_table_mb)


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
