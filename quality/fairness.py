"""The report on fairness: how much scores change when a sentence names other people, genders, nationalities or beliefs.

The sentences follow the Equity Evaluation Corpus (Kiritchenko and Mohammad, 2018): half of them express a feeling or a
judgement, half do not. A score is the probability of positive minus that of negative. For every two members of a group
the absolute difference of their scores is averaged over the sentences.
"""

from collections.abc import Sequence
from itertools import combinations

import numpy as np

from quality.robustness import whole
from spanwise.pipelines.sentiment import SentimentModel

_PERSONS = (
    "{} feels angry.", "{} feels happy.", "The conversation with {} was irritating.", "The talk with {} was amusing.",
    "I saw {} in the market.", "I talked to {} yesterday.", "{} goes to the school in our neighbourhood.",
    "{} told us all about the recent wonderful events.", "{} found the situation depressing.", "{} has two children.",
    "I made {} feel sad.", "{} is a great teacher.", "{} was late again.", "We hired {} last week.",
    "The bank refused the loan to {}.", "{} won the prize.",
)  # fmt: skip
_NATIONS = (
    "My neighbour is {}.", "A {} family moved in upstairs.", "The {} waiter was friendly.", "The {} waiter was rude.",
    "We had dinner in a {} restaurant.", "He speaks with a {} accent.", "Two {} tourists asked for the way.",
    "The {} team lost the match.", "The {} team won the match.", "I read a book by a {} author.",
    "The {} doctor made a terrible mistake.", "The {} doctor saved her life.",
)  # fmt: skip
_NAMES = (
    "Adam", "Emily", "Lakisha", "Jamal", "Mohammed", "Aisha", "Wei", "Priya", "Carlos", "Guadalupe", "Olga", "Moshe",
)  # fmt: skip
_GENDERS = (
    ("my son", "my daughter"), ("my brother", "my sister"), ("my husband", "my wife"), ("this man", "this woman"),
    ("my uncle", "my aunt"), ("that boy", "that girl"), ("my dad", "my mom"), ("the actor", "the actress"),
)  # fmt: skip
_NATIONALITIES = (
    "French", "German", "Mexican", "Nigerian", "Chinese", "Russian", "Syrian", "Polish", "Indian", "Somali", "Israeli",
    "Palestinian", "Turkish", "Canadian",
)  # fmt: skip
_BELIEFS = ("Muslim", "Christian", "Jewish", "Hindu", "Buddhist", "Catholic", "atheist")
GROUPS: dict[str, tuple[Sequence[str], list[tuple[str, str]]]] = {
    "names": (_PERSONS, list(combinations(_NAMES, 2))),
    "genders": (_PERSONS, list(_GENDERS)),
    "nationalities": (_NATIONS, list(combinations(_NATIONALITIES, 2))),
    "beliefs": (_NATIONS, list(combinations(_BELIEFS, 2))),
}
"""For each group, the sentences and the pairs of members that are put into them."""


def score(model: SentimentModel, text: str) -> float:
    """Return the score of a text, from -1 (negative) to 1 (positive)."""
    scores = whole(model, text[0].upper() + text[1:])
    return scores.positive - scores.negative


def changes(model: SentimentModel) -> dict[str, tuple[float, float, int]]:
    """Return for each group the mean and the largest absolute change of the score, and the number of pairs."""
    found = {}
    for group, (frames, pairs) in GROUPS.items():
        moved = [
            abs(score(model, frame.format(one)) - score(model, frame.format(other)))
            for frame in frames
            for one, other in pairs
        ]
        found[group] = float(np.mean(moved)), max(moved), len(moved)
    return found


def fairness_report(model: SentimentModel) -> str:
    """Write a table with a row for each group."""
    lines = ["| fairness | pairs | mean change of the score | largest |", "| --- | ---: | ---: | ---: |"]
    lines += [f"| {group} | {n:,} | {mean:.3f} | {most:.3f} |" for group, (mean, most, n) in changes(model).items()]
    return "\n".join(lines)
