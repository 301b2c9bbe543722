"""Names, many of which sound good or bad, from which the model learns to ignore what a name sounds like.

Some are listed in `words`. Most are made here from words with a strong feeling, written as names are.
"""

import random

from training.lexicon import lexicon
from training.words import ORGS, PERSONS, PLACES, WORKS

PERSON, ORGANIZATION, PLACE, GROUP, WORK = range(5)
"""The kinds of names. A group is a nationality, religion or party; no such names are listed."""

MADE = 1500  # names of each kind
_STRONG = 1.2  # the least absolute valence of the words that names are made of

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
    """Return the names of each kind: those that are listed, and others put together at random."""
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
        PERSON: PERSONS + [f"{chance.choice(firsts)} {chance.choice(words)}" for _ in range(MADE)],
        ORGANIZATION: ORGS + [made(chance.choice(_ORGS)) for _ in range(MADE)],
        PLACE: PLACES + [made(chance.choice(_PLACES)) for _ in range(MADE)],
        WORK: WORKS + [made(chance.choice(_WORKS)) for _ in range(MADE)],
    }
