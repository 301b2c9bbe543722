"""The linear tokenizer gives spaCy's own tokens for every text, in time that is linear in the text."""

import random
from pathlib import Path

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st
from spacy.tokenizer import Tokenizer
from spacy.tokens import Doc
from spacy.util import compile_suffix_regex

from spanwise.pipelines.entities.affix_patterns import fits_a_window
from spanwise.pipelines.entities.linear_tokenizer import LinearTokenizer

LANGUAGES = ["en", "fr", "de", "es", "pt", "nl"]
PIECES = [
    *"ab.-'(:)/@ \n\t!?,;\"#$%&*+=_0123456789°FCUAkms…–—é中😀",
    *("don't", "n't", "'s", ":)", ":-(", "):", "can't", "I'm", "http://", "www.", ".com", "U.S.", "a.m.", "10km"),
    *("(c)", "o.O", "..", "...", "--", "\u200d", "\x00", "d'", "aujourd'hui", "🇨🇭"),
]
LONG = {
    "exclamations": "!" * 100_000,
    "brackets": "([{" * 33_000,
    "quotes": "'" * 100_000,
    "emoji": "😀" * 100_000,
    "zwj": "👩‍👩‍👧" * 20_000,
    "emoticons": ":)" * 50_000,
    "protocols": "://" * 33_000,
    "user-infos": "a:b@" * 25_000,
    "one-user-info": "http://" + "a:" * 40_000 + "@" + "b:" * 9_000,
    "dots": ("." * 300 + "x") * 330,
    "mixture": "".join(random.Random(1).choices("ab.-'(:)/@😀!", k=100_000)),
}

# With `long_stretch=1` every text that is not all white space is tokenized by the linear rules.
tokenizers = {code: (nlp := spacy.blank(code), LinearTokenizer(nlp.tokenizer, long_stretch=1)) for code in LANGUAGES}


def described(doc: Doc) -> list[tuple[str, int, str, bool]]:
    """Return what later components read of each token: its text, position, norm and whether a space follows."""
    return [(token.text, token.idx, token.norm_, bool(token.whitespace_)) for token in doc]


@pytest.mark.parametrize("code", LANGUAGES)
def test_the_rules_of_these_languages_allow_it(code: str) -> None:
    """The affix rules of English and five other languages are bounded, so their texts are tokenized in linear time.

    spaCy gives unbounded affix rules to some other languages.
    """
    assert tokenizers[code][1].linear


@settings(max_examples=400, deadline=None)
@given(code=st.sampled_from(LANGUAGES), pieces=st.lists(st.sampled_from(PIECES) | st.characters(), max_size=40))
def test_tokens_are_spacys(code: str, pieces: list[str]) -> None:
    """Random texts get spaCy's tokens: equal texts, positions, norms and white space."""
    text = "".join(pieces).encode("utf-8", "ignore").decode()
    nlp, linear = tokenizers[code]
    assert described(linear(text)) == described(nlp.tokenizer(text))


@pytest.mark.parametrize("code", ["en", "fr"])
def test_tokens_are_spacys_on_real_and_on_wild_texts(code: str, corpora: Path) -> None:
    """1,500 tweets and 3,000 random mixtures of strings that tokenizers have rules for get spaCy's tokens."""
    nlp, linear = tokenizers[code]
    wild = random.Random(5)
    texts = ["".join(wild.choices(PIECES, k=wild.randint(1, 60))) for _ in range(3000)]
    tweets = (corpora / "sentiment" / "semeval.train.tsv").read_text("utf-8").splitlines()
    texts += [line.partition("\t")[2] for line in wild.sample(tweets, 1500)]
    for text in texts:
        assert described(linear(text)) == described(nlp.tokenizer(text)), text


@pytest.mark.parametrize("name", LONG)
def test_the_beginning_of_what_explodes_is_tokenized_as_by_spacy(name: str) -> None:
    """The first 250 and 700 characters of texts that take spaCy minutes get spaCy's tokens.

    At these lengths windows grow and meet, and spaCy still needs a reasonable time.
    """
    nlp = tokenizers["en"][0]
    for length in (250, 700):
        text = LONG[name][:length]
        assert described(LinearTokenizer(nlp.tokenizer)(text)) == described(nlp.tokenizer(text))


@pytest.mark.parametrize("name", LONG)
def test_a_hundred_thousand_characters_take_linear_time(name: str) -> None:
    """Texts of about 100,000 characters are tokenized in linear time, and no character is lost.

    Most of them keep spaCy's tokenizer busy for minutes and would run into the test's time limit.
    """
    text = LONG[name]
    doc = LinearTokenizer(tokenizers["en"][0].tokenizer)(text)
    assert doc.text == text


def test_rules_that_fit_no_window_are_left_to_spacy() -> None:
    """An affix pattern that looks back further than a window needs the whole text, so spaCy's own tokenizer serves."""
    assert not fits_a_window(compile_suffix_regex([r"\(.*\)"]).search, "end")
    assert not fits_a_window(compile_suffix_regex([r"(?<=x{40})y"]).search, "end")
    assert not fits_a_window(lambda text: None, "end")
    nlp = spacy.blank("en")
    assert isinstance(nlp.tokenizer, Tokenizer)
    nlp.tokenizer.suffix_search = compile_suffix_regex([r"\(.*\)"]).search
    linear = LinearTokenizer(nlp.tokenizer, long_stretch=1)
    assert not linear.linear
    text = "a(b(c)"
    assert described(linear(text)) == described(nlp.tokenizer(text))
