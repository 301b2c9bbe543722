"""Texts that look equal are read as equal tokens."""

import unicodedata

import pytest

from spanwise.pipelines.sentiment.tokens import FLAGS, sentence_tokens


def read(text: str) -> list[tuple[str, int]]:
    """Return the keys and the flags that have a vector of their own."""
    return [(token.key, token.flags & (1 << FLAGS) - 1) for token in sentence_tokens(text)]


PLAIN = "the cafe wasn't nice"


@pytest.mark.parametrize(
    "text",
    [
        "the ca\u00adfe wa\u200bsn't ni\u2060ce",
        "the caf\u00e9 wasn\u02bct nice",
        unicodedata.normalize("NFD", "the caf\u00e9 wasn\u2019t nice"),
        "th\u0435 c\u0430f\u0435 w\u0430sn't ni\u0441e",
        "\uff54\uff48\uff45\u3000\uff43\uff41\uff46\uff45 wasn't \U0001d427\U0001d422\U0001d41c\U0001d41e",
        "the%20cafe wasn't%20nice",
        "\x1b[31mthe cafe\x1b[0m wasn't nice",
        "<p>the <b>cafe</b> wasn't nice</p>",
    ],
)
def test_what_looks_equal_is_read_as_equal(text: str) -> None:
    """Invisible characters, accents, look-alikes, apostrophes and markup leave no trace."""
    assert read(text) == read(PLAIN)


def test_title_case_says_nothing() -> None:
    """A sentence in title case is read as in small letters; names in a sentence keep their capitals."""
    assert read("The Hotel Was Clean And Comfortable") == read("the hotel was clean and comfortable")
    assert read("Anna met Tom in Paris") != read("anna met tom in paris")


def test_stars_in_a_row_are_one_token() -> None:
    """A rating in stars is one token, whichever stars it is written with."""
    assert read("\u2605\u2605\u2606\u2606\u2606") == [("\u2605\u2605\u2606\u2606\u2606", 0)]
    assert read("\u2b50\ufe0f\u2b50\u2b50 ok") == [("\u2605\u2605\u2605", 0), ("ok", 0)]
