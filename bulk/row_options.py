"""What is wanted of every row of a table: which columns are read and carried through, and the options of its analysis.

The schema of what comes out depends on these options alone. They can be pickled, because workers on other machines
get them.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Self, TypedDict, Unpack, get_args

from spanwise.schemas import DEFAULT_FEATURES, DEFAULT_LIMITS, Feature, OffsetEncoding

_FEATURES = frozenset(get_args(Feature.__value__))
_ENCODINGS = get_args(OffsetEncoding.__value__)


class NamedOptions(TypedDict, total=False):
    """The options as a caller writes them: `RowOptions` says what each means."""

    text: str
    id: str | None
    carry: Iterable[str]
    language_column: str | None
    features: Iterable[str] | None
    language: str | None
    pipeline: str | None
    offset_encoding: OffsetEncoding
    labels: Iterable[str] | None
    min_confidence: float | None
    min_score: float | None
    top: int | None
    raw_scores: bool
    max_text_characters: int


@dataclass(frozen=True, slots=True)
class RowOptions:
    """The columns of the input and the options of its analysis."""

    text: str = "text"
    """The column with the texts."""
    id: str | None = None
    """The column that names the rows; it comes out as `id`, whatever its type."""
    carry: tuple[str, ...] = ()
    """Columns that come out as they are."""
    language_column: str | None = None
    """The column with the language of each row; a row without one has `language`."""
    features: frozenset[Feature] | None = None
    """None: entities and sentiment, as far as the pipeline of a row offers them."""
    language: str | None = None
    """The language of the rows, or `auto`."""
    pipeline: str | None = None
    offset_encoding: OffsetEncoding = "codepoint"
    labels: frozenset[str] | None = None
    min_confidence: float | None = None
    min_score: float | None = None
    top: int | None = None
    raw_scores: bool = False
    max_text_characters: int = DEFAULT_LIMITS.max_text_characters
    """Code points of one text; a longer one is an error of its row."""

    @classmethod
    def of(cls, **named: Unpack[NamedOptions]) -> Self:
        """Return the options, checked as far as no pipeline is needed. Raises `TypeError` and `ValueError`."""
        given: dict[str, Any] = dict(named)
        for name, of in (("features", frozenset), ("labels", frozenset), ("carry", tuple)):
            names = given.get(name)
            if isinstance(names, str):
                raise TypeError(f"{name} takes a list of names, and not a string")
            if names is not None:
                given[name] = of(names)
        made = cls(**given)
        made._check()
        return made

    @property
    def sections(self) -> frozenset[Feature]:
        """The features that have columns: those that are named, else the default ones."""
        return DEFAULT_FEATURES if self.features is None else self.features

    @property
    def columns(self) -> tuple[str, ...]:
        """The columns that are read, each once."""
        named = (self.text, self.id, self.language_column, *self.carry)
        return tuple(dict.fromkeys(name for name in named if name is not None))

    def _check(self) -> None:
        if self.features is not None and not self.features:
            raise ValueError(f"features must name at least one of: {', '.join(sorted(_FEATURES))}")
        if self.features and (unknown := self.features - _FEATURES):
            raise ValueError(
                f"There is no feature {', '.join(sorted(unknown))}. There are: {', '.join(sorted(_FEATURES))}."
            )
        if self.offset_encoding not in _ENCODINGS:
            raise ValueError(
                f"offset_encoding must be one of {', '.join(_ENCODINGS)}, and not {self.offset_encoding!r}"
            )
        if self.max_text_characters < 1:
            raise ValueError("max_text_characters must be at least 1")
        if len(set(self.carry)) < len(self.carry):
            raise ValueError("A column is to be carried through twice.")
