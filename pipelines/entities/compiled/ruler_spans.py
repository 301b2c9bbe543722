"""Make entities and groups of spans of a ruler's matches, by the rules of spaCy's components.

A text has few matches, so this is done in Python. Sources: `set_annotations` in `spacy/pipeline/entityruler.py` and
`spacy/pipeline/span_ruler.py`, the filters there and in `spacy/util.py` (`filter_spans`), and `Doc.set_ents`.
"""

from array import array
from bisect import bisect_right
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any, NamedTuple

from spacy.pipeline.span_ruler import prioritize_existing_ents_filter
from spacy.strings import get_string_id

from spanwise.pipelines.annotations import EntitySpan, LabelledSpan
from spanwise.pipelines.entities.compiled.ruler_order import Match, longest_first
from spanwise.pipelines.entities.compiled.unsupported import Unsupported


class Keys:
    """What a match says by the number of its key: a label, and an id where there is one. Packed, for many keys."""

    def __init__(self, keys: Iterable[tuple[int, str, str | None]]) -> None:
        """Take the numbers of keys in the string store, with their labels and ids. Raises `Unsupported`."""
        labels: dict[str, int] = {}
        self.hashes = array("Q")
        self._labels = array("I")
        self._bounds = array("I", [0])
        packed: list[bytes] = []
        end = 0
        for number, label, name in keys:
            if not all(isinstance(one, str) for one in (label, name or "")):
                raise Unsupported("a label or an id that is no string")
            self.hashes.append(number)
            self._labels.append(labels.setdefault(label, len(labels)))
            packed.append((name or "").encode())
            end += len(packed[-1])
            self._bounds.append(end)
        self._ids = b"".join(packed)
        self.labels = tuple(labels)

    def __getitem__(self, key: int) -> tuple[str, str | None]:
        """Return the label and the id of a key."""
        name = self._ids[self._bounds[key] : self._bounds[key + 1]].decode()
        return self.labels[self._labels[key]], name or None


class _Span(NamedTuple):
    """A span of a ruler, in the order of spaCy's comparison of spans."""

    start: int
    end: int
    label_hash: int
    id_hash: int
    first: int
    last: int
    label: str
    id: str | None


@dataclass(slots=True)
class Spans:
    """What the components so far have found in a text: entities in order, and groups of spans."""

    entities: list[EntitySpan]
    groups: dict[str, list[_Span]] = field(default_factory=dict)
    _ids: list[tuple[int, int, str]] = field(default_factory=list)
    """Which characters an id was written to, in the order of writing."""

    @property
    def has_ids(self) -> bool:
        """Whether an id was written to a token."""
        return bool(self._ids)

    def put(self, new: Sequence[EntitySpan]) -> None:
        """Put new entities in place of those that they overlap, as `Doc.ents` does when it is set.

        spaCy leaves ids on tokens: an entity without an id gets what an earlier one has left on its first token.
        """
        if not new and not self._ids:
            return
        places = _Places(new)
        left = [one for one in self.entities if not places.overlap(one)]
        written = [(one.start, one.end, one.id) for one in (*left, *new) if one.id]
        added = [one if one.id else one._replace(id=self._id_at(one.start)) for one in new]
        self._ids += written
        self.entities = sorted([*left, *added], key=lambda one: one.start)

    def _id_at(self, place: int) -> str | None:
        return next((name for start, end, name in reversed(self._ids) if start <= place < end), None)

    @property
    def spans(self) -> list[LabelledSpan]:
        """The spans of all groups."""
        return [
            LabelledSpan(key, one.start, one.end, one.label, None, one.id)
            for key, group in self.groups.items()
            for one in group
        ]


@dataclass(frozen=True, slots=True)
class EntityRules:
    """Makes entities of matches as an `EntityRuler` does."""

    keys: Keys
    overwrite: bool

    def __call__(self, found: Spans, matches: Sequence[Match]) -> None:
        """Change what was found in a text."""
        kept = None if self.overwrite else _Places(found.entities)
        new: list[EntitySpan] = []
        seen: set[int] = set()
        for match in longest_first(matches, self.keys.hashes):
            if match.first in seen or match.last - 1 in seen or (kept and kept.overlap(match)):
                continue
            label, name = self.keys[match.key]
            new.append(EntitySpan(match.start, match.end, label, None, id=name))
            seen.update(range(match.first, match.last))
        found.put(new)


@dataclass(frozen=True, slots=True)
class SpanRules:
    """Makes spans and entities of matches as a `SpanRuler` does."""

    keys: Keys
    group: str | None
    overwrite: bool
    filters_spans: bool
    ents_filter: Callable[..., Any] | None
    """None where no entities are made."""

    @property
    def clears(self) -> bool:
        """Whether it takes away the entities of a text in which it finds nothing."""
        return self.overwrite and self.ents_filter is not None

    def __call__(self, found: Spans, matches: Sequence[Match]) -> None:
        """Change what was found in a text."""
        spans = sorted(set(map(self._span, matches)))
        if self.group:
            group = [] if self.overwrite else found.groups.get(self.group, [])
            group.extend(_first_longest([*group, *spans]) if self.filters_spans else spans)
            found.groups[self.group] = group
        if self.ents_filter is None:
            return
        if self.overwrite:
            found.entities = []
        if self.ents_filter is prioritize_existing_ents_filter:
            kept = _Places(found.entities)
            spans = [one for one in spans if not kept.overlap(one)]
        found.put([EntitySpan(one.start, one.end, one.label, None, id=one.id) for one in _first_longest(spans)])

    def _span(self, match: Match) -> _Span:
        label, name = self.keys[match.key]
        hashes = get_string_id(label), get_string_id(name) if name else 0
        return _Span(match.start, match.end, *hashes, match.first, match.last, label, name)


class _Places:
    """Places of spans that do not overlap each other, to be asked whether another span overlaps one of them."""

    def __init__(self, spans: Iterable[EntitySpan | _Span]) -> None:
        places = sorted((one.start, one.end) for one in spans)
        self._starts = [start for start, _ in places]
        self._ends = [end for _, end in places]

    def overlap(self, one: EntitySpan | _Span | Match) -> bool:
        """Return whether a span shares a character with one of these."""
        next_one = bisect_right(self._ends, one.start)
        return next_one < len(self._starts) and self._starts[next_one] < one.end


def _first_longest(spans: Iterable[_Span]) -> list[_Span]:
    """Return spans without overlaps as `filter_spans` does: the longest ones, and of these the first ones."""
    chosen, seen = [], set[int]()
    for one in sorted(spans, key=lambda one: (one.last - one.first, -one.first), reverse=True):
        if one.first not in seen and one.last - 1 not in seen:
            chosen.append(one)
            seen.update(range(one.first, one.last))
    return sorted(chosen, key=lambda one: one.first)
