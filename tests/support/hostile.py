"""Sixty texts that tokenizers and models find hard: each a pattern that is repeated to any length.

They come from public reports of slow tokenizers, from spaCy's own rules, and from what was found by searching. The
command `make worst-case` measures them; tests compare their tokens with spaCy's.
"""

from random import Random

PATTERNS: dict[str, str] = {
    "open brackets": "(",
    "closed brackets": ")",
    "brackets of all kinds": "([{<>}])",
    "exclamations": "!",
    "questions": "?!",
    "colons": ":",
    "semicolons and commas": ";,",
    "double quotes": '"',
    "single quotes": "'",
    "curly quotes": "“”‘’",
    "full stops": ".",
    "ellipses": "…",
    "stops and letters": "a.",
    "capitals with stops": "U.S.",
    "hyphens": "-",
    "hyphenated letters": "a-",
    "dashes between letters": "a—b",
    "asterisks": "*",
    "hashes": "#",
    "underscores": "_a",
    "slashes": "a/b/",
    "backslashes": "\\",
    "equals signs": "a=b",
    "plus signs": "1+1",
    "percent signs": "1%",
    "money": "$1€2£3",
    "degrees": "1°C.",
    "units": "1km2m²",
    "units with brackets": "(1km)",
    "digits": "0123456789",
    "numbers with commas": "1,000,",
    "capitals": "ABCdef",
    "contractions": "can't",
    "contractions with spaces": "I'm don't ",
    "possessives": "x's",
    "French elisions": "l'a d'",
    "emoticons": ":)",
    "many emoticons": ":-(;)o.O",
    "emoticons with spaces": ": ) ",
    "emoji": "🎉",
    "joined emoji": "👩‍👩‍👧",
    "flags": "🇨🇭",
    "skin tones": "👍🏽",
    "user infos": "a:b@",
    "mail addresses": "a@b.c ",
    "protocols": "://",
    "URLs": "http://a.b/c?d ",
    "one URL": "http://a.b.",
    "host names": "a.b.c.d-e.",
    "IP addresses": "127.0.0.1:80@",
    "one city": "Paris ",
    "names with commas": "Tim Cook, ",
    "dates": "May 3, ",
    "letters and spaces": "a b c ",
    "short sentences": "A. No! ",
    "white space": " \t\n\u3000\u00a0",
    "Chinese": "東京 ",
    "combining marks": "e\u0301\u0302",
    "zero-width characters": "a\u200b\u200d\ufeff",
    "unknown characters": "\U000e0001\ue000\x00",
}
_EMOJI = [chr(point) for point in range(0x1F300, 0x1F5FF)]
_MARKS = list("()[]{}<>!?.,:;'\"`-_/\\|@#$%^&*+=~…–—“”‘’€£°²")
_LETTERS = [chr(point) for point in range(0x4E00, 0x9FFF)]
_WORDS = ["Paris", "IBM", "Tim", "Cook", "May", "3", "$1", "a", "good", "bad", "isn't", "1km", "U.S.", "http://a.b"]
_BRICKS = [*_MARKS, *_MARKS, *_EMOJI[:40], *_WORDS, *"aZ0 \n", "東", "\u200d", "\u0301"]


def repeated(pattern: str, length: int) -> str:
    """Repeat a pattern up to a length."""
    return (pattern * (length // len(pattern) + 1))[:length]


def mixtures(length: int) -> dict[str, str]:
    """Return texts in which no stretch is like another, so that nothing computed once serves twice."""
    random = Random(length)
    return {
        "different emoji": "".join(random.choices(_EMOJI, k=length)),
        "different marks": "".join(random.choices(_MARKS, k=length)),
        "different characters as words": "".join(c + " " for c in random.choices(_LETTERS, k=length // 2)),
        "different names": " ".join(random.choices(_WORDS, k=length))[:length],
        "different marks and words": "".join(random.choices([*_MARKS, *_WORDS], k=length))[:length],
    }


def found_by_chance(length: int, seed: int) -> tuple[str, str]:
    """Return a random pattern, written out, and a text of it: one of a few short bricks, repeated or mixed."""
    random = Random(seed)
    bricks = random.choices(_BRICKS, k=random.randint(1, 6))
    if random.random() < 0.5:
        return ascii("".join(bricks)), repeated("".join(bricks), length)
    return "a mixture of " + ascii(bricks), "".join(random.choices(bricks, k=length))[:length]
