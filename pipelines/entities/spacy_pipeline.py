"""Load a spaCy pipeline by its name, with just the components that entities and sentences need.

spaCy's packages bring taggers, lemmatizers and parsers that cost memory and time and change nothing about entities.
They are left out when that is certain: when the only component that writes entities is one `ner`. A pipeline with
anything else that may read or write entities around it (an entity_ruler, an attribute_ruler that sets more than
grammar, a sentencizer before the `ner`, a component of the user's own) is loaded and run whole, in its own order, so
that every component keeps its meaning.
"""

import sys
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import spacy
from spacy.language import Language
from spacy.util import load_config
from srsly import read_msgpack  # type: ignore[import-untyped]

from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES, SENTENCES, Layer, Layers
from spanwise.pipelines.entities.engine import Chains
from spanwise.pipelines.entities.spacy_layers import SPACY_LAYERS
from spanwise.pipelines.load_errors import PipelineError
from spanwise.pipelines.load_reasons import why_broken
from spanwise.pipelines.specs import leave_out, locate

_RULE_SENTENCES = "spanwise_sentencizer"

# spaCy's own factories that change nothing about the entities of a lone `ner`.
_ENTITY_NEUTRAL = frozenset(
    {
        "attribute_ruler",
        "curated_transformer",
        "lemmatizer",
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
_SOURCED = "another pipeline's"  # a component copied from another pipeline names no factory: it may be anything
_ENCODERS = frozenset({"tok2vec", "transformer", "curated_transformer"})
_BOUNDARIES = ("senter", "parser", "sentencizer")  # the cheapest first
_RESTRICTING_BOUNDARIES = frozenset({"senter", "sentencizer"})
"""What restricts the `ner` when it stands before it. A `parser`, which stands there in spaCy's packages, does not."""

_HARMLESS_ATTRIBUTES = frozenset({"TAG", "POS", "MORPH", "LEMMA", "DEP"})
"""Attributes that an attribute_ruler may write without changing the input or the answer of a `ner`."""


@dataclass(frozen=True, slots=True)
class LoadedPipeline:
    """A spaCy pipeline, and which of its components to run for which layer."""

    nlp: Language
    chains: Chains
    has_entities: bool
    whole: bool
    """Whether it runs as a whole, in its own order, because more than a recognizer may read or write entities."""

    @property
    def layers(self) -> Layers:
        """The layers that it computes."""
        return (ENTITIES_AND_SENTENCES if self.has_entities else SENTENCES) | frozenset(self.chains.further)


def load(source: str, disable: Iterable[str] = ()) -> LoadedPipeline:
    """Load a package or folder, with only the components that its layers need. Raises `PipelineError`."""
    folder = locate(source)
    try:
        config = load_config(folder / "config.cfg")
        left_out = leave_out(source, config, disable)
        plan = _Plan.of(config, folder)
        nlp = spacy.load(folder, exclude=[*plan.excluded, *left_out])
    except PipelineError:
        raise
    except Exception as error:
        raise why_broken(source, folder, error) from error
    if not plan.boundaries:
        nlp.add_pipe("sentencizer", name=_RULE_SENTENCES)
    nlp.max_length = sys.maxsize  # the service checks a limit of its own before any work is done
    return LoadedPipeline(nlp, plan.chains, plan.has_entities, plan.whole)


@dataclass(frozen=True, slots=True)
class _Plan:
    chains: Chains
    excluded: list[str]
    boundaries: bool
    has_entities: bool
    whole: bool = False

    @classmethod
    def of(cls, config: Mapping[str, Any], folder: Path) -> "_Plan":
        components = config["components"]
        names: list[str] = list(config["nlp"]["pipeline"])
        disabled = set(config["nlp"].get("disabled", ()))
        kinds = {name: components[name].get("factory", _SOURCED) for name in names}
        enabled = [name for name in names if name not in disabled]
        writers = [
            name
            for name in enabled
            if kinds[name] not in _ENTITY_NEUTRAL
            or (kinds[name] == "attribute_ruler" and not _is_harmless(folder / name))
        ]
        before = {kinds[name] for name in enabled[: enabled.index(writers[0])]} if writers else set()
        if [kinds[name] for name in writers] not in ([], ["ner"]) or before & _RESTRICTING_BOUNDARIES:
            return cls._whole(enabled, kinds, sorted(disabled))
        source = next((name for kind in _BOUNDARIES for name in names if kinds[name] == kind), None)
        further = _further(enabled, kinds)
        needed = [*writers, *([source] if source else []), *(name for chain in further.values() for name in chain)]
        listening = any(_listens(components[name]) for name in needed)
        encoders = [name for name in enabled if kinds[name] in _ENCODERS and listening]
        chains = Chains(tuple(encoders), tuple(writers), (source or _RULE_SENTENCES,), further)
        if len(encoders) > 1:  # a component's vectors depend on where it stands among the encoders
            return replace(cls._whole(enabled, kinds, sorted(disabled)), has_entities=bool(writers))
        excluded = [name for name in names if name not in {*encoders, *needed}]
        return cls(chains, excluded, boundaries=source is not None, has_entities=bool(writers))

    @classmethod
    def _whole(cls, enabled: list[str], kinds: Mapping[str, str], excluded: list[str]) -> "_Plan":
        boundaries = any(kinds[name] in _BOUNDARIES for name in enabled)
        further: dict[Layer, tuple[str, ...]] = dict.fromkeys(
            _further(enabled, kinds), ()
        )  # their components run anyway
        chains = Chains(tuple(enabled), (), () if boundaries else (_RULE_SENTENCES,), further)
        return cls(chains, excluded, boundaries=boundaries, has_entities=True, whole=True)


def _further(enabled: list[str], kinds: Mapping[str, str]) -> dict[Layer, tuple[str, ...]]:
    """Return the components of each layer that is computed by all components of some factories."""
    chains = {
        layer: tuple(name for name in enabled if kinds[name] in source.factories)
        for layer, source in SPACY_LAYERS.items()
    }
    return {layer: names for layer, names in chains.items() if names}


def _is_harmless(attribute_ruler: Path) -> bool:
    """Return whether the rules in the component's folder set nothing that concerns entities."""
    try:
        rules = read_msgpack(attribute_ruler / "patterns")
        return all(str(name).upper() in _HARMLESS_ATTRIBUTES for rule in rules for name in rule["attrs"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def _listens(component: Any) -> bool:
    """Return whether a component's model takes its vectors from a shared encoder."""
    if isinstance(component, Mapping):
        if "Listener" in str(component.get("@architectures", "")):
            return True
        return any(_listens(part) for part in component.values())
    return False
