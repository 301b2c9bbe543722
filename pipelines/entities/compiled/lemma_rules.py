"""Compile the lemmatizers that look words up or apply rules: spaCy's own functions, called for new words only.

spaCy's functions take a Token, of which those that are known here read the characters, the part of speech, the
features and, in Spanish, whether a sentence begins there; so they are called with a stand-in that has no more than
these. A lemmatizer with functions of its own may read other tokens, or depend on what it was asked before, and is not
compiled.
"""

from collections.abc import Callable, Iterator, Sequence
from copy import copy
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from spacy.language import Language
from spacy.morphology import Morphology
from spacy.parts_of_speech import IDS as POS_IDS
from spacy.pipeline import Lemmatizer
from spacy.strings import get_string_id

from spanwise.pipelines.entities.compiled.lemma_tables import compact
from spanwise.pipelines.entities.compiled.token_state import TokenState
from spanwise.pipelines.entities.compiled.unsupported import Unsupported

_KNOWN = frozenset(
    [
        "spacy.pipeline.lemmatizer.Lemmatizer.__call__",
        "spacy.pipeline.lemmatizer.Lemmatizer.lookup_lemmatize",
        "spacy.pipeline.lemmatizer.Lemmatizer.rule_lemmatize",
        "spacy.pipeline.lemmatizer.Lemmatizer.is_base_form",
        "spacy.lang.ca.lemmatizer.CatalanLemmatizer.rule_lemmatize",
        "spacy.lang.el.lemmatizer.GreekLemmatizer.rule_lemmatize",
        "spacy.lang.en.lemmatizer.EnglishLemmatizer.is_base_form",
        "spacy.lang.es.lemmatizer.SpanishLemmatizer.rule_lemmatize",
        "spacy.lang.fr.lemmatizer.FrenchLemmatizer.rule_lemmatize",
        "spacy.lang.it.lemmatizer.ItalianLemmatizer.pos_lookup_lemmatize",
        "spacy.lang.mk.lemmatizer.MacedonianLemmatizer.rule_lemmatize",
        "spacy.lang.nl.lemmatizer.DutchLemmatizer.lookup_lemmatize",
        "spacy.lang.nl.lemmatizer.DutchLemmatizer.rule_lemmatize",
        "spacy.lang.pl.lemmatizer.PolishLemmatizer.pos_lookup_lemmatize",
    ]
)
"""Functions that read nothing but what `_Word` has, and answer the same at any time."""

_READING_STARTS = frozenset({"spacy.lang.es.lemmatizer.SpanishLemmatizer.rule_lemmatize"})
"""Those that read whether a sentence begins with the word."""

_MODES = frozenset({"lookup", "pos_lookup", "rule"})

_MOST_KEPT = 1 << 13
"""Lemmas that spaCy's component keeps by itself, without a bound of its own."""


class _Features:
    """Stands in for a token's MorphAnalysis."""

    __slots__ = ("_text",)

    def __init__(self, text: str) -> None:
        self._text = text

    @property
    def key(self) -> int:
        return int(get_string_id(self._text))

    def __str__(self) -> str:
        return self._text

    def __iter__(self) -> Iterator[str]:
        return (f"{name}={one}" for name, value in self.to_dict().items() for one in value.split(","))

    def to_dict(self) -> dict[str, str]:
        return dict(Morphology.feats_to_dict(self._text))


class _Word:
    """Stands in for a Token: its characters, part of speech and features, and whether a sentence begins with it."""

    def __init__(self, text: str, pos: str, morph: str, *, is_sent_start: bool = False) -> None:
        self.text = text
        self.pos_ = pos
        self.morph = _Features(morph)
        self.is_sent_start = is_sent_start

    @property
    def pos(self) -> int:
        return int(POS_IDS[self.pos_])

    @cached_property
    def orth(self) -> int:
        return int(get_string_id(self.text))

    @cached_property
    def lower(self) -> int:
        return int(get_string_id(self.text.lower()))


@dataclass(frozen=True, slots=True)
class LemmaStage:
    """Sets lemmas as a lemmatizer does."""

    lemmatize: Callable[[Any], Sequence[str]]
    kept: dict[Any, Any]
    overwrite: bool
    reads_starts: bool = False
    """Whether it needs to know where sentences begin; then that is its choice, as 0 or 1."""

    def __call__(self, word: str, state: TokenState, choices: Sequence[int]) -> TokenState:
        """See `Stage`."""
        if state.lemma and not self.overwrite:
            return state
        if len(self.kept) > _MOST_KEPT:
            self.kept.clear()
        stand_in = _Word(word, state.pos, state.morph, is_sent_start=any(choices))
        return state._replace(lemma=self.lemmatize(stand_in)[0])


def reads_starts(component: Any) -> bool:
    """Return whether a component is a lemmatizer that reads where sentences begin."""
    if not isinstance(component, Lemmatizer):
        return False
    function = getattr(type(component), f"{component.mode}_lemmatize", None)
    return function is not None and _full_name(function) in _READING_STARTS


def _full_name(function: Any) -> str:
    return f"{function.__module__}.{function.__qualname__}"


def read_lemmatizer(nlp: Language, name: str) -> LemmaStage:
    """Read a lemmatizer by rules or by a table. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if not isinstance(component, Lemmatizer) or component.mode not in _MODES:
        raise Unsupported(f"lemmas by {type(component).__name__} in another mode than {', '.join(sorted(_MODES))}")
    functions = ("__call__", f"{component.mode}_lemmatize", "lookup_lemmatize", "is_base_form")
    found = [getattr(type(component), function) for function in functions]
    if unknown := next((one for one in found if _full_name(one) not in _KNOWN), None):
        raise Unsupported(f"lemmas by {unknown.__qualname__}, which may depend on more than the word")
    if component.lemmatize != getattr(component, f"{component.mode}_lemmatize"):
        raise Unsupported("a lemmatizer with a function of its own")
    try:
        component._validate_tables()  # noqa: SLF001 - spaCy calls it with the first text
    except ValueError as error:
        raise Unsupported("a lemmatizer without its tables") from error
    alone: Any = copy(component)  # without the vocabulary, which none of these functions reads
    alone.vocab, alone.cache, alone.lookups = None, {}, compact(component.lookups)
    alone.lemmatize = getattr(alone, f"{component.mode}_lemmatize")
    return LemmaStage(alone.lemmatize, alone.cache, bool(component.overwrite), reads_starts(component))
