"""Load the rulers of a pipeline without filling spaCy's matchers with their phrases.

spaCy keeps a Doc of each phrase, some 5 KB, read by every component before the ruler. So a ruler's file is read by its
own `from_disk`, with an `add_patterns` in between that keeps phrases as numbers (`compiled/read_phrases.py`); token
patterns, and a phrase of each label, go on to spaCy. For a comparison the ruler gets every phrase that the texts to
compare can contain; where it must serve, it reads its file itself.

Sources: `add_patterns` and `from_disk` in `spacy/pipeline/entityruler.py` and `spacy/pipeline/span_ruler.py`.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any, Literal

from spacy.attrs import NAMES
from spacy.language import Language
from spacy.pipeline import EntityRuler, SpanRuler
from spacy.strings import get_string_id

from spanwise.pipelines.entities.compiled.read_phrases import Key, PhraseSplitter, ReadPhrases
from spanwise.pipelines.entities.compiled.ruler_questions import PHRASE_ATTRIBUTES

Rules = Literal["filled", "read"] | frozenset[str]
"""What rulers hold. "filled": all of their phrases. "read": few of them, and all are kept as numbers. Names: the rulers
of these names hold few of their phrases, and the others all."""

_AT_A_TIME = 2_000
"""Phrases that are split before the memory of their tokens is freed."""

_Entry = Mapping[str, str]


class _NotAsNumbersError(Exception):
    """A ruler's file has something that spaCy must read."""


class RulerFiles:
    """The rulers of a pipeline while it is loaded, and what was read of their phrases."""

    def __init__(self, nlp: Language, folder: Path, rules: Rules) -> None:
        """`rules`: what the rulers are to hold."""
        self._nlp = nlp
        self._folder = folder
        self._keeps = rules == "read"
        rulers = [name for name in nlp.pipe_names if type(nlp.get_pipe(name)) in (EntityRuler, SpanRuler)]
        self._names = [name for name in rulers if rules == "read" or (rules != "filled" and name in rules)]
        self.read: dict[str, ReadPhrases] = {}
        """Of the rulers that do not hold all of their phrases, by name."""

    def load(self, exclude: Collection[str]) -> None:
        """Load the pipeline from its folder."""
        readers = {name: _Reader(self._nlp, self._nlp.get_pipe(name), keeps=self._keeps) for name in self._names}
        try:
            self._nlp.from_disk(self._folder, exclude=exclude)
        finally:
            for reader in readers.values():
                reader.step_aside()
        self.read.update({name: reader.phrases for name, reader in readers.items()})
        if any(reader.reads_more for reader in readers.values()):
            self.fill()  # all of them: what one finds in a phrase depends on those before
        self.fill(name for name, reader in readers.items() if not reader.has_all)

    def fill(self, names: Iterable[str] | None = None) -> None:
        """Have rulers read all of their phrases; without names, all rulers."""
        wanted = {*self.read} if names is None else {*names}
        for name in [name for name in self._names if name in wanted and name in self.read]:
            del self.read[name]
            component: Any = self._nlp.get_pipe(name)
            component.from_disk(self._folder / name, exclude=["vocab"])

    def fill_for(self, texts: Sequence[str]) -> None:
        """Give the rulers every phrase that one of these texts can contain."""
        for name, phrases in self.read.items():
            values = PhraseSplitter(self._nlp, phrases.attribute)(texts)
            places = sorted({*phrases.firsts, *phrases.found_in(values)})
            component: Any = self._nlp.get_pipe(name)
            component.clear()  # or the order would not be that of the file
            component.add_patterns([*phrases.others, *phrases.entries(places)])
            if type(component) is EntityRuler:
                ids = {get_string_id(key): named for key, named in phrases.named.items()}
                known: dict[int, Any] = component._ent_ids  # noqa: SLF001 - nothing else sets which id a key has
                known.update({key: ids[key] for key in known if key in ids})

    def forget(self) -> None:
        """Free what was read. The rulers must not be asked any more."""
        self.read.update({name: ReadPhrases(phrases.attribute) for name, phrases in self.read.items()})


class _Reader:
    """Stands in for the `add_patterns` of a ruler while it is loaded."""

    def __init__(self, nlp: Language, component: Any, *, keeps: bool) -> None:
        self._nlp = nlp
        self._component = component
        self._keeps = keeps
        self._labels: set[str] = set()
        self.phrases = ReadPhrases(0)
        self.has_all = True
        """Whether they are all of the ruler's; else spaCy must read its file."""
        self.reads_more = False
        """Whether its phrases are compared by what components set."""
        vars(component)["add_patterns"] = self

    def step_aside(self) -> None:
        """Give the ruler its own method back."""
        vars(self._component).pop("add_patterns", None)

    def __call__(self, patterns: Iterable[Any]) -> None:
        """Take the patterns of the ruler's file."""
        self.step_aside()
        phrases = self.phrases = ReadPhrases(self._component.phrase_matcher.__reduce__()[1][3])
        self.reads_more = str(NAMES[phrases.attribute]) not in PHRASE_ATTRIBUTES
        split = PhraseSplitter(self._nlp, phrases.attribute)
        rest = _phrases(patterns, phrases.others)
        try:
            while not self.reads_more and (some := list(islice(rest, _AT_A_TIME))):
                self._read(some, split)
        except _NotAsNumbersError:
            self.has_all = False
        else:
            self._component.add_patterns(phrases.own)

    def _read(self, entries: Sequence[_Entry], split: PhraseSplitter) -> None:
        """Read phrases; if they are not kept, the first one of each label alone."""
        phrases = self.phrases
        separator = self._component.ent_id_sep if type(self._component) is EntityRuler else None
        found = [(_key(entry, separator), entry) for entry in entries]
        if not self._keeps:
            found = [one for one in found if one[0].shown not in self._labels]
        for (key, entry), values in zip(found, split([entry["pattern"] for _, entry in found]), strict=True):
            is_first = key.shown not in self._labels
            self._labels.add(key.shown)
            if not values:  # spaCy passes over a phrase without tokens, but lists its label and keeps its id
                phrases.name(key)
                phrases.others += [entry] if is_first else []
                continue
            if is_first:
                phrases.firsts.append(len(phrases))
            if is_first or self._keeps:
                phrases.add(key, entry["pattern"], values)


def _phrases(patterns: Iterable[Any], others: list[Any]) -> Iterator[_Entry]:
    """Yield the phrases among a ruler's patterns, and put token patterns into `others`."""
    for entry in patterns:
        if not isinstance(entry, dict) or not isinstance(entry.get("label"), str):
            raise _NotAsNumbersError
        if isinstance(entry.get("pattern"), list):
            others.append(entry)
        elif isinstance(entry.get("pattern"), str) and isinstance(entry.get("id", ""), str | None):
            yield entry
        else:
            raise _NotAsNumbersError


def _key(entry: _Entry, separator: str | None) -> Key:
    """Return the key of a phrase. `separator`: what an `EntityRuler` puts between a label and an id."""
    label, name = entry["label"], entry.get("id")
    if separator is None:
        return Key(repr((label, entry.get("id", ""))), label, name or None, label)
    if not name:
        return Key(label, label, None, label.rsplit(separator, 1)[0])
    key = f"{label}{separator}{name}"
    return Key(key, label, name, key.rsplit(separator, 1)[0])
