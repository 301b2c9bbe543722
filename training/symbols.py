"""Emoji, symbols and ratings in stars: which there are, their names, and what each says by itself.

Corpora hold few of them, and most only a handful of times. Unicode names them all, so that a rare one starts from the
words of its name and shares n-grams with them; by itself it is neutral unless its name tells a feeling.
"""

import re
import unicodedata

from spanwise.pipelines.sentiment.characters import STARS, SYMBOL, class_of, folded

_RANGES = ((0x2190, 0x2BFF), (0x3030, 0x303D), (0x1F004, 0x1F004), (0x1F0CF, 0x1F0CF), (0x1F100, 0x1FAFF))
_OTHERS = "©®°™℠№"

_HAPPY = re.compile(
    r"GRINNING|TEARS OF JOY|SMIL|HEARTS?\b|KISS|STAR EYES|PARTY|THUMBS UP|CLAPPING|HUGGING|SAVOURING|CONFETTI|"
    r"TROPHY|SPARKLE|RAISING BOTH HANDS|OK HAND|FLEXED BICEPS|HUNDRED POINTS|^FIRE$|WINKING|RELIEVED|SUNGLASSES|MEDAL|"
    r"GLOWING STAR|BOUQUET|ROLLING ON THE FLOOR|HALO|COWBOY|CLINKING|HAPPY|\bLOVE"
)
_SAD = re.compile(
    r"CRYING|ANGRY|\bPOUTING|FROWNING|WEARY|TIRED FACE|PERSEVERING|CONFOUNDED|DISAPPOINTED|WORRIED|ANGUISHED|FEARFUL|"
    r"SCREAMING IN FEAR|NAUSEATED|VOMITING|LOOK OF TRIUMPH|COVERING MOUTH|BROKEN HEART|THUMBS DOWN|PILE OF POO|"
    r"UNAMUSED|ROLLING EYES|CONFUSED|MIDDLE FINGER EXT|COLD SWEAT|WITH THERMOMETER|HEAD-BANDAGE|SNEEZING"
)
_FACES = ((0x1F600, 0x1F64F), (0x1F910, 0x1F92F), (0x1F970, 0x1F97A), (0x1FAE0, 0x1FAFF))
_MOODS = frozenset("🌹🌻🍰🎁🎂🎈🌈💀☠👻🙏🕺👋👊✌☀🌞🐶🐱🦄🤝💃🌺🌸🍾🎶")
"""What people put behind a text with a feeling, or with none."""
SHORT = 5  # stars: more than so many in a row are of ten, or are enthusiasm
_TICKS = {"\u2705", "\u2714", "\u2713", "\u2611"}
_CROSSES = {"\u274c", "\u2716", "\u2717", "\u2718", "\u274e", "\u26d4", "\U0001f6ab"}

HELD_OUT = frozenset("🚗🏠📎🖨🚲🗂🪑🧭🐄🥕🕒🔑📦🚦🧱📺🌍➡🔵🔢😄💚😿😾")
"""Emoji that training shows no label of, because the tests show them by themselves."""

Wanted = tuple[float, float, float]


def symbols() -> list[str]:
    """Return the symbols that have a row of their own."""
    points = [point for first, last in _RANGES for point in range(first, last + 1)] + list(map(ord, _OTHERS))
    found = list(map(chr, points))
    return [c for c in found if class_of(c) == SYMBOL and folded(c) == c and unicodedata.name(c, "") != ""]


def words_of(key: str) -> str:
    """Return the name of a symbol in small letters; any other key as it is."""
    if len(key) == 1 and class_of(key) == SYMBOL:
        return unicodedata.name(key, key).lower()
    return key


def feeling(symbol: str) -> Wanted | None:
    """Return what a symbol says by itself, or None where its name does not tell."""
    name = unicodedata.name(symbol, "")
    if symbol in _TICKS:
        return (0.02, 0.55, 0.43)
    if symbol in _CROSSES:
        return (0.4, 0.58, 0.02)
    if _SAD.search(name) and ("BROKEN" in name or not _HAPPY.search(name)):
        return (0.86, 0.11, 0.03)
    if _HAPPY.search(name) and "BROKEN" not in name:
        return (0.03, 0.12, 0.85)
    is_face = any(first <= ord(symbol) <= last for first, last in _FACES)
    return None if is_face or symbol in _MOODS else (0.02, 0.96, 0.02)


def ratings() -> dict[str, Wanted]:
    """Return what ratings in stars say: up to five stars, and ten of which some are empty."""
    full, empty = STARS
    found = {}
    for most in (SHORT, 10):
        for count in range(most + 1):
            level = count / most if count else 0.0
            wanted = _of_level(level)
            found[full * count + empty * (most - count)] = wanted
            if count:
                found.setdefault(full * count, wanted if most == SHORT else _of_level(1.0))
    found[full] = (0.6, 0.34, 0.06)
    return dict(sorted(found.items(), key=lambda item: len(item[0])))


def _of_level(level: float) -> Wanted:
    if level >= 0.8:
        return (0.02, 0.05, 0.93)
    if level <= 0.4:
        return (0.93, 0.05, 0.02)
    return (0.2, 0.6, 0.2)
