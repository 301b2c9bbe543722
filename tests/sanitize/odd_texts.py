"""Texts that nobody writes: what reaches the corners of a tokenizer, a decoder of UTF-8 and a cut into chunks."""

from collections.abc import Callable, Iterator
from random import Random

from spanwise.pipelines.entities.compiled.comparison import SAMPLE

# Every character for which `str.isspace` holds, and some that only look so.
_SPACES = [chr(point) for point in range(0x3001) if chr(point).isspace()]
_INVISIBLE = ["\u200b", "\u200c", "\u200d", "\u2060", "\ufeff", "\u00ad", "\ufe0f", "\u180e", "\U000e0001", "\u202e"]
_EMOJI = ["😀", "❤️", "👍🏽", "👩‍👩‍👧", "🏴\U000e0067\U000e0062\U000e007f", "🇫🇷", "🇫", "1️⃣", "🧑🏿‍🚀", "☹"]
_MARKS = [chr(point) for point in (*range(0x300, 0x370), 0x20DD, 0xFE20, 0x0E31, 0x0947, 0x064B, 0x3099)]
_SCRIPTS = [
    "Straße",
    "naïve",
    "东京",
    "東京タワー",
    "서울",
    "Москва",
    "Αθήνα",
    "القاهرة",
    "תל אביב",
    "दिल्ली",
    "ไทย",
    "İı",
    "ﬁ",
    "Ǆ",
    "𝔸𝕓",
]
# Neighbours of what UTF-8 and UTF-16 encode in another way: one, two, three and four bytes, and the surrogates.
_BORDERS = [
    chr(p)
    for p in (0, 1, 0x7F, 0x80, 0x7FF, 0x800, 0xD7FF, 0xE000, 0xFFFD, 0xFFFF, 0x10000, 0xDFFFF, 0xE0000, 0x10FFFF)
]
_PUNCTUATION = [
    *"()[]{}<>\"'`:;,.!?-_#@/\\|*&^%$~+=",
    "“",
    "”",
    "’",
    "…",
    "—",
    "«",
    "»",
    ":)",
    ":-(",
    "):",
    "<3",
    "...",
    "!!",
    "?!",
]
_EXCEPTIONS = [
    "don't",
    "n't",
    "I'm",
    "a.m.",
    "U.K.",
    "Mr.",
    "e.g.",
    "'s",
    "’ll",
    "Google:)",
    "b:(",
    ":(",
    "(CEO).",
    "$3.5m",
    "12%",
    "http://",
    "www.x.y/z?a=b",
    "@some_one",
    "#tag",
    "C++",
    "😀:)",
]
_WORDS = sorted({word for text in SAMPLE for word in text.split()})


def _characters(choices: list[str], longest: int) -> Callable[[Random], str]:
    """Return a kind of text: some of these characters, at most `longest`."""
    return lambda chance: "".join(chance.choices(choices, k=chance.randint(0, longest)))


def _run(chance: Random) -> str:
    """Return one character or piece, again and again: at times for longer than any key, count or chunk expects."""
    piece: str = chance.choice(
        [*_SPACES, *_INVISIBLE, *_EMOJI, *_MARKS, *_BORDERS, *_PUNCTUATION, *_EXCEPTIONS, "a", "É", "7"]
    )
    return piece * chance.choice([1, 2, 3, 7, 8, 9, 23, 24, 25, 39, 40, 41, 160, 161, 600])


def _mutated(chance: Random) -> str:
    """Return a real text with characters dropped, doubled, swapped and replaced."""
    characters = list(chance.choice(SAMPLE[:-1]) or "x")
    for _ in range(chance.randint(1, 12)):
        at = chance.randrange(len(characters))
        characters[at] = (
            chance.choice(
                [
                    "",
                    characters[at] * 2,
                    characters[at - 1],
                    characters[at].swapcase(),
                    *_MARKS[:3],
                    *_SPACES,
                    *_BORDERS,
                    *_EMOJI,
                ]
            )
            or " "
        )
    return "".join(characters)


