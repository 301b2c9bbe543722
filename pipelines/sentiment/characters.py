"""Tables of code points for `tokens.py`: the class of each, whether it is a capital, and what it is read as.

What a code point is read as ("folded") makes texts equal that look equal. It is small and without accents; it is of the
Latin alphabet where a letter of another one looks the same; quotation marks, dashes and apostrophes have one shape
each. The kernels get the same tables.
"""

import re
import unicodedata
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

SPACE, WORD, SYMBOL, PUNCTUATION, IGNORED = range(5)
"""Classes of code points. A symbol, such as an emoji, is a token.

An ignored code point, such as a soft hyphen, is left out of a word, and belongs to the token before otherwise.
"""

CLASS, CASED, UPPER = 7, 8, 16
"""Bits of an entry of the first table: the class; whether there are two cases; whether the code point is a capital."""

TABLE = 0x20000
"""Code points below have an entry. Those above are ideographs and, from `LAST_WORD` on, tags and selectors."""

LAST_WORD = 0xE0000

APOSTROPHE = "'"
STARS = ("\u2605", "\u2606")
"""A full and an empty star, which all such stars are read as."""

_IGNORED = {0, 0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)}  # NUL; how an emoji is shown; the tones of skin
_ACCENTS = ("\u0300\u036f", "\u1ab0\u1aff", "\u1dc0\u1dff", "\u20d0\u20ff", "\ufe20\ufe2f")  # first and last
_LOOKS_LIKE = {
    APOSTROPHE: "\u2019\u2018\u201b\u02bc\u02bb\u02b9\u2032\uff07`\u00b4",
    '"': "\u201c\u201d\u201e\u201f\u00ab\u00bb\u2033\uff02",
    "-": "\u2010\u2011\u2012\u2013\u2014\u2015\u2212",
    STARS[0]: "\u2b50\u272d\u272e\u272f\u2730",
    STARS[1]: "\u2729",
}
# fmt: off
_ALPHABETS = [  # Cyrillic, Greek and small capitals, beside the Latin letters that they look like
    ("абвекмнорстухіјѕԁһӏԛԝүАВЕКМНОРСТУХІЈЅԌԚԜҮ", "abbekmhopctyxijsdhlqwyabekmhopctyxijsgqwy"),
    ("αεικνοορτυχγηωΑΒΕΖΗΙΚΜΝΟΡΤΥΧ", "aeikvooptuxynwabezhikmnoptyx"),
    ("ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡʏᴢ", "abcdefghijklmnoprstuvwyz"),
    ("ıɑɡɩøđłꞮØĐŁ", "iagiodliodl"),
]
# fmt: on
_LETTER = re.compile(r"(?:CIRCLED|SQUARED) LATIN CAPITAL LETTER ([A-Z])$")
_CLASSES = {"L": WORD, "N": WORD, "M": WORD, "So": SYMBOL, "Sk": SYMBOL, "Cf": IGNORED}


def class_of(character: str) -> int:
    """Return the class of one code point."""
    point = ord(character)
    return int(character_tables()[0][point]) & CLASS if point < TABLE else WORD if point < LAST_WORD else IGNORED


def folded(character: str) -> str:
    """Return the code point that a code point is read as; nothing for one that is left out, such as an accent."""
    point = ord(character)
    if point >= LAST_WORD:
        return ""
    found = int(character_tables()[1][point]) if point < TABLE else point
    return chr(found) if found else ""


def is_upper(character: str) -> bool:
    """Return whether a character is a capital."""
    point = ord(character)
    return point < TABLE and bool(character_tables()[0][point] & UPPER)


def is_cased(character: str) -> bool:
    """Return whether a character is a letter with a capital form, or is a capital."""
    point = ord(character)
    return point < TABLE and bool(character_tables()[0][point] & CASED)


@lru_cache(maxsize=1)
def character_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Return for each code point below `TABLE` its class with its bits, and what it is read as, 0 for nothing."""
    like = {ord(other): ord(plain) for plain, others in _LOOKS_LIKE.items() for other in others}
    for alphabet, latin in _ALPHABETS:
        like |= dict(zip(map(ord, alphabet), map(ord, latin), strict=True))
    accents = {point for ends in _ACCENTS for point in range(ord(ends[0]), ord(ends[1]) + 1)}
    characters = list(map(chr, range(TABLE)))
    plain = [_plain(c) if unicodedata.decomposition(c) or unicodedata.category(c) == "So" else c for c in characters]
    small = list(map(_lower, plain))
    classes = [
        (SPACE if c.isspace() else _CLASSES.get(category) or _CLASSES.get(category[0], PUNCTUATION))
        | CASED * (low != c or (len(c.upper()) == 1 and c.upper() != c and c.upper().lower() == c))
        | UPPER * (low != c)
        for c, low, category in zip(plain, small, map(unicodedata.category, plain), strict=True)
    ]
    for point in range(0x80):
        if classes[point] & CLASS == SYMBOL:
            classes[point] = PUNCTUATION
    for point, other in like.items():
        classes[point] = classes[point] & ~CLASS | classes[other] & CLASS
    for point in _IGNORED:
        classes[point] = IGNORED
    read_as = [
        0 if kind & CLASS == IGNORED or point in accents else like.get(point, ord(low))
        for point, (kind, low) in enumerate(zip(classes, small, strict=True))
    ]
    return np.array(classes, dtype=np.uint8), np.array(read_as, dtype=np.uint32)


def _plain(character: str) -> str:
    """Return a letter without accents and without a special form; other characters as they are."""
    if named := _LETTER.search(unicodedata.name(character, "")):
        return named[1]
    letters = [c for c in unicodedata.normalize("NFKD", character) if not unicodedata.combining(c)]
    return letters[0] if len(letters) == 1 and not letters[0].isspace() else character


def _lower(character: str) -> str:
    small = character.lower()
    return small if len(small) == 1 else character
