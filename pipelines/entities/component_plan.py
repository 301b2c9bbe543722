"""The plan of a pipeline: what each spaCy component writes and reads, and so which ones the layers of a text need.

Components that no wanted layer needs are not run, and those that run, run in the pipeline's own order. The rule: an
answer equals what spaCy gives with just the components that its layers need. What spaCy documents of its own
components is used here. A component that is not spaCy's may read and write anything, so it always runs, and everything
before it too.
"""

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any

from spacy.language import Language

from spanwise.pipelines.annotations import Layer, Layers
from spanwise.pipelines.entities.compiled.comparison import SAMPLE
from spanwise.pipelines.entities.compiled.lemma_rules import reads_starts
from spanwise.pipelines.entities.spacy_layers import (
    CLASSIFIERS,
    ENTITY_RULERS,
    RECOGNIZERS,
    SPACY_LAYERS,
    SPAN_FINDERS,
    SPAN_RULER,
)
from spanwise.pipelines.entities.word_flags import WORD_FLAGS

RULE_SENTENCES = "spanwise_sentencizer"
"""The name of the sentencizer that is added where a pipeline sets no sentence boundaries itself."""

ENCODERS = frozenset({"tok2vec", "transformer", "curated_transformer"})
BOUNDARIES = ("senter", "parser", "sentencizer")
"""The factories whose components set sentence boundaries, the cheapest first."""

_RESTRICTING = frozenset({"senter", "sentencizer"})
"""What restricts the `ner` and the `parser` behind it. A `parser`, which spaCy's packages have before the `ner`, is
run before the `ner` only where something else needs it."""

_KNOWN = ENCODERS.union(*(layer.factories for layer in SPACY_LAYERS.values()))
_UNREAD = CLASSIFIERS | SPAN_FINDERS
"""What these write, categories and groups of spans, is read by no component of spaCy's but those of the same kind."""

_HARMLESS_ATTRIBUTES = frozenset({"TAG", "POS", "MORPH", "LEMMA", "DEP"})
"""Attributes that an attribute_ruler may write without changing the input or the answer of a trained component."""

_LEXICAL_KEYS = WORD_FLAGS | {
    "IS_OOV",
    "LENGTH",
    "LOWER",
    "NORM",
    "OP",
    "ORTH",
    "PREFIX",
    "SHAPE",
    "SPACY",
    "SUFFIX",
    "TEXT",
}
"""Keys of patterns that depend on the text alone: a ruler with no others needs no component before it."""

_TEXTUAL_SUGGESTERS = frozenset({"spacy.ngram_suggester.v1", "spacy.ngram_range_suggester.v1"})

_ASSIGNED: Mapping[str, Layer] = {
    "doc.ents": "entities",
    "doc.cats": "categories",
    "doc.spans": "spans",
    "doc.sents": "sentences",
    "token.is_sent_start": "sentences",
    "token.ent_iob": "entities",
    "token.ent_type": "entities",
    **dict.fromkeys(("token.tag", "token.pos", "token.morph", "token.lemma", "token.dep", "token.head"), "tokens"),
}
"""The layers that a component of the user's own writes, by what it declares as `assigns`."""

_TOKEN_PATHS: Mapping[str, str] = {
    "ENT_IOB": "token.ent_iob",
    "ENT_TYPE": "token.ent_type",
    "SENT_START": "token.is_sent_start",
    "IS_SENT_START": "token.is_sent_start",
}

_ATTRIBUTES: Mapping[str, Layer] = {
    "ENT_IOB": "entities",
    "SENT_START": "sentences",
    **dict.fromkeys(("TAG", "POS", "MORPH", "LEMMA", "DEP"), "tokens"),
}
"""The layers that attributes of tokens belong to."""


@dataclass(frozen=True, slots=True)
class Component:
    """An enabled component: its name in the pipeline, its factory, and what it writes and reads."""

    name: str
    factory: str
    writes: Layers
    is_opaque: bool = False
    """Whether it may read and write anything: the user's own, and those of spaCy's that change what others wrote."""
    hears: bool = False
    """Whether its model takes vectors from the encoders before it."""
    reads_all: bool = False
    """Whether it reads whatever the components before it write."""
    declares: bool = True
    """Whether it says what it writes. spaCy's own do; the user's own may, by `assigns`."""
    reads_starts: bool = False
    """Whether it reads where sentences begin: the Spanish lemmatizer does."""

    @property
    def is_ruler(self) -> bool:
        """Whether it finds entities or spans by rules of spaCy's."""
        return not self.is_opaque and (self.factory in ENTITY_RULERS or self.factory == SPAN_RULER)


