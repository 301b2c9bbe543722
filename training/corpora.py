"""The corpora, read from the data folder.

A tenth of every file that has no development part is held out, by a hash of the text.
"""

import re
import zlib
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import NamedTuple, TypeVar

LABELS = ("neg", "neu", "pos")


class Text(NamedTuple):
    """A labelled text; `label` is an index into `LABELS`."""

    text: str
    label: int


class TargetText(NamedTuple):
    """A text that says something about `text[start:end]`."""

    text: str
    start: int
    end: int
    label: int


Row = TypeVar("Row", Text, TargetText)


def is_held_out(text: str) -> bool:
    """Whether the text is in the tenth that is never trained on."""
    return zlib.crc32(text.encode()) % 10 == 0


def normalized(text: str) -> str:
    """What texts have in common that differ in case, marks, links, user names or escapes only."""
    text = re.sub(r"\\u([0-9a-fA-F]{4})", lambda code: chr(int(code[1], 16)), text).lower()
    return "".join(filter(str.isalnum, re.sub(r"https?://\S+|\bhttp\b|@\w+|&\w+;", "", text)))


def unknown(rows: list[Row], trained: Iterable[str]) -> list[Row]:
    """Those whose texts are not trained on, not even with other marks."""
    known = set(map(normalized, trained))
    return [row for row in rows if normalized(row.text) not in known]


def read_texts(path: Path) -> list[Text]:
    """`label<TAB>text` by line."""
    rows = (line.split("\t", 1) for line in path.read_text(encoding="utf-8").split("\n") if line)
    return [Text(text, LABELS.index(label)) for label, text in rows]


def read_targets(path: Path) -> list[TargetText]:
    """A header, then `label<TAB>start<TAB>end<TAB>text` by line."""
    lines = path.read_text(encoding="utf-8").split("\n")[1:]
    rows = (line.split("\t", 3) for line in lines if line)
    return [TargetText(text, int(start), int(end), LABELS.index(label)) for label, start, end, text in rows]


class Corpora:
    """What there is to learn from, below one folder."""

    def __init__(self, folder: Path) -> None:
        self.sentiment, self.targets, self.ner = folder / "sentiment", folder / "targets", folder / "ner"
        missing = [path.name for path in (self.sentiment, self.targets, self.ner) if not path.is_dir()]
        if missing:
            raise SystemExit(f"The data folder has no {', '.join(missing)}.")

    def phrases(self) -> list[Text]:
        """Phrases and sentences of film reviews."""
        known = {row.text for row in read_texts(self.sentiment / "sst3.sent.dev.tsv")}
        read = (read_texts(self.sentiment / f"sst3.{part}.train.tsv") for part in ("phrases", "sent"))
        return [row for rows in read for row in rows if row.text not in known]

    def tweets(self) -> list[Text]:
        """Tweets; a tenth is held out."""
        return [t for t in read_texts(self.sentiment / "semeval.train.tsv") if not is_held_out(t.text)]

    def reviews(self, *, held_out: bool = False) -> list[Text]:
        """Long film reviews, negative or positive."""
        return [t for t in read_texts(self.sentiment / "imdb.train.tsv") if is_held_out(t.text) == held_out]

    def plain_reviews(self) -> list[str]:
        """Long film reviews without labels."""
        read = (self.sentiment / "imdb.unlabelled.txt").read_text(encoding="utf-8").splitlines()
        return [text for text in read if not is_held_out(text)]

    def target_texts(self) -> dict[str, list[TargetText]]:
        """By teacher's head: training texts that say something about a target."""
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
        """Labelled texts to choose by; all but the last two to calibrate by, too.

        Tweets were collected more than once: of TweetEval's, a third are in SemEval's but for a link or a comma.
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
        """Sentences about restaurants and laptops that say the same of every target, negative or positive."""
        labels: dict[str, set[int]] = {}
        for name in ("food", "laptops"):
            for row in self.target_development()[name]:
                labels.setdefault(row.text, set()).add(row.label)
        alike = [Text(text, *found) for text, found in labels.items() if len(found) == 1]
        return [row for row in alike if LABELS[row.label] != "neu"]

    def target_development(self) -> dict[str, list[TargetText]]:
        """Targets to choose and calibrate by."""
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
        """Sentences of news and of an encyclopedia, put together from tokens."""
        return [s for name in ("wikigold", "conll2003.train", "gum.train") for s in self._sentences(name)]

    def posts(self) -> list[str]:
        """Tweets and other posts without labels of sentiment."""
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
    """Words of a treebank with the usual spaces between them."""
    text = " ".join(tokens)
    text = re.sub(r" (n't|'(?:s|re|ve|ll|d|m)|[.,;:!?%)\]])(?= |$)", r"\1", text)
    return re.sub(r"([($\[]) ", r"\1", text)
