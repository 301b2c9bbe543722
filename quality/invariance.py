"""The report on invariance: how often a text's label stays when the text is written in another way.

1,000 texts of the development corpora are changed in ways that change nothing of what they say: invisible characters in
words, other apostrophes and quotation marks, decomposed accents, double spaces, a line end behind. A text in small
letters is also written in title case.
"""

import random
import unicodedata
from collections.abc import Callable, Iterable
from pathlib import Path

from quality.sentiment_corpora import development
from spanwise.pipelines.analyzer import Analyzer
from spanwise.pipelines.document import Document

TEXTS = 1_000
LONGEST = 400  # code points
_INVISIBLE = "\u00ad\u200b\u200d\u2060\ufeff"

Change = Callable[[str, random.Random], str]


def invisible(text: str, chance: random.Random) -> str:
    """Put an invisible character into every third word of at least four letters."""
    words = text.split(" ")
    for i, word in enumerate(words):
        if len(word) > 3 and word.isalpha() and chance.random() < 1 / 3:
            place = chance.randrange(1, len(word))
            words[i] = word[:place] + chance.choice(_INVISIBLE) + word[place:]
    return " ".join(words)


def decomposed(text: str, _chance: random.Random) -> str:
    """Write accents as code points of their own (NFD)."""
    return unicodedata.normalize("NFD", text)


def other_quotes(text: str, _chance: random.Random) -> str:
    """Write straight quotation marks as curly ones, and curly ones straight."""
    for straight, curly in (('"', "\u201d"),):
        text = text.replace(curly, straight) if curly in text else text.replace(straight, curly)
    return text


CHANGES: dict[str, Change] = {
    "invisible characters in words": invisible,
    "the apostrophe U+02BC": lambda text, _: text.replace("'", "\u02bc"),
    "the apostrophe U+2019": lambda text, _: text.replace("'", "\u2019"),
    "NFD": decomposed,
    "double spaces": lambda text, _: text.replace(" ", "  "),
    "a line end behind": lambda text, _: text + "\n",
    "the shape of quotes": other_quotes,
}
TITLE_CASE = "title case of a text in small letters"


def kept(analyzer: Analyzer, texts: list[str], change: Change) -> tuple[int, int]:
    """Return of how many texts the label stays, and how many the change changes at all."""
    chance = random.Random(1)
    changed = [(text, other) for text in texts if (other := change(text, chance)) != text]
    before, after = (_labels(analyzer, [pair[side] for pair in changed]) for side in (0, 1))
    return sum(one == other for one, other in zip(before, after, strict=True)), len(changed)


def invariance_report(analyzer: Analyzer, data: Path) -> str:
    """Write a table with a row for each change. Texts that a change leaves as they are count as kept."""
    texts = sample(text for corpus in development(data) for text in corpus.texts)
    lines = ["| invariance | texts changed | the label stays, of these | of all |", "| --- | ---: | ---: | ---: |"]
    small = [text.lower() for text in texts]
    cases = [(name, texts, change) for name, change in CHANGES.items()]
    cases.append((TITLE_CASE, small, lambda text, _: " ".join(word[:1].upper() + word[1:] for word in text.split(" "))))
    for name, of_change, change in cases:
        same, changed = kept(analyzer, of_change, change)
        of_all = 1 - (changed - same) / len(of_change)
        lines.append(f"| {name} | {changed} | {100 * same / max(changed, 1):.1f} % | {100 * of_all:.1f} % |")
    return "\n".join(lines)


def sample(texts: Iterable[str]) -> list[str]:
    """Choose 1,000 texts of at most 400 code points."""
    short = [text for text in texts if len(text) <= LONGEST]
    return random.Random(1).sample(short, min(TEXTS, len(short)))


def _labels(analyzer: Analyzer, texts: list[str]) -> list[str]:
    answers = analyzer.analyze([Document(text, frozenset({"sentiment"})) for text in texts])
    return [answer["sentiment"]["label"] for answer in answers]