@dataclass(frozen=True)
class Plan:
    """Which components run for which layers. Made by `plan_of`."""

    components: tuple[Component, ...]
    """In the pipeline's order, without the disabled ones."""
    boundaries: Component
    """What sets sentence boundaries where no other layer makes a component run that sets them."""
    is_intertwined: bool
    """Whether more than one recognizer reads or writes entities, so that they depend on everything before them.

    Rulers of the text alone do not count: they give the recognizer entities, or change its entities afterwards.
    """
    keeps_to_boundaries: bool = False
    """Whether the boundaries stand before the recognizer, which then keeps to them, and nothing else sets any."""
    _chains: dict[Layers, tuple[str, ...]] = field(init=False, default_factory=dict, compare=False, repr=False)

    @property
    def recognizer(self) -> str | None:
        """The component that finds the entities by itself; None where there is none, or where several do together.

        Rulers behind it are left out: they change its entities, and nothing that it sees.
        """
        if self.is_intertwined:
            return None
        return next((one.name for one in self.components if "entities" in one.writes and not one.is_ruler), None)

    @property
    def rulers(self) -> tuple[Component, ...]:
        """The rulers that depend on the text and on entities before them alone; none where more depends on them."""
        if self.is_intertwined:
            return ()
        return tuple(one for one in self.components if one.is_ruler and not one.reads_all)

    def chain(self, layers: Layers) -> tuple[str, ...]:
        """Return the names of the components to run for these layers, in order; kept, since few sets are asked for.

        Boundaries that nothing else needs come last, because they restrict a recognizer: the entities of a text are the
        same whether its sentences are asked for or not.
        """
        if (found := self._chains.get(layers)) is None:
            found = self._chains[layers] = self._chain(layers)
        return found

    def without(self, names: Collection[str]) -> "Plan":
        """Return the plan without components that something else computes, and whose answers no other one reads."""
        return replace(self, components=tuple(one for one in self.components if one.name not in names))

    def before_recognizer(self, names: Sequence[str]) -> int:
        """Return how many components of a chain run before the recognizer's turn."""
        order = [one.name for one in self.components]
        turn = order.index(self.recognizer) if self.recognizer else 0
        return sum(name in order[:turn] for name in names)

    def sets_boundaries(self, layers: Layers) -> bool:
        """Return whether these layers, besides the sentences themselves, make a component run that sets boundaries."""
        return self._sets_boundaries(self._needed(layers - {"sentences"}))

    def _chain(self, layers: Layers) -> tuple[str, ...]:
        needed = self._needed(layers - {"sentences"})
        late: tuple[str, ...] = ()
        if "sentences" in layers:
            if self.is_intertwined or self._sets_boundaries(needed):
                needed = self._needed(layers)
            else:
                late = (self.boundaries.name,)
                needed.update(self._read_by(self.boundaries, self.components))
        return (*(one.name for one in self.components if one.name in needed and one.name not in late), *late)

    def _needed(self, layers: Layers) -> set[str]:
        """Return the components that write these layers, and whatever those read."""
        needed: set[str] = set()
        for place in range(len(self.components) - 1, -1, -1):
            one = self.components[place]
            if one.is_opaque or not one.writes.isdisjoint(layers) or one.name in needed:
                needed.add(one.name)
                needed.update(self._read_by(one, self.components[:place]))
        return needed

    def _read_by(self, one: Component, before: Collection[Component]) -> Iterable[str]:
        for other in before:
            if (
                (one.hears and other.factory in ENCODERS)
                or one.is_opaque
                or (one.reads_all and other.factory not in _UNREAD)
                or (one.factory in SPAN_FINDERS and "spans" in other.writes)
                or (one.reads_starts and "sentences" in other.writes)
                or (one.factory in {"ner", "beam_ner", "parser"} and other.factory in _RESTRICTING)
            ):
                yield other.name

    def _sets_boundaries(self, needed: Collection[str]) -> bool:
        return any(one.name in needed and "sentences" in one.writes for one in self.components)


def plan_of(nlp: Language) -> Plan:
    """Read the plan off a loaded pipeline. Where it sets no sentence boundaries, a sentencizer is added to it.

    What a component of the user's own writes and does not declare is looked for in its answers to built-in texts.
    Raises whatever such a component raises.
    """
    components = [component_of(nlp, name) for name in nlp.pipe_names]
    if not all(one.declares for one in components):
        seen = _seen(nlp).difference(*(one.writes for one in components))
        components = [one if one.declares else replace(one, writes=one.writes | seen) for one in components]
    writers = [one for one in components if "entities" in one.writes or one.is_opaque]
    turn = next((place for place, one in enumerate(components) if one.factory in RECOGNIZERS), 0)
    restricting = [one for one in components[:turn] if one.factory in _RESTRICTING]
    setting = [one for one in components if "sentences" in one.writes]
    is_intertwined = (
        not _are_in_turn(writers)
        or (bool(restricting) and len(setting) > 1)
        or sum(one.factory in ENCODERS for one in components) > 1  # vectors depend on where a component stands
    )
    keeps_to_boundaries = bool(restricting) and not is_intertwined
    boundaries = _boundaries(nlp, components, may_enable=not is_intertwined and not keeps_to_boundaries)
    if boundaries is None:
        nlp.add_pipe("sentencizer", name=RULE_SENTENCES)
        boundaries = component_of(nlp, RULE_SENTENCES)
        components.append(boundaries)
    if is_intertwined:
        components = [replace(one, reads_all=True) if one.factory in RECOGNIZERS else one for one in components]
    return Plan(tuple(components), boundaries, is_intertwined, keeps_to_boundaries)


