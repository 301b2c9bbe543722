"""The corpora, read from the data folder.

Where a corpus has no development part, a tenth of its texts is held out, chosen by a hash of the text.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

from spanwise.pipelines.annotations import Scores

LABELS = tuple(name[:3] for name in Scores._fields)
"""The labels in the files, in the order of the model's classes: neg, neu, pos."""

NEGATIVE, NEUTRAL, POSITIVE = range(len(LABELS))


class Text(NamedTuple):
    """A text and its label, an index into `LABELS`; -1 for a text without one."""

    text: str
    label: int


class TargetText(NamedTuple):
    """A text and its label towards the target `text[start:end]`, in code points."""

    text: str
    start: int
    end: int
    label: int


Row = TypeVar("Row", Text, TargetText)


def is_held_out(text: str) -> bool:
    """Tell whether the text is in the tenth that is never trained on."""
    return zlib.crc32(text.encode()) % 10 == 0


def normalized(text: str) -> str:
    """Reduce a text to letters and digits: texts that differ only in case, marks, links or user names become equal."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text).lower()
    return "".join(filter(str.isalnum, re.sub(r"https?://\S+|\bhttp\b|@\w+|&\w+;", "", text)))


def unknown(rows: list[Row], trained: Iterable[str]) -> list[Row]:
    """Select the rows whose texts, as `normalized`, are not among those trained on."""
    known = set(map(normalized, trained))
    return [row for row in rows if normalized(row.text) not in known]


def read_texts(path: Path) -> list[Text]:
    """Read a file that has a line `label<TAB>text` for each text."""
    rows = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").split("\n") if line)
    return [Text(text, LABELS.index(label)) for label, text in rows]


def read_targets(path: Path) -> list[TargetText]:
    """Read a file that has a header, and a line `label<TAB>start<TAB>end<TAB>text` for each target."""
    lines = path.read_text(encoding="utf-8").split("\n")[1:]
    rows = (line.split("\t", 3) for line in lines if line)
    return [TargetText(text, int(start), int(end), LABELS.index(label)) for label, start, end, text in rows]


class Corpora:
    """The corpora below one folder. Raises `SystemExit` when one of its three subfolders is missing."""

    def __init__(self, folder: Path) -> None:
        self.sentiment, self.targets, self.ner = folder / "sentiment", folder / "targets", folder / "ner"
        missing = [path.name for path in (self.sentiment, self.targets, self.ner) if not path.is_dir()]
        if missing:
            raise SystemExit(f"The data folder has no {', '.join(missing)}.")

    def phrases(self) -> list[Text]:
        """Return phrases and sentences of film reviews."""
        return [*self._film("phrases"), *self._film("sent")]

    def sentences(self) -> list[Text]:
        """Return the sentences of film reviews, which are the last of `phrases`."""
        return self._film("sent")

    def _film(self, part: str) -> list[Text]:
        known = {row.text for row in read_texts(self.sentiment / "sst3.sent.dev.tsv")}
        return [row for row in read_texts(self.sentiment / f"sst3.{part}.train.tsv") if row.text not in known]

    def tweets(self) -> list[Text]:
        """Return tweets, without the tenth that is held out."""
        return [t for t in read_texts(self.sentiment / "semeval.train.tsv") if not is_held_out(t.text)]

    def reviews(self, *, held_out: bool = False) -> list[Text]:
        """Return long film reviews, each negative or positive."""
        return [t for t in read_texts(self.sentiment / "imdb.train.tsv") if is_held_out(t.text) == held_out]

    def plain_reviews(self) -> list[str]:
        """Return long film reviews without labels."""
        read = (self.sentiment / "imdb.unlabelled.txt").read_text(encoding="utf-8").splitlines()
        return [text for text in read if not is_held_out(text)]

    def target_texts(self) -> dict[str, list[TargetText]]:
        """Return the training texts with targets, by the teacher's head that learns from them."""
        known = {row.text for rows in self._target_development().values() for row in rows}
        read = {
            "news": ["newsmtsc"],
            "mams": ["mams"],
            "twitter": ["twitter"],
            "sem14": ["sem14.restaurants", "sem14.laptops"],
        }
        return {
            head: [
                row
                for name in names
                for row in read_targets(self.targets / f"{name}.train.tsv")
                if row.text not in known
            ]
            for head, names in read.items()
        }

    def development(self) -> dict[str, list[Text]]:
        """Return the labelled texts that models are compared on; all but the last two corpora serve calibration too.

        Tweets were collected more than once: a third of TweetEval's are also SemEval's, with another link or comma.
        """
        tweets = [row.text for row in self.tweets()]
        semeval = [t for t in read_texts(self.sentiment / "semeval.train.tsv") if is_held_out(t.text)]
        return {
            "sst": read_texts(self.sentiment / "sst3.sent.dev.tsv"),
            "tweets": unknown(read_texts(self.sentiment / "tweeteval.val.tsv"), tweets),
            "semeval": unknown(semeval, tweets),
            "reviews": self.reviews(held_out=True),
            "opinions": self._opinions(),
        }

    def _opinions(self) -> list[Text]:
        """Return sentences about restaurants and laptops that are negative, or positive, towards all their targets."""
        labels: dict[str, set[int]] = {}
        for name in ("food", "laptops"):
            for row in self.target_development()[name]:
                labels.setdefault(row.text, set()).add(row.label)
        alike = [Text(text, *found) for text, found in labels.items() if len(found) == 1]
        return [row for row in alike if row.label != NEUTRAL]

    def target_development(self) -> dict[str, list[TargetText]]:
        """Return the texts with targets that models are compared on and calibrated by."""
        trained = [row.text for rows in self.target_texts().values() for row in rows]
        return {name: unknown(rows, trained) for name, rows in self._target_development().items()}

    def _target_development(self) -> dict[str, list[TargetText]]:
        names = {"news.mt": "newsmtsc.mt.dev", "news.rw": "newsmtsc.rw.dev", "mams": "mams.dev"}
        found = {name: read_targets(self.targets / f"{file}.tsv") for name, file in names.items()}
        for name, file in (("twitter", "twitter"), ("food", "sem14.restaurants"), ("laptops", "sem14.laptops")):
            rows = read_targets(self.targets / f"{file}.train.tsv")
            found[name] = [row for row in rows if is_held_out(row.text)]
        return found

    def factual(self) -> list[str]:
        """Return sentences of news and of an encyclopedia, put together from tokens."""
        return [s for name in ("wikigold", "conll2003.train", "gum.train") for s in self._sentences(name)]

    def posts(self) -> list[str]:
        """Return tweets and other posts that have no sentiment labels."""
        return [s for name in ("btc", "wnut17.train") for s in self._sentences(name)]

    def _sentences(self, name: str) -> Iterator[str]:
        tokens: list[str] = []
        for line in (self.ner / f"{name}.conll").read_text(encoding="utf-8").split("\n"):
            columns = line.split()
            if columns and columns[0] != "-DOCSTART-":
                tokens.append(columns[0])
            elif len(tokens) >= 4:
                yield untokenized(tokens)
                tokens = []
            else:
                tokens = []


def untokenized(tokens: list[str]) -> str:
    """Join the tokens of a treebank with the usual spaces between them."""
    text = " ".join(tokens)
    text = re.sub(r" (n't|'(?:s|re|ve|ll|d|m)|[.,;:!?%)\]])(?= |$)", r"\1", text)
    return re.sub(r"([($\[]) ", r"\1", text)
