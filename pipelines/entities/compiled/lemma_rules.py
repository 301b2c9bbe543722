"""Compile the lemmatizers that look words up or apply rules: spaCy's own functions, called for new words only.

spaCy's functions take a Token, of which those that are known here read the characters, the part of speech and the
features, and nothing around it; so they are called with a stand-in that has no more than these. A lemmatizer with
functions of its own may read other tokens, or depend on what it was asked before, and is not compiled.
"""

from collections.abc import Callable, Sequence
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
        "spacy.lang.en.lemmatizer.EnglishLemmatizer.is_base_form",
        "spacy.lang.fr.lemmatizer.FrenchLemmatizer.rule_lemmatize",
        "spacy.lang.ca.lemmatizer.CatalanLemmatizer.rule_lemmatize",
    ]
)
"""Functions that read nothing but the word, its part of speech and its features, and answer the same at any time."""

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

    def to_dict(self) -> dict[str, str]:
        return dict(Morphology.feats_to_dict(self._text))


class _Word:
    """Stands in for a Token: its characters, its part of speech and its features."""

    def __init__(self, text: str, pos: str, morph: str) -> None:
        self.text = text
        self.pos_ = pos
        self.morph = _Features(morph)

    @property
    def pos(self) -> int:
        return int(POS_IDS[self.pos_])

    @cached_property
    def orth(self) -> int:
        return int(get_string_id(self.text))


@dataclass(frozen=True, slots=True)
class LemmaStage:
    """Sets lemmas as a lemmatizer does."""

    lemmatize: Callable[[Any], Sequence[str]]
    kept: dict[Any, Any]
    overwrite: bool

    def __call__(self, word: str, state: TokenState, choices: Sequence[int]) -> TokenState:  # noqa: ARG002
        """See `Stage`."""
        if state.lemma and not self.overwrite:
            return state
        if len(self.kept) > _MOST_KEPT:
            self.kept.clear()
        return state._replace(lemma=self.lemmatize(_Word(word, state.pos, state.morph))[0])


def read_lemmatizer(nlp: Language, name: str) -> LemmaStage:
    """Read a lemmatizer by rules or by a table. Raises `Unsupported`."""
    component: Any = nlp.get_pipe(name)
    if not isinstance(component, Lemmatizer) or component.mode not in ("rule", "lookup"):
        raise Unsupported(f"lemmas by {type(component).__name__} in another mode than rule or lookup")
    for function in ("__call__", f"{component.mode}_lemmatize", "lookup_lemmatize", "is_base_form"):
        found = getattr(type(component), function)
        if f"{found.__module__}.{found.__qualname__}" not in _KNOWN:
            raise Unsupported(f"lemmas by {found.__qualname__}, which may depend on more than the word")
    if component.lemmatize != getattr(component, f"{component.mode}_lemmatize"):
        raise Unsupported("a lemmatizer with a function of its own")
    try:
        component._validate_tables()  # noqa: SLF001 - spaCy calls it with the first text
    except ValueError as error:
        raise Unsupported("a lemmatizer without its tables") from error
    alone: Any = copy(component)  # without the vocabulary, which none of these functions reads
    alone.vocab, alone.cache, alone.lookups = None, {}, compact(component.lookups)
    alone.lemmatize = getattr(alone, f"{component.mode}_lemmatize")
    return LemmaStage(alone.lemmatize, alone.cache, bool(component.overwrite))
