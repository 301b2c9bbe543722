"""Compile entity_ruler and span_ruler: their matches are found by the kernels, and become spans as in spaCy.

Matching is the work for every token, and is done without the GIL (`kernels/spans/ruler.h`). What matches become is
decided in `ruler_spans.py`.
"""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import groupby
from operator import itemgetter
from struct import iter_unpack
from typing import Any, NamedTuple

from spacy.language import Language
from spacy.pipeline import EntityRuler, SpanRuler
from spacy.pipeline.span_ruler import prioritize_existing_ents_filter, prioritize_new_ents_filter
from spacy.strings import get_string_id
from spacy.util import filter_chain_spans

from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.entities.compiled.read_phrases import ReadPhrases
from spanwise.pipelines.entities.compiled.ruler_order import Match
from spanwise.pipelines.entities.compiled.ruler_patterns import (
    Patterns,
    Phrases,
    packed_phrases,
    read_patterns,
    read_phrases,
)
from spanwise.pipelines.entities.compiled.ruler_questions import RulerQuestions
from spanwise.pipelines.entities.compiled.ruler_spans import EntityRules, Keys, SpanRules, Spans
from spanwise.pipelines.entities.compiled.unsupported import Unsupported
from spanwise.pipelines.kernels import constants

_MATCH = "6I"  # `kernels/python/match_results.h`


Apply = Callable[[Spans, Sequence[Match]], None]


@dataclass(slots=True)
class Ruler:
    """A compiled ruler: its phrases and patterns, what its matches say, and how they become spans."""

    name: str
    phrases: Phrases | None
    patterns: Patterns
    apply: Apply

    def spec(self, symbols: Mapping[str, Any]) -> tuple[Any, Any]:
        """Describe the ruler for the kernels (`kernels/python/ruler_spec.h`)."""
        return (
            self.phrases.spec(symbols) if self.phrases else None,
            self.patterns.spec(symbols) if self.patterns.patterns else None,
        )


class Given(NamedTuple):
    """What the rulers before a recognizer have made of a text, and the matches of all rulers, by number."""

    spans: Spans
    matches: Mapping[int, Sequence[Match]]


class RulerSteps:
    """What the rulers of a pipeline do with matches, in its order. Any number of threads may share it."""

    def __init__(self, rulers: Sequence[Ruler], layers: Layers, before: int = 0) -> None:
        """`before`: how many of the rulers stand before the recognizer."""
        self.gives = before > 0
        """Whether rulers stand before the recognizer."""
        self._before = before
        self.names = tuple(ruler.name for ruler in rulers)
        self.layers = layers
        self._apply = tuple(ruler.apply for ruler in rulers)
        self._clears = any(isinstance(apply, SpanRules) and apply.clears for apply in self._apply)
        """Whether a text without matches may lose entities."""

    def begin(self, matches: bytes | None) -> Given:
        """Let the rulers before the recognizer go first. Raises ValueError if there were too many matches.

        `matches`: as the kernels give them.
        """
        if matches is None:
            raise ValueError(f"more than {constants.MOST_MATCHES} matches of a ruler's patterns in one text")
        rows: dict[int, list[Match]] = {}
        for number, group in groupby(iter_unpack(_MATCH, matches), key=itemgetter(0)):
            rows[number] = [Match(row[1] >> 1, bool(row[1] & 1), *row[2:]) for row in group]
        spans = Spans([])
        for number in range(self._before if rows else 0):
            self._apply[number](spans, rows.get(number, ()))
        return Given(spans, rows)

    def __call__(self, found: Annotations, given: Given, layers: Layers) -> None:
        """Change what was found in a text, beside what was given. `layers`: those that are wanted of the text."""
        spans, rows = given
        if not rows and not self._clears:
            return
        if spans.entities or spans.has_ids:
            spans.put(found.entities)
        else:
            spans.entities = found.entities
        for number in range(self._before, len(self._apply)):
            self._apply[number](spans, rows.get(number, ()))
        if "entities" in layers & self.layers:
            found.entities = spans.entities
        if "spans" in layers & self.layers:
            found.spans = spans.spans


