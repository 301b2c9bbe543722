"""Read the components of a pipeline's grammar, and list the networks and classes that they need of the kernels."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from spacy.language import Language

from spanwise.pipelines.entities.compiled.grammar_trees import LabelStage, TreeModel, read_trees
from spanwise.pipelines.entities.compiled.layers import MaxoutLayer, Tok2Vec
from spanwise.pipelines.entities.compiled.lemma_rules import LemmaStage, read_lemmatizer
from spanwise.pipelines.entities.compiled.token_classes import TokenClassifier, read_classifier
from spanwise.pipelines.entities.compiled.token_rules import TokenRules, read_rules
from spanwise.pipelines.entities.compiled.token_state import Stage
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.entities.component_plan import Component, Plan

_CLASSIFIERS = frozenset({"tagger", "morphologizer", "trainable_lemmatizer"})

Part = Stage | TokenRules | TokenClassifier | TreeModel


@dataclass(frozen=True, slots=True)
class CompiledStage:
    """A compiled component, and which of the classes that were chosen for a token are its own."""

    name: str
    stage: Stage | TokenRules
    choices: slice


@dataclass(slots=True)
class Network:
    """A tok2vec and the layers of classes over it."""

    tok2vec: Tok2Vec
    layers: list[tuple[MaxoutLayer, int]]
    is_parsed: bool = False
    """Whether a parser takes its vectors."""

    @property
    def choices(self) -> int:
        """How many classes its layers choose for a token."""
        return sum(best for _, best in self.layers)

    def spec(self, attributes: Sequence[str]) -> tuple[Any, ...]:
        """Describe the network for the kernels (`kernels/python/token_spec.h`)."""
        return self.tok2vec.spec(attributes), tuple((layer.spec, best) for layer, best in self.layers)


def read_grammar(nlp: Language, plan: Plan) -> tuple[list[CompiledStage], list[Network], TreeModel | None]:
    """Read all components that write the layer `tokens`. Raises `Unsupported`, with the component's name.

    Returns them, the networks in the order of the classes that they choose, and the parser.
    """
    read: list[tuple[str, Part]] = []
    for one in plan.components:
        if "tokens" not in one.writes and not one.is_opaque:
            continue
        try:
            read.append((one.name, _read_component(nlp, one)))
        except Unsupported as reason:
            raise Unsupported(f"{one.name}: {reason}") from reason
    parsers = [part for _, part in read if isinstance(part, TreeModel)]
    if parsers and sum("sentences" in one.writes for one in plan.components) > 1:
        raise Unsupported(f"{parsers[0].name}: components beside it set sentence boundaries")
    networks, places = _networks(read)
    total = sum(network.choices for network in networks)
    stages = []
    for name, part in read:
        if isinstance(part, TokenClassifier):
            network, place = places[name]
            first = sum(other.choices for other in networks[:network]) + place
            stages.append(CompiledStage(name, part.stage, slice(first, first + part.best)))
        elif isinstance(part, TreeModel):
            stages.append(CompiledStage(name, LabelStage(part.model.labels), slice(total, total + 1)))
        elif isinstance(part, LemmaStage) and part.reads_starts:
            if not any(isinstance(one.stage, LabelStage) for one in stages):
                raise Unsupported(f"{name}: it reads where sentences begin, which no parser before it says")
            stages.append(CompiledStage(name, part, slice(total + 1, total + 2)))
        else:
            stages.append(CompiledStage(name, part, slice(0, 0)))
    if sum(isinstance(one.stage, TokenRules) and one.stage.has_phrases for one in stages) > 1:
        raise Unsupported("patterns of several tokens in more than one attribute_ruler")
    return stages, networks, parsers[0] if parsers else None


def _networks(read: Sequence[tuple[str, Part]]) -> tuple[list[Network], dict[str, tuple[int, int]]]:
    """List the networks. Returns the number of each component's network and its place among the choices, too."""
    networks: list[Network] = []
    places: dict[str, tuple[int, int]] = {}
    shared: int | None = None
    for name, part in read:
        if not isinstance(part, TokenClassifier | TreeModel):
            continue
        number = shared if part.shared else None
        if number is None:
            number = len(networks)
            networks.append(Network(part.tok2vec, []))
            shared = number if part.shared else shared
        network = networks[number]
        if isinstance(part, TreeModel):
            network.is_parsed = True
            continue
        places[name] = number, network.choices
        network.layers.append((part.classes, part.best))
    return networks, places


def number_of_parsed(networks: Sequence[Network]) -> int:
    """Return the number of the network whose vectors a parser takes; 0 where there is no parser."""
    return next((number for number, network in enumerate(networks) if network.is_parsed), 0)


def _read_component(nlp: Language, one: Component) -> Part:
    """Read a component. Raises `Unsupported`."""
    if one.is_opaque:
        raise Unsupported("it may read and write anything")
    if one.factory in _CLASSIFIERS:
        return read_classifier(nlp, one.name)
    if one.factory == "parser":
        return read_trees(nlp, one.name)
    if one.factory == "attribute_ruler":
        return read_rules(nlp, one.name)
    if one.factory == "lemmatizer":
        return read_lemmatizer(nlp, one.name)
    raise Unsupported(f"there is no kernel for {one.factory}")
