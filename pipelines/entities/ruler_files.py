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

from spacy.language import Language
from spacy.pipeline import EntityRuler, SpanRuler

from spanwise.pipelines.entities.compiled.read_phrases import Key, PhraseSplitter, ReadPhrases

Rules = Literal["filled", "read", "empty"]
"""What rulers hold: all of their phrases; or few of them, while all are read beside; or few of them."""

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
        self._names = [name for name in nlp.pipe_names if rules != "filled" and _is_spacys(nlp.get_pipe(name))]
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
        for name, reader in readers.items():
            if reader.phrases is None:
                self._fill(name)
            else:
                self.read[name] = reader.phrases

    def fill(self, names: Iterable[str] | None = None) -> None:
        """Have rulers read all of their phrases; without names, all rulers."""
        for name in [*self.read] if names is None else names:
            if self.read.pop(name, None) is not None:
                self._fill(name)

    def fill_for(self, texts: Sequence[str]) -> None:
        """Give the rulers every phrase that one of these texts can contain."""
        for name, phrases in self.read.items():
            values = PhraseSplitter(self._nlp, phrases.attribute)(texts)
            component: Any = self._nlp.get_pipe(name)
            component.add_patterns(phrases.entries(phrases.found_in(values)))

    def forget(self) -> None:
        """Free what was read. The rulers must not be asked any more."""
        self.read.update({name: ReadPhrases(phrases.attribute) for name, phrases in self.read.items()})

    def _fill(self, name: str) -> None:
        component: Any = self._nlp.get_pipe(name)
        component.from_disk(self._folder / name, exclude=["vocab"])


def _is_spacys(component: object) -> bool:
    return type(component) in (EntityRuler, SpanRuler)


class _Reader:
    """Stands in for the `add_patterns` of a ruler while it is loaded."""

    def __init__(self, nlp: Language, component: Any, *, keeps: bool) -> None:
        self._nlp = nlp
        self._component = component
        self._keeps = keeps
        self._labels: set[str] = set()
        self.phrases: ReadPhrases | None = ReadPhrases(0)
        """None where spaCy must read them."""
        vars(component)["add_patterns"] = self

    def step_aside(self) -> None:
        """Give the ruler its own method back."""
        vars(self._component).pop("add_patterns", None)

    def __call__(self, patterns: Iterable[Any]) -> None:
        """Take the patterns of the ruler's file."""
        self.step_aside()
        phrases = self.phrases = ReadPhrases(self._component.phrase_matcher.__reduce__()[1][3])
        own: list[Any] = []
        split = PhraseSplitter(self._nlp, phrases.attribute)
        rest = _phrases(patterns, own)
        try:
            while some := list(islice(rest, _AT_A_TIME)):
                self._read(some, phrases, split, own)
        except _NotAsNumbersError:
            self.phrases = None
        else:
            self._component.add_patterns(own)

    def _read(self, entries: Sequence[_Entry], phrases: ReadPhrases, split: PhraseSplitter, own: list[Any]) -> None:
        """Read phrases, and put the first one of each label into `own`."""
        separator = self._component.ent_id_sep if type(self._component) is EntityRuler else None
        keys = [_key(entry, separator) for entry in entries]
        for key, entry in zip(keys, entries, strict=True):
            if key.shown not in self._labels:
                self._labels.add(key.shown)
                own.append(entry)
        if not self._keeps:
            return
        texts = [entry["pattern"] for entry in entries]
        for key, text, values in zip(keys, texts, split(texts), strict=True):
            if values:  # spaCy passes over a phrase without characters
                phrases.add(key, text, values)


def _phrases(patterns: Iterable[Any], own: list[Any]) -> Iterator[_Entry]:
    """Yield the phrases among a ruler's patterns, and put token patterns into `own`."""
    for entry in patterns:
        if not isinstance(entry, dict) or not isinstance(entry.get("label"), str):
            raise _NotAsNumbersError
        if isinstance(entry.get("pattern"), list):
            own.append(entry)
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
