"""The texts of all measurements: real ones if the shared data lies beside the project, generated ones otherwise.

Both are the same on every run. Real texts are a mix of tweets, film reviews and news, because a pipeline's speed
depends on the number of new words. Generated texts have a small vocabulary and are therefore easier. The report names
the source.
"""

import random
import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

DATA = Path(__file__).parents[2] / "shared" / "data"
SHORTEST, LONGEST = 40, 600  # characters
_SEED = 20_240_501

_NAMES = ("Angela Merkel", "Tim Cook", "Maria Silva", "Kofi Annan", "Yuki Tanaka", "John Okafor", "Elena Petrova")
_PLACES = ("Paris", "New York", "the Netherlands", "Lagos", "São Paulo", "Tokyo", "Lake Geneva", "Wales")
_COMPANIES = ("Apple", "Siemens AG", "the World Bank", "Reuters", "Toyota", "the Red Cross", "Acme Ltd.")
_DATES = ("on Monday", "in March 2021", "last week", "yesterday", "on 4 July", "two years ago")
_OPINIONS = ("and everybody loved it", "which was a terrible idea", "to little surprise", "but nobody cared")
_SENTENCES = (
    "{name} met {other} at the office of {company} in {place} {date}, {opinion}.",
    "{company} will open a new plant in {place}, said {name} {date}.",
    "The food in {place} was great, the service was awful, {opinion}.",
    "{date}, shares of {company} fell by {number} percent after {name} resigned.",
    "I can't wait to see {name} in {place}!",
    "About {number} people came to hear {name} speak for {company}, {opinion}.",
)


@dataclass(frozen=True, slots=True)
class Corpus:
    """Shuffled texts of `SHORTEST` to `LONGEST` characters, and where they come from."""

    texts: list[str]
    source: str

    def __str__(self) -> str:
        mean = sum(map(len, self.texts)) / len(self.texts)
        return f"{len(self.texts):,}, {mean:.0f} characters on average, {self.source}"


def load_corpus(data: Path, size: int) -> Corpus:
    """Load `size` texts from the folder `data`, or generate them if the folder has none of the files."""
    rng = random.Random(_SEED)
    present = [(read, path) for read, pattern in _SOURCES for path in sorted(data.glob(pattern))]
    if not present:
        source = f"GENERATED, since {data} has none: easier than real ones"
        return Corpus(list(islice(_generate(rng), size)), source)
    texts: list[str] = []
    for read, path in present:
        found = [text for text in read(path, rng) if SHORTEST <= len(text) <= LONGEST]
        texts += rng.sample(found, min(len(found), -(-size // len(present))))
    rng.shuffle(texts)
    return Corpus(texts[:size], "from " + ", ".join(path.name for _, path in present))


def _labelled(path: Path, _: random.Random) -> Iterator[str]:
    for line in path.read_text(encoding="utf-8").splitlines():
        yield line.partition("\t")[2]


def _reviews(path: Path, rng: random.Random) -> Iterator[str]:
    """Yield a piece of 10 to 100 words from each review."""
    for line in path.read_text(encoding="utf-8").splitlines():
        words = line.partition("\t")[2].replace("<br />", " ").split()
        start = rng.randrange(max(1, len(words) - 10))
        yield " ".join(words[start : start + rng.randint(10, 100)])


def _passages(path: Path, rng: random.Random) -> Iterator[str]:
    """Yield passages of one to four sentences of a CoNLL file, without the spaces before punctuation."""
    passage: list[str] = []
    left = 1
    for sentence in re.split(r"\n\s*\n", path.read_text(encoding="utf-8")):
        tokens = [line.split()[0] for line in sentence.splitlines() if line.strip()]
        if not tokens or tokens[0] == "-DOCSTART-":
            continue
        passage.append(re.sub(r" ([.,;:!?%)\]]|'s\b|n't\b)", r"\1", " ".join(tokens)))
        left -= 1
        if not left:
            yield " ".join(passage)
            passage, left = [], rng.randint(1, 4)


_SOURCES: tuple[tuple[Callable[[Path, random.Random], Iterator[str]], str], ...] = (
    (_labelled, "sentiment/semeval.train.tsv"),
    (_labelled, "sentiment/sst3.sent.train.tsv"),
    (_reviews, "sentiment/imdb.train.tsv"),
    (_passages, "ner/conll2003.train.conll"),
    (_passages, "ner/wikigold.conll"),
)


def _generate(rng: random.Random) -> Iterator[str]:
    while True:
        sentences = [
            rng.choice(_SENTENCES).format(
                name=rng.choice(_NAMES),
                other=rng.choice(_NAMES),
                company=rng.choice(_COMPANIES),
                place=rng.choice(_PLACES),
                date=rng.choice(_DATES),
                opinion=rng.choice(_OPINIONS),
                number=rng.randint(2, 900),
            )
            for _ in range(rng.randint(1, 4))
        ]
        text = " ".join(sentence[0].upper() + sentence[1:] for sentence in sentences)
        if SHORTEST <= len(text) <= LONGEST:
            yield text
