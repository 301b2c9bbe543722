"""Properties that are derived from a tokenizer's patterns hold when the patterns are run."""

import re
from typing import Any

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwise.pipelines.entities.affix_patterns import fits_a_window, never_matches_letters

LANGUAGES = ["en", "fr", "de", "it", "hu", "ru", "tr", "fi"]
tokenizers: dict[str, Any] = {code: spacy.blank(code).tokenizer for code in LANGUAGES}


@pytest.mark.parametrize(
    ("pattern", "certain"),
    [
        (r"^[-.]", True),
        (r"(?<=[0-9])(?:km|m)$", True),
        (r"\.\.+|…", True),
        (r"(?<=[a-z])\.(?=[A-Z])", True),
        (r"(?:a|-)b", False),
        (r"(?:[0-9]a|-)b", True),
        (r"-?b", False),
        (r"(?:-a)+", True),
        (r"(?:-a)*", False),
        (r"(?!-)a", False),
        (r"[^a]", False),
        (r"\d", True),
        (r"\w", False),
        (r".", False),
        ("[\u0300-\u0400]", True),
        ("[!-~]", False),
        ("$", False),
    ],
)
def test_a_pattern_is_certain_when_something_else_must_be_there(pattern: str, certain: bool) -> None:
    """A pattern certainly matches no word of letters when every alternative needs some other character.

    A pattern that ignores case is never certain.
    """
    assert never_matches_letters(re.compile(pattern).search) is certain
    assert never_matches_letters(re.compile(pattern, re.IGNORECASE).search) is False


def test_a_patterns_flags_count() -> None:
    """A pattern is read with its flags: white space and comments mean nothing in a verbose pattern."""
    assert never_matches_letters(re.compile("x y").search)
    assert not never_matches_letters(re.compile("x y", re.VERBOSE).search)
    assert fits_a_window(re.compile("^a # (", re.VERBOSE).search, "start")


@pytest.mark.parametrize("code", LANGUAGES)
def test_words_of_letters_are_whole_in_these_languages(code: str) -> None:
    """In English and seven other languages no prefix, suffix or infix pattern can match in a word of ASCII letters."""
    tokenizer = tokenizers[code]
    searches = (tokenizer.prefix_search, tokenizer.suffix_search, tokenizer.infix_finditer)
    assert all(map(never_matches_letters, searches))


@settings(max_examples=300, deadline=None)
@given(code=st.sampled_from(LANGUAGES), word=st.from_regex(r"[A-Za-z]{1,12}", fullmatch=True))
def test_no_affix_is_found_in_letters(code: str, word: str) -> None:
    """The prefix, suffix and infix patterns of eight languages find nothing in random words of ASCII letters."""
    tokenizer = tokenizers[code]
    assert tokenizer.prefix_search(word) is None
    assert tokenizer.suffix_search(word) is None
    assert not list(tokenizer.infix_finditer(word))
