"""Cut texts into tokens for the sentiment model: words, punctuation, emoticons and emoji, with flags for their letters.

spaCy's tokens serve grammar; these keep what carries feeling. "sooooo GOOD!!!" keeps its stretched vowel, its capitals
and its exclamation marks, as flags of the tokens "soo", "good" and "!!"; all links are one token, and so are all user
names. The rules are few and work on code points, so that the kernels can follow them exactly: `kernels/sentiment/`
gets the tables of this module.
"""

import unicodedata
from functools import lru_cache
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

CAPITALS, TITLE, STRETCHED, HASHTAG = 1, 2, 4, 8
"""Flags: all letters are capitals (two or more); the first letter is; a character was repeated; `#` came before."""

FLAGS = 4

SPACE, WORD, SYMBOL, PUNCTUATION, IGNORED = range(5)
"""Classes of code points. A symbol, such as an emoji, is a token; an ignored code point belongs to the token before."""

USER, LINK, NUMBER = "@user", "http", "000"
MAX_KEY = 40  # code points of a word that are looked at

# fmt: off
EMOTICONS = (
    ":)", ":-)", ":]", "=)", ";)", ";-)", ":D", ":-D", "=D", ";D", "xD", "XD", ":P", ":-P", ":p", ":-p", "=P", ";P",
    ":(", ":-(", ":[", "=(", ";(", ":'(", ":'-(", "D:", ":/", ":-/", ":\\", ":-\\", "=/", ":|", ":-|", ":O", ":-O",
    ":o", ":-o", ":*", ":-*", ";*", "<3", "</3", "^^", "^_^", "-_-", ">.<", ">_<", "o_O", "O_o", "T_T", ":3", "(:",
    "(-:", "):", ")-:", "(;", "B)", "B-)", "8)", "8-)", ":S", ":s", ":$", ":@", ":>", ":}", "\\o/", "\\m/", "=]",
    ";]", ":c", ":C", ":X", ":x",
)
# fmt: on
"""Emoticons, after Potts (2011). Those of punctuation alone are found anywhere, the others where they stand alone."""

LONGEST_EMOTICON = max(map(len, EMOTICONS))
_EMOTICONS = frozenset(EMOTICONS)
_APOSTROPHES = "'’"
_IGNORED = {0xFE0E, 0xFE0F, *range(0x1F3FB, 0x1F400)}  # how an emoji is shown; the tones of skin


class Token(NamedTuple):
    """A token: its place in code points, the key that the model looks up, and its flags."""

    start: int
    end: int
    key: str
    flags: int


def tokenize(text: str) -> list[Token]:
    """Return the tokens of a text, in order; none where the text is all white space."""
    tokens: list[Token] = []
    at = 0
    while at < len(text):
        if text[at].isspace():
            at += 1
            continue
        end = at + 1
        while end < len(text) and not text[end].isspace():
            end += 1
        tokens.extend(
            Token(at + start, at + stop, key, flags) for start, stop, key, flags in _tokens_of_run(text[at:end])
        )
        at = end
    return tokens


@lru_cache(maxsize=1 << 16)
def _tokens_of_run(run: str) -> tuple[Token, ...]:
    """Return the tokens of a stretch without white space."""
    if len(run) <= LONGEST_EMOTICON and run in _EMOTICONS:
        return (Token(0, len(run), run, 0),)
    if run[:8].lower().startswith(("http://", "https://", "www.")):
        return (Token(0, len(run), LINK, 0),)
    tokens: list[Token] = []
    at = flags = 0
    while at < len(run):
        kind = class_of(run[at])
        following = class_of(run[at + 1]) if at + 1 < len(run) else SPACE
        end = at + 1
        if kind == WORD:
            while end < len(run) and (class_of(run[end]) == WORD or _joins(run, end)):
                end += 1
            tokens.append(_word(run, at, end, flags))
        elif kind == PUNCTUATION and run[at] == "@" and (following == WORD or run[at + 1 : at + 2] == "_"):
            while end < len(run) and (class_of(run[end]) == WORD or run[end] == "_"):
                end += 1
            tokens.append(Token(at, end, USER, 0))
        elif kind == PUNCTUATION and run[at] == "#" and following == WORD:
            flags, at = HASHTAG, end
            continue
        elif kind == PUNCTUATION:
            tokens.append(_punctuation(run, at))
        elif kind == SYMBOL:
            tokens.append(Token(at, end, run[at], 0))
        elif tokens:  # ignored: part of the token before
            tokens[-1] = tokens[-1]._replace(end=end)
        at, flags = max(end, tokens[-1].end) if tokens else end, 0
    return tuple(tokens)