class Rulers:
    """The compiled rulers of a pipeline: the tables for the kernels, and the steps after them."""

    def __init__(self, rulers: Sequence[Ruler], questions: RulerQuestions, layers: Layers, before: int = 0) -> None:
        """Take the rulers, what they ask of words, and the layers that they compute. Raises `Unsupported`.

        `before`: how many of them stand before the recognizer.
        """
        self.answers = tuple(questions.answers)
        self.steps = RulerSteps(rulers, layers, before)
        self._rulers = rulers
        self._symbols = questions.symbols()
        if len(self._symbols) > constants.MOST_SYMBOL_COLUMNS:
            raise Unsupported("patterns over too many attributes")

    @property
    def attributes(self) -> tuple[str, ...]:
        """The attributes of words that rulers look at."""
        return tuple(self._symbols)

    def spec(self, attributes: Sequence[str]) -> tuple[Any, ...]:
        """Describe the rulers for the kernels (`kernels/python/ruler_spec.h`). Answers come after the attributes."""
        return (
            tuple((attributes.index(name), values.tobytes()) for name, values in self._symbols.items()),
            tuple(range(len(attributes), len(attributes) + len(self.answers))),
            tuple(ruler.spec(self._symbols) for ruler in self._rulers),
        )


def read_rulers(
    nlp: Language,
    names: Sequence[str],
    layers: Layers,
    *,
    has_recognizer: bool,
    before: int = 0,
    read: Mapping[str, ReadPhrases] | None = None,
) -> Rulers:
    """Read rulers of a pipeline, in its order. Raises `Unsupported`, with the ruler's name.

    `layers`: those that they compute, with the recognizer if there is one; `before`: how many stand before that;
    `read`: the phrases of rulers that do not hold all of theirs.
    """
    questions = RulerQuestions(nlp.vocab)
    rulers: list[Ruler] = []
    for number, name in enumerate(names):
        follows = has_recognizer and number >= before
        try:
            phrases = (read or {}).get(name)
            rulers.append(_read(nlp, name, questions, phrases, has_entities=follows or bool(rulers)))
        except Unsupported as reason:
            raise Unsupported(f"{name}: {reason}") from reason
    questions.check_vocabulary()
    return Rulers(rulers, questions, layers, before)


def _read(
    nlp: Language, name: str, questions: RulerQuestions, read: ReadPhrases | None, *, has_entities: bool
) -> Ruler:
    component: Any = nlp.get_pipe(name)
    strings = nlp.vocab.strings
    keys: dict[int, str | None] = dict.fromkeys(component.matcher.__reduce__()[1][1])
    if read is None:
        keys |= {strings[key]: key for key in component.phrase_matcher.__reduce__()[1][1]}
    else:
        keys |= {get_string_id(key.string): key.string for key in read.keys}
    numbers = {key: number for number, key in enumerate(keys)}
    apply: Apply
    if type(component) is EntityRuler:
        known: dict[int, Any] = dict(component._ent_ids)  # noqa: SLF001 - nothing else says which id a key has
        if read is not None:
            known |= {get_string_id(key): named for key, named in read.named.items()}
        found = Keys((key, *(known.get(key) or (string or strings[key], None))) for key, string in keys.items())
        apply = EntityRules(found, component.overwrite)
    elif type(component) is SpanRuler:
        map_of_keys = component._match_label_id_map  # noqa: SLF001 - likewise
        known = {key: (one["label"], one["id"] or None) for key, one in map_of_keys.items()}
        if read is not None:
            known |= {get_string_id(key.string): (key.label, key.id) for key in read.keys}
        found = Keys((key, *known[key]) for key in keys)
        apply = _span_rules(component, found, has_entities=has_entities)
    else:
        raise Unsupported(f"rules by {type(component).__name__}")
    if "" in found.labels:
        raise Unsupported("a label without characters")
    if read is None:
        phrases = read_phrases(component.phrase_matcher, numbers, questions)
    else:
        phrases = packed_phrases(read, numbers, questions)
    return Ruler(name, phrases, read_patterns(component.matcher, numbers, questions), apply)


def _span_rules(component: Any, keys: Keys, *, has_entities: bool) -> SpanRules:
    """Return what makes spans of matches. Raises `Unsupported`."""
    if component.spans_filter not in (None, filter_chain_spans):
        raise Unsupported("a filter of spans that is not spaCy's")
    ents_filter = component.ents_filter if component.annotate_ents else None
    if ents_filter not in (None, filter_chain_spans, prioritize_new_ents_filter, prioritize_existing_ents_filter):
        raise Unsupported("a filter of entities that is not spaCy's")
    if ents_filter is filter_chain_spans and has_entities and not component.overwrite:
        raise Unsupported("a filter that compares the lengths of rules' entities with those of others")
    return SpanRules(keys, component.spans_key, component.overwrite, component.spans_filter is not None, ents_filter)