def _are_in_turn(writers: Sequence[Component]) -> bool:
    """Return whether entities come of at most one recognizer and of rulers of the text alone before and behind it."""
    others = [one for one in writers if not (one.is_ruler and not one.reads_all)]
    return not others or (len(others) == 1 and others[0].factory in RECOGNIZERS and not others[0].is_opaque)


def _boundaries(nlp: Language, components: Iterable[Component], *, may_enable: bool) -> Component | None:
    """Return the cheapest component that sets boundaries; it may be a disabled one, as in spaCy's own packages."""
    disabled = [component_of(nlp, name) for name in nlp.disabled] if may_enable else []
    setting = [one for one in (*components, *disabled) if "sentences" in one.writes]
    return min(
        setting, key=lambda one: BOUNDARIES.index(one.factory) if one.factory in BOUNDARIES else -1, default=None
    )


def _seen(nlp: Language) -> Layers:
    """Return the layers that the whole pipeline fills in for built-in texts."""
    seen: set[Layer] = set()
    for doc in nlp.pipe(text for text in SAMPLE if text):  # no caller sends an empty one
        seen.update(layer for attribute, layer in _ATTRIBUTES.items() if doc.has_annotation(attribute))
        if doc.cats:
            seen.add("categories")
        if doc.spans:
            seen.add("spans")
    return frozenset(seen)


def is_known(nlp: Language, name: str) -> bool:
    """Return whether a component is one of spaCy's, whose reading and writing is known."""
    factory = nlp.get_pipe_meta(name).factory
    module = type(nlp.get_pipe(name)).__module__
    return factory in _KNOWN and (factory in ENCODERS or module.partition(".")[0] == "spacy")


def component_of(nlp: Language, name: str) -> Component:
    """Describe a component of a pipeline, an enabled or a disabled one."""
    component: Any = nlp.get_pipe(name)
    meta = nlp.get_pipe_meta(name)
    factory = meta.factory
    config: Any = nlp.get_pipe_config(name)
    if not is_known(nlp, name) or (factory == "attribute_ruler" and not _is_harmless(component)):
        assigned = [str(path) for path in meta.assigns]
        if factory == "attribute_ruler":
            assigned += ["token.tag", *(_TOKEN_PATHS.get(name, "") for name in _attributes_set(component))]
        # Without a word of what it writes nobody can tell; a caller who asks for entities gets those it writes.
        written: set[Layer] = {_ASSIGNED[path] for path in assigned if path in _ASSIGNED}
        if not assigned:
            written.add("entities")
        if "tokens" in written:
            written.add("noun_chunks")
        return Component(name, factory, frozenset(written), is_opaque=True, reads_all=True, declares=bool(assigned))
    writes: Layers = frozenset(layer for layer, computed in SPACY_LAYERS.items() if factory in computed.factories)
    if factory == SPAN_RULER and component.annotate_ents:
        writes |= {"entities"}
    reads_all = _reads_all(factory, component, config)
    return Component(
        name, factory, writes, hears=_listens(config), reads_all=reads_all, reads_starts=reads_starts(component)
    )


def _reads_all(factory: str, component: Any, config: Mapping[str, Any]) -> bool:
    if factory in ENTITY_RULERS or factory == SPAN_RULER:
        return not _is_lexical(component)
    if factory in SPAN_FINDERS and "suggester" in config:
        suggester = config["suggester"].get("@misc")
        return suggester not in _TEXTUAL_SUGGESTERS and suggester != "spacy.preset_spans_suggester.v1"
    if factory == "attribute_ruler":
        return not _keys(component) <= _LEXICAL_KEYS | _HARMLESS_ATTRIBUTES
    return factory == "entity_linker"


def _keys(attribute_ruler: Any) -> set[str]:
    """Return what patterns ask of tokens."""
    patterns = (pattern for rule in attribute_ruler.patterns for pattern in rule["patterns"])
    return {str(key).upper() for pattern in patterns for token in pattern for key in token}


def _is_lexical(ruler: Any) -> bool:
    """Return whether all patterns of a ruler depend on the text alone."""
    attribute = str(getattr(ruler, "phrase_matcher_attr", None) or "ORTH").upper()
    if attribute not in _LEXICAL_KEYS:
        return False
    return all(
        isinstance(pattern["pattern"], str)
        or all(str(key).upper() in _LEXICAL_KEYS for token in pattern["pattern"] for key in token)
        for pattern in ruler.patterns
    )


def _is_harmless(attribute_ruler: Any) -> bool:
    """Return whether the rules set nothing but grammar."""
    return _attributes_set(attribute_ruler) <= _HARMLESS_ATTRIBUTES


def _attributes_set(attribute_ruler: Any) -> set[str]:
    return {str(name).upper() for rule in attribute_ruler.patterns for name in rule["attrs"]}


def _listens(config: Any) -> bool:
    """Return whether a component's model takes its vectors from a shared encoder."""
    if isinstance(config, Mapping):
        if "Listener" in str(config.get("@architectures", "")):
            return True
        return any(_listens(part) for part in config.values())
    return False