def _mixture(chance: Random) -> str:
    """Return pieces of every kind, with or without white space between them."""
    pieces = [_WORDS, _SCRIPTS, _EXCEPTIONS, _PUNCTUATION, _EMOJI, _SPACES, _INVISIBLE, _MARKS, _BORDERS]
    joint = chance.choice(["", " ", "  ", "\n", "\u3000"])
    return joint.join(chance.choice(chance.choice(pieces)) for _ in range(chance.randint(0, 40)))


def _random_points(chance: Random) -> str:
    """Return code points from all of Unicode, the surrogates left out: no JSON text holds one, and C never sees one."""
    points = (
        chance.choice([chance.randrange(0x110000), chance.randrange(0x3000)]) for _ in range(chance.randint(0, 30))
    )
    return "".join(chr(point) for point in points if not 0xD800 <= point < 0xE000)


def _brackets(chance: Random) -> str:
    """Return words within layers of brackets and quotes, which affix rules take off one by one."""
    depth = chance.choice([1, 3, 30, 200])
    return chance.choice('(["“<«') * depth + chance.choice(_WORDS) + chance.choice(')]"”>»') * chance.randint(0, depth)


def _exceptions(chance: Random) -> str:
    """Return pieces of exceptions side by side: some belong together over the white space between them."""
    pieces = ["Google", ":", ")", "(", "-", "Paris", "x", *_EXCEPTIONS]
    return " ".join("".join(chance.choices(pieces, k=chance.randint(1, 5))) for _ in range(chance.randint(1, 12)))


def _with_byte_order_mark(chance: Random) -> str:
    """Return a text with byte order marks at its ends."""
    return "\ufeff" * chance.randint(1, 3) + _mutated(chance) + chance.choice(["", "\ufeff", "\ufffe"])


def _control(chance: Random) -> str:
    """Return control characters, NUL among them, between words."""
    return "".join(
        chance.choice([chr(chance.randrange(0x20)), chr(chance.randrange(0x7F, 0xA0)), "word ", "a"]) for _ in range(20)
    )


def _marked(chance: Random) -> str:
    """Return letters under heaps of combining marks."""
    return "".join(chance.choice("aeiou ") + "".join(chance.choices(_MARKS, k=chance.randint(0, 12))) for _ in range(8))


def _stretched(chance: Random) -> str:
    """Return words with letters held down."""
    return " ".join("".join(c * chance.choice([1, 1, 2, 5, 50]) for c in chance.choice(_WORDS)) for _ in range(6))


def _long(chance: Random) -> str:
    """Return a text of more words than the kernels compute at a time (512, and a halo beside them)."""
    piece = chance.choice([_mixture, _exceptions, _stretched, _control])
    if chance.random() < 0.5:
        return chance.choice(["word ", "Paris\n", "a", "😀", ". ", " \n\t", "x:) "]) * chance.choice(
            [511, 512, 513, 560, 1500]
        )
    return chance.choice(["", " "]).join(piece(chance) for _ in range(chance.randint(20, 60)))


_KINDS: tuple[Callable[[Random], str], ...] = (
    lambda _: "",
    _characters(_SPACES, 30),
    _characters([*_EMOJI, *_INVISIBLE], 30),
    _characters([*_BORDERS, "a", " "], 30),
    _characters(_PUNCTUATION, 40),
    _characters([*_SCRIPTS, " "], 20),
    _characters(["a", "'", "’", "s", "_", "#", "@", "9"], 60),
    _run,
    _mutated,
    _mixture,
    _random_points,
    _brackets,
    _exceptions,
    _with_byte_order_mark,
    _control,
    _marked,
    _stretched,
)  # fmt: skip
_LONG_SHARE = 0.005


def odd_texts(chance: Random, count: int) -> Iterator[str]:
    """Yield that many texts; one in two hundred is long."""
    for _ in range(count):
        yield _long(chance) if chance.random() < _LONG_SHARE else chance.choice(_KINDS)(chance)