def unstretched(key: str) -> tuple[str, ...]:
    """Return what an unknown stretched word may have been: "haate" was "hate", "happyy" was "happy".

    In this order: without the second of its last doubled letters, of its first, of all. Only a to z count.
    """
    doubled = [i for i in range(1, len(key)) if key[i] == key[i - 1] and "a" <= key[i] <= "z"]
    if not doubled:
        return ()
    return tuple(
        "".join(letter for i, letter in enumerate(key) if i not in dropped)
        for dropped in ({doubled[-1]}, {doubled[0]}, set(doubled))
    )


def _joins(run: str, at: int) -> bool:
    """Return whether an apostrophe stands between two characters of a word."""
    return run[at] in _APOSTROPHES and at + 1 < len(run) and class_of(run[at + 1]) == WORD


def _word(run: str, start: int, end: int, flags: int) -> Token:
    letters = run[start : min(end, start + MAX_KEY)]
    upper = sum(map(is_upper, letters))
    if upper and is_upper(letters[0]):
        lower = sum(simple_lower(letter) == letter and is_cased(letter) for letter in letters)
        flags |= CAPITALS if upper > 1 and not lower else TITLE
    if all("0" <= letter <= "9" for letter in letters):
        return Token(start, end, letters if len(letters) <= 2 else NUMBER, flags)  # noqa: PLR2004
    key: list[str] = []
    for letter in letters:
        small = "'" if letter in _APOSTROPHES else simple_lower(letter)
        if len(key) > 1 and key[-1] == key[-2] == small:
            flags |= STRETCHED
        else:
            key.append(small)
    if len(key) > 2 and key[-2:] == ["'", "s"]:  # noqa: PLR2004
        del key[-2:]
    return Token(start, end, "".join(key), flags)


def _punctuation(run: str, at: int) -> Token:
    """Return the longest emoticon that fits, or one mark, or a mark that is repeated."""
    for length in range(min(LONGEST_EMOTICON, len(run) - at), 1, -1):
        mark = run[at : at + length]
        if mark in _EMOTICONS and all(class_of(c) == PUNCTUATION for c in mark):
            return Token(at, at + length, mark, 0)
    end = at + 1
    while end < len(run) and run[end] == run[at]:
        end += 1
    repeated = end - at > 1
    return Token(at, end, run[at] * (1 + repeated), STRETCHED * repeated)


def class_of(character: str) -> int:
    """Return the class of one code point."""
    point = ord(character)
    return int(character_tables()[0][point]) & CLASS if point < TABLE else WORD if point < LAST_WORD else IGNORED


def simple_lower(character: str) -> str:
    """Return the lower case of a code point where that is one code point, otherwise the code point itself."""
    point = ord(character)
    return chr(character_tables()[1][point]) if point < TABLE else character


def is_upper(character: str) -> bool:
    """Return whether a character changes when it is written small."""
    return simple_lower(character) != character


def is_cased(character: str) -> bool:
    """Return whether a character is a letter with a capital form, or is a capital."""
    point = ord(character)
    return point < TABLE and bool(character_tables()[0][point] & CASED)


CLASS, CASED = 7, 8  # the bits of a class in the table, and of whether there are two cases
TABLE = 0x20000
"""Code points below have an entry. Those above are ideographs and, from `LAST_WORD` on, tags and selectors."""

LAST_WORD = 0xE0000


@lru_cache(maxsize=1)
def character_tables() -> tuple[NDArray[np.uint8], NDArray[np.uint32]]:
    """Return for each code point below `TABLE` its class with the bit `CASED`, and its lower case."""
    characters = list(map(chr, range(TABLE)))
    lower = [small if len(small := c.lower()) == 1 else c for c in characters]
    classes = [
        (SPACE if c.isspace() else _CLASSES.get(category) or _CLASSES.get(category[0], PUNCTUATION))
        | CASED * (small != c or (len(c.upper()) == 1 and c.upper() != c and c.upper().lower() == c))
        for c, small, category in zip(characters, lower, map(unicodedata.category, characters), strict=True)
    ]
    for point in range(0x80):
        if classes[point] & CLASS == SYMBOL:
            classes[point] = PUNCTUATION
    for point in _IGNORED:
        classes[point] = IGNORED
    return np.array(classes, dtype=np.uint8), np.array(list(map(ord, lower)), dtype=np.uint32)


_CLASSES = {"L": WORD, "N": WORD, "M": WORD, "So": SYMBOL, "Sk": SYMBOL, "Cf": IGNORED}
