"""Converted offsets agree with Python's own encoders in every unit."""

from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from spanwise.pipelines.offsets import convert_offsets
from spanwise.schemas import OffsetEncoding

pieces = st.sampled_from(
    [
        "a",
        "é",
        "e\u0301",
        "ß",
        "中",
        "🎉",
        "👩‍👩‍👧",
        "🇨🇭",
        "\r\n",
        "\n",
        " ",
        "\x00",
        "\u200d",
        "\ufeff",
        "\U0010ffff",
        "\ud7ff",
    ]
)
texts = st.lists(pieces | st.text(max_size=5), max_size=30).map("".join)


@st.composite
def texts_and_positions(draw: st.DrawFn) -> tuple[str, list[int]]:
    """Draw a text and ascending positions in it, from 0 to the text's length, both included."""
    text = draw(texts)
    return text, sorted(draw(st.lists(st.integers(0, len(text)), max_size=20)))


@settings(max_examples=500)
@given(case=texts_and_positions())
def test_positions_are_lengths_of_encoded_prefixes(case: tuple[str, list[int]]) -> None:
    """A converted position is the number of units that the encoded text before it takes, which is its definition."""
    text, positions = case
    assert convert_offsets(text, positions, "codepoint") == positions
    assert convert_offsets(text, positions, "utf16") == [len(text[:p].encode("utf-16-le")) // 2 for p in positions]
    assert convert_offsets(text, positions, "utf8") == [len(text[:p].encode()) for p in positions]


@settings(max_examples=300)
@given(case=texts_and_positions())
def test_slicing_in_the_callers_unit_gives_the_same_text(case: tuple[str, list[int]]) -> None:
    """A caller in another language, who slices the encoded text at converted positions, gets the same text."""
    text, positions = case
    for start, end in pairwise(positions):
        a, b = convert_offsets(text, [start, end], "utf16")
        assert text.encode("utf-16-le")[2 * a : 2 * b].decode("utf-16-le") == text[start:end]
        a, b = convert_offsets(text, [start, end], "utf8")
        assert text.encode()[a:b].decode() == text[start:end]


@pytest.mark.parametrize("encoding", ["utf16", "utf8"])
def test_a_megabyte_with_a_position_at_every_character_is_one_pass(encoding: OffsetEncoding) -> None:
    """A text of 1 MB with a position at every character is converted in one pass.

    A quadratic conversion would encode 10¹¹ characters here and run into the test's time limit.
    """
    text = "añ🎉b" * 125_000
    converted = convert_offsets(text, range(len(text) + 1), encoding)
    assert converted[-1] == (len(text.encode("utf-16-le")) // 2 if encoding == "utf16" else len(text.encode()))
    assert converted[4] == (5 if encoding == "utf16" else 8)


def test_lone_surrogates_do_not_break_a_library_user() -> None:
    """Lone surrogates, which Python strings can hold, are converted without an error.

    Only users of the library meet this: the service refuses lone surrogates as malformed JSON.
    """
    assert convert_offsets("a\ud800b", [0, 1, 2, 3], "utf16") == [0, 1, 2, 3]
    assert convert_offsets("a\ud800b", [0, 1, 2, 3], "utf8") == [0, 1, 4, 5]
