"""Cut texts into tokens for the sentiment model: words, punctuation, emoticons and emoji, with flags for their letters.

spaCy's tokens serve grammar; these keep what carries feeling. "sooooo GOOD!!!" keeps its stretched vowel, its capitals
and its exclamation marks, as flags of the tokens "soo", "good" and "!!"; all links are one token, and so are all user
names. The rules are few and work on code points, so that the kernels can follow them exactly: `kernels/sentiment/`
gets the tables of this module. Whatever only looks different is the same key: invisible characters are left out of
words, letters with accents and their look-alikes in other alphabets are read as plain ones (`characters.py`).
"""

from collections.abc import Sequence
from functools import lru_cache
from typing import NamedTuple

from spanwise.pipelines.sentiment.characters import (
    APOSTROPHE,
    IGNORED,
    PUNCTUATION,
    SPACE,
    STARS,
    SYMBOL,
    WORD,
    class_of,
    folded,
    is_cased,
    is_upper,
)

CAPITALS, TITLE, STRETCHED, HASHTAG = 1, 2, 4, 8
"""Flags: all letters are capitals (two or more); the first letter is; a character was repeated; `#` came before."""

FLAGS = 4
"""The flags above have a vector each in the model."""

SMALL, WAS_TITLE = 16, 32
"""Flags without a vector: a word of at least `LONG` letters begins small; `title_case` has taken the flag `TITLE`."""

LONG = 4
TITLE_CASE = 4
"""A sentence of at least so many words with a capital first letter, and less than a quarter as many long words without,
is in title case.
"""

USER, LINK, NUMBER = "@user", "http", "000"
MAX_KEY = 40  # code points of a word that are looked at
MAX_STARS = 10

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
_ESCAPE = "\x1b"  # begins a terminal's control sequence (ECMA-48), such as ESC [ 31 m


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


def sentence_tokens(text: str) -> list[Token]:
    """Return the tokens of a sentence as the model reads them: those of `tokenize`, without what title case adds."""
    tokens = tokenize(text)
    return untitled(tokens) if is_title_case([token.flags for token in tokens]) else tokens


def is_title_case(flags: Sequence[int]) -> bool:
    """Tell from the flags of a sentence's tokens whether it is written like a headline. Such capitals say nothing."""
    titled = sum(1 for each in flags if each & TITLE)
    return titled >= TITLE_CASE and TITLE_CASE * sum(1 for each in flags if each & SMALL) < titled


def untitled(tokens: Sequence[Token]) -> list[Token]:
    """Return the tokens without the flag `TITLE`; those that had it are marked with `WAS_TITLE`."""
    return [t._replace(flags=t.flags & ~TITLE | WAS_TITLE) if t.flags & TITLE else t for t in tokens]


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
            while end < len(run) and (class_of(run[end]) in (WORD, IGNORED) or _joins(run, end)):
                end += 1
            tokens.append(_word(run, at, end, flags))
        elif kind == PUNCTUATION and (markup := _markup(run, at)):
            at, flags = at + markup, 0
            continue
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
            tokens.append(_symbol(run, at))
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
    return folded(run[at]) == APOSTROPHE and at + 1 < len(run) and class_of(run[at + 1]) == WORD


def _word(run: str, start: int, end: int, flags: int) -> Token:
    letters = run[start : min(end, start + MAX_KEY)]
    upper = sum(map(is_upper, letters))
    if upper and is_upper(letters[0]):
        lower = sum(is_cased(letter) and not is_upper(letter) for letter in letters)
        flags |= CAPITALS if upper > 1 and not lower else TITLE
    key: list[str] = []
    digits = stretched = False
    for letter in letters:
        small = folded(letter)
        if not small:
            continue
        digits = "0" <= small <= "9" and (digits or not key)
        if len(key) > 1 and key[-1] == key[-2] == small and not digits:
            stretched = True
        else:
            key.append(small)
    if not key:
        key = [letters[0]]
    if digits:
        return Token(start, end, "".join(key) if len(key) <= 2 else NUMBER, flags)  # noqa: PLR2004
    if len(key) >= LONG and not flags & (CAPITALS | TITLE) and is_cased(letters[0]):
        flags |= SMALL
    if len(key) > 2 and key[-2:] == [APOSTROPHE, "s"]:  # noqa: PLR2004
        del key[-2:]
    return Token(start, end, "".join(key), flags | STRETCHED * stretched)


def _symbol(run: str, at: int) -> Token:
    """Return a symbol, or stars in a row as one token: "★★★☆☆" is a rating."""
    key, end = folded(run[at]), at + 1
    if key in STARS:
        stop = end
        while stop < len(run) and (folded(run[stop]) in STARS or class_of(run[stop]) == IGNORED):
            stop += 1
            if folded(run[stop - 1]) in STARS:
                key, end = key + folded(run[stop - 1]), stop
    return Token(at, end, key[:MAX_STARS], 0)


def _markup(run: str, at: int) -> int:
    """Return the length of markup at a place of a run, 0 where there is none.

    It is a tag without attributes (`<b>`), white space in a URL (`%20`), or the sequence by which a terminal colours.
    """
    if run[at] == "%":
        return 3 if run[at + 1 : at + 3].lower() in ("20", "0a", "0d") else 0
    if run[at] == _ESCAPE and run[at + 1 : at + 2] == "[":
        end = at + 2
        while end < len(run) and run[end] in "0123456789;":
            end += 1
        return min(end + 1, len(run)) - at
    if run[at] == "<":
        end = at + 1 + (run[at + 1 : at + 2] == "/")
        first = end
        while end < len(run) and ("a" <= run[end] <= "z" or "A" <= run[end] <= "Z"):
            end += 1
        named = end > first
        end += run[end : end + 1] == "/"
        return end + 1 - at if named and run[end : end + 1] == ">" else 0
    return 0


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
    return Token(at, end, folded(run[at]) * (1 + repeated), STRETCHED * repeated)
