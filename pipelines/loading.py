"""From a name to a loaded spaCy pipeline that holds just the components its features need.

spaCy's packages bring taggers, lemmatizers and parsers that cost memory and time and change nothing about entities.
They are left out when that is certain: when the only component that writes entities is one `ner`. A pipeline with
anything else that may read or write entities around it (an entity_ruler, a component of the user's own) is loaded
and run whole, in its own order, so that every component keeps its meaning.
"""

import sys
from collections.abc import Mapping
from dataclasses import dataclass
from importlib import import_module
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.util import get_model_meta, load_config

from pipelines.engine import Chains
from pipelines.errors import PipelineBroken, PipelineNotFound, PipelineSpecError

_RULE_SENTENCES = "spanwise_sentencizer"

# Factories of spaCy's own that neither read nor write entities in a way that changes the answer of a lone `ner`.
_BESIDE_THE_POINT = frozenset(
    {
        "attribute_ruler",
        "curated_transformer",
        "lemmatizer",
        "merge_noun_chunks",
        "morphologizer",
        "parser",
        "senter",
        "sentencizer",
        "tagger",
        "textcat",
        "textcat_multilabel",
        "tok2vec",
        "trainable_lemmatizer",
        "transformer",
    }
)
_SOURCED = "another pipeline's"  # a component that is copied from elsewhere names no factory: anything may be in it
_ENCODERS = frozenset({"tok2vec", "transformer", "curated_transformer"})
_BOUNDARIES = ("senter", "parser", "sentencizer")  # the cheapest first


@dataclass(frozen=True, slots=True)
class PipelineSpec:
    """One entry of the setting: the language that callers name, and an installed package or a folder."""

    language: str
    source: str


@dataclass(frozen=True, slots=True)
class LoadedPipeline:
    """A spaCy pipeline and which of its components to run for what."""

    nlp: Language
    chains: Chains
    has_entities: bool


def parse_specs(setting: str) -> list[PipelineSpec]:
    """`"en=en_core_web_sm,fr=/models/fr"` as specs, the default pipeline first. Raises `PipelineSpecError`."""
    specs = []
    for entry in filter(None, (part.strip() for part in setting.split(","))):
        language, equals, source = (part.strip() for part in entry.partition("="))
        if not (language and equals and source):
            raise PipelineSpecError("Name each pipeline as language=package, with commas between: en=en_core_web_sm.")
        specs.append(PipelineSpec(language, source))
    if not specs:
        raise PipelineSpecError("At least one pipeline is needed: en=en_core_web_sm.")
    languages = [spec.language for spec in specs]
    if len(set(languages)) < len(languages):
        raise PipelineSpecError("Each language can have one pipeline only.")
    return specs


def locate(source: str) -> Path:
    """The folder that holds the data of an installed package, or the folder itself. Raises `PipelineNotFound`.

    Imports no spaCy package that is not there and loads no weights: cheap enough to be asked before anything starts.
    """
    folder = Path(source)
    if (folder / "config.cfg").is_file():
        return folder
    try:
        found = source.isidentifier() and find_spec(source) is not None
    except (ImportError, ValueError):
        found = False
    if not found:
        raise PipelineNotFound(
            f"There is no pipeline {source!r}: no installed package and no folder with a config.cfg."
        )
    package = Path(import_module(source).__file__ or "").parent
    for config in sorted(package.glob("*/config.cfg")):
        return config.parent
    raise PipelineNotFound(f"The package {source!r} holds no spaCy pipeline.")


def load(source: str) -> LoadedPipeline:
    """Load a package or folder, with only what entities and sentences need. Raises `PipelineError`."""
    folder = locate(source)
    try:
        config = load_config(folder / "config.cfg")
        plan = _Plan.of(config)
        nlp = spacy.load(folder, exclude=plan.excluded)
    except Exception as error:
        reason = str(error).splitlines()[0] if str(error) else type(error).__name__
        raise PipelineBroken(f"The pipeline {source!r} cannot be loaded: {reason}") from error
    if not plan.boundaries:
        nlp.add_pipe("sentencizer", name=_RULE_SENTENCES)
    nlp.max_length = sys.maxsize  # the service has a limit of its own, which is told before any work is done
    return LoadedPipeline(nlp, plan.chains, plan.has_entities)


def package_version(source: str) -> str:
    """`"en_core_web_sm 3.8.0"`, from the pipeline's own meta data, without loading it."""
    meta = get_model_meta(locate(source))
    return f"{meta['lang']}_{meta['name']} {meta['version']}"


@dataclass(frozen=True, slots=True)
class _Plan:
    chains: Chains
    excluded: list[str]
    boundaries: bool
    has_entities: bool

    @classmethod
    def of(cls, config: Mapping[str, Any]) -> "_Plan":
        components = config["components"]
        names: list[str] = list(config["nlp"]["pipeline"])
        disabled = set(config["nlp"].get("disabled", ()))
        kinds = {name: components[name].get("factory", _SOURCED) for name in names}
        enabled = [name for name in names if name not in disabled]
        writers = [name for name in enabled if kinds[name] not in _BESIDE_THE_POINT]
        if [kinds[name] for name in writers] not in ([], ["ner"]):
            return cls._whole(enabled, kinds, sorted(disabled))
        source = next((name for kind in _BOUNDARIES for name in names if kinds[name] == kind), None)
        needed = [*writers, *([source] if source else [])]
        listening = any(_listens(components[name]) for name in needed)
        encoders = [name for name in enabled if kinds[name] in _ENCODERS and listening]
        chains = Chains(tuple(encoders), tuple(writers), (source or _RULE_SENTENCES,))
        excluded = [name for name in names if name not in {*encoders, *needed}]
        return cls(chains, excluded, boundaries=source is not None, has_entities=bool(writers))

    @classmethod
    def _whole(cls, enabled: list[str], kinds: Mapping[str, str], excluded: list[str]) -> "_Plan":
        boundaries = any(kinds[name] in _BOUNDARIES for name in enabled)
        chains = Chains(tuple(enabled), (), () if boundaries else (_RULE_SENTENCES,))
        return cls(chains, excluded, boundaries=boundaries, has_entities=True)


def _listens(component: Any) -> bool:
    """Whether a component's model takes its vectors from a shared encoder."""
    if isinstance(component, Mapping):
        if "Listener" in str(component.get("@architectures", "")):
            return True
        return any(_listens(part) for part in component.values())
    return False
