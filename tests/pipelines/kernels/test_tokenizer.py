"""The kernels split texts into spaCy's own tokens, by the rules of many languages, without asking Python."""

import random
from collections.abc import Callable
from functools import lru_cache
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.language import Language

from spanwise.pipelines.entities.compiled.lexemes import Lexemes
from spanwise.pipelines.entities.tokenizer_rules import TokenizerRules
from spanwise.pipelines.kernels import SpanKernels
from tests.support.hostile import PATTERNS, found_by_chance, mixtures, repeated

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built: there is no C compiler")

LANGUAGES = ["en", "fr", "de", "es", "pt", "nl"]
PIECES = [
    *"ab.-'(:)/@ \n\t!?,;\"#$%&*+=_0123456789°FCUAkms…–—é中😀",
    *("don't", "n't", "'s", ":)", ":-(", "):", "can't", "I'm", "http://", "www.", ".com", "U.S.", "a.m.", "10km"),
    *("(c)", "o.O", "..", "...", "--", "\u200d", "\x00", "d'", "aujourd'hui", "🇨🇭", "l'", "ſ", "K", "İ", "ß"),
]
Described = list[tuple[int, int, str | None, bool]]


def kernels_of(nlp: Language) -> Callable[[str], Described]:
    """Return the kernels' tokenizer of a language: texts to positions, exceptions' norms and spaces of tokens."""
    lexemes = Lexemes(nlp.vocab, TokenizerRules(nlp.tokenizer), ())
    norms = [None, *lexemes._norm_numbers]
    kernels = SpanKernels(
        columns=0, statics=None, entities=None, sentences="rules", categories=(), pairs=b"",
        lexicon_bytes=1 << 16, tokenizer=lexemes.tokenizer, norms=lexemes.norms, norm_column=-1, space_column=-1,
    )  # fmt: skip
    return lambda text: [(start, end, norms[norm], bool(space)) for start, end, norm, space in kernels.tokenize(text)]


def by_rules(nlp: Language, text: str) -> Described:
    """Return the same by the rules in Python."""
    tokens, spaces = TokenizerRules(nlp.tokenizer).tokenize(text)
    found, start = [], 0
    for (word, norm), space in zip(tokens, spaces, strict=True):
        found.append((start, start + len(word), norm or None, space))
        start += len(word) + space
    return found


@lru_cache
def language(code: str) -> tuple[Language, Callable[[str], Described]]:
    """Return a language and the kernels' tokenizer of it, made once."""
    nlp = spacy.blank(code)
    return nlp, kernels_of(nlp)


def assert_same(code: str, text: str) -> None:
    """Compare tokens, positions, norms and spaces with spaCy's."""
    nlp, tokenize = language(code)
    doc = nlp.tokenizer(text)
    found = tokenize(text)
    assert [(start, end, space) for start, end, _, space in found] == [
        (token.idx, token.idx + len(token), bool(token.whitespace_)) for token in doc
    ], ascii(text)
    for (start, end, norm, _), token in zip(found, doc, strict=True):
        assert (norm or nlp.vocab[text[start:end]].norm_) == token.norm_, ascii(text)


@settings(max_examples=600, deadline=None)
@given(code=st.sampled_from(LANGUAGES), pieces=st.lists(st.sampled_from(PIECES) | st.characters(), max_size=40))
def test_tokens_are_spacys(code: str, pieces: list[str]) -> None:
    """Random texts get spaCy's tokens: equal positions, norms and white space."""
    assert_same(code, "".join(pieces).encode("utf-8", "ignore").decode())


@pytest.mark.parametrize("code", ["en", "fr", "de"])
def test_hostile_texts_get_spacys_tokens(code: str) -> None:
    """The patterns of `make worst-case`, at a length that spaCy can bear."""
    for pattern in PATTERNS.values():
        assert_same(code, repeated(pattern, 230))
    for text in mixtures(230).values():
        assert_same(code, text)
    for seed in range(300):
        assert_same(code, found_by_chance(120, seed)[1])


@pytest.mark.parametrize("code", ["en", "fr"])
def test_tokens_are_spacys_on_real_and_on_wild_texts(code: str, corpora: Path) -> None:
    """1,500 tweets and 3,000 random mixtures of strings that tokenizers have rules for get spaCy's tokens."""
    wild = random.Random(6)
    texts = ["".join(wild.choices(PIECES, k=wild.randint(1, 60))) for _ in range(3000)]
    tweets = (corpora / "sentiment" / "semeval.train.tsv").read_text("utf-8").splitlines()
    for text in texts + [line.partition("\t")[2] for line in wild.sample(tweets, 1500)]:
        assert_same(code, text)
