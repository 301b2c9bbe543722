"""Names, many of which sound good or bad: the model is to learn that a name says nothing.

Some are listed; most are made of words that do have a feeling, written as names are.
"""

import random

from training.lexicon import lexicon
from training.words import ORGS, PERSONS, PLACES, WORKS

MADE = 1500  # of each kind
_STRONG = 1.2  # how much a word feels that names are made of

_ORGS = """{} Group|{} Inc|{} Media|{} & Sons|{} Airlines|{} Records|{} Foods|{} Bank|{} Hotels|The {} Company|{} Motors|{} Labs
{} Partners|{} {}|{} United|{} FC|{}|{} Software|{} Insurance|{} Times|Radio {}|{} Foundation|{} Energy|{} Brothers""".replace(
    "\n", "|"
).split("|")
_PLACES = [
    "{}ville",
    "{} Bay",
    "{} Creek",
    "{} Falls",
    "Port {}",
    "Mount {}",
    "{} Valley",
    "{} Hills",
    "Lake {}",
    "{} Beach",
    "{} Island",
    "New {}",
    "{}",
    "{}ton",
]
_WORKS = """The {}|{} and {}|A {} {}|{}|The {} of {}|{} in the City|My {}|{} Street|{} 2|The Last {}|{} or {}|The {} Game|Love and {}
{}, My {}|{} at Noon|The {} Brothers|No {}|Return to {}|The House of {}|{} Forever""".replace("\n", "|").split("|")


def listed_names(seed: int) -> dict[int, list[str]]:
    """By kind, see `dataset.KINDS`: the listed ones, and others put together at random."""
    chance = random.Random(seed)
    words = [
        word.title()
        for word, valence in lexicon().items()
        if word.isalpha() and len(word) > 2 and abs(valence) > _STRONG
    ]
    firsts = [name.split()[0] for name in PERSONS]

    def made(pattern: str) -> str:
        return pattern.format(chance.choice(words), chance.choice(words))

    return {
        0: PERSONS + [f"{chance.choice(firsts)} {chance.choice(words)}" for _ in range(MADE)],
        1: ORGS + [made(chance.choice(_ORGS)) for _ in range(MADE)],
        2: PLACES + [made(chance.choice(_PLACES)) for _ in range(MADE)],
        4: WORKS + [made(chance.choice(_WORKS)) for _ in range(MADE)],
    }
