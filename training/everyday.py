"""Everyday texts made from `everyday.txt`, of kinds that the corpora lack and that a model gets wrong with confidence.

Praise by a limit ("I can't put it down"), warnings without an adjective, praise of something else, problems that are
gone, turned directions in business, facts, instructions, questions, quotations, ratings and so on. A line stands for
many texts, so that the model learns the construction and not the words that fill it.
"""

import random
import re
from collections.abc import Sequence
from pathlib import Path
from typing import NamedTuple

from training.names import listed_names
from training.templates import NEG, NEU, POS, Made, Wanted, fill

EACH = 24  # texts that are made from each line
TARGETS_EACH = 60
KEPT_BACK = 8  # every eighth line teaches nothing

WANTED: dict[str, Wanted | None] = {
    "neg": NEG,
    "neu": NEU,
    "pos": POS,
    "mildneg": (0.52, 0.44, 0.04),
    "mildpos": (0.05, 0.38, 0.57),
    "request": (0.06, 0.91, 0.03),
    "tgt": None,
}
"""The probabilities that a text should get, by the label of its line; those of a line with targets follow from them."""

_MARKUP = (
    "**{}**", "*{}*", "_{}_", "<p>{}</p>", "<b>{}</b>", "<div><em>{}</em></div>", "# {}", "> {}", "- {}", "`{}`",
    "&quot;{}&quot;", '"{}"', '{{"text": "{}"}}', '{{"review": "{}", "id": 7}}', "[{}](http://example.org)", "~~{}~~",
    "<li>{}</li>", "{} &nbsp;", "<!-- {} -->", "({})", "{}<br>", "| {} |", "/* {} */", "=={}==", "### {} ###",
)  # fmt: skip


class Line(NamedTuple):
    """A line of the file: its kind, its label, and the text with its choices."""

    kind: str
    label: str
    text: str


def lines() -> list[Line]:
    """Read the file."""
    found, kind = [], ""
    for line in (Path(__file__).parent / "everyday.txt").read_text("utf-8").splitlines():
        if line.startswith("## "):
            kind = line[3:]
        elif line and not line.startswith("#"):
            label, text = line.split("\t", 1)
            found.append(Line(kind, label, text))
    return found


def learned() -> list[Line]:
    """Select the lines that a model learns from."""
    return [line for i, line in enumerate(lines()) if i % KEPT_BACK != KEPT_BACK // 2 - 1]


def kept_back() -> list[Line]:
    """Select the lines that no model learns from: an eighth, by which settings of training are chosen."""
    return [line for i, line in enumerate(lines()) if i % KEPT_BACK == KEPT_BACK // 2 - 1]


def make_everyday(
    chosen_lines: Sequence[Line], each: int = EACH, seed: int = 1, targets_each: int = TARGETS_EACH
) -> list[Made]:
    """Make `each` texts from every line, fewer where it has not so many; `targets_each` from one with targets."""
    chance, names = random.Random(seed), listed_names(seed)
    made = {}
    for line in chosen_lines:
        wanted = WANTED[line.label]
        for _ in range(each if wanted else targets_each):
            one = fill(chosen(line.text, chance), wanted, chance, names)
            one = one if one.targets else _varied(one, chance)
            made[one.text] = one
    return list(made.values())


def chosen(text: str, chance: random.Random) -> str:
    """Take one alternative of each choice of a text, at random. Choices may lie in one another."""
    while match := re.search(r"\(([^()]*\|[^()]*)\)", text):
        text = text[: match.start()] + chance.choice(match[1].split("|")) + text[match.end() :]
    return re.sub(r" +([,.!?;:]) ?", r"\1 ", re.sub(r"\s+", " ", text)).strip()


def _varied(made: Made, chance: random.Random) -> Made:
    """Write a share of the texts in another way that does not change what they say."""
    way = chance.random()
    if way < 0.1:
        return Made(made.text.lower().rstrip("."), made.wanted, [], [])
    if way < 0.14:
        return Made(made.text.upper(), made.wanted, [], [])
    if way < 0.22 and made.names == []:
        return Made(chance.choice(_MARKUP).format(made.text), made.wanted, [], [])
    if way < 0.3:
        return Made(made.text.rstrip("."), made.wanted, made.names, [])
    if way < 0.34:
        return Made(made.text.rstrip(".") + "!" * chance.randint(1, 3), made.wanted, made.names, [])
    return made
