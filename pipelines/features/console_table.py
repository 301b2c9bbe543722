"""A section of an answer as a table of strings, for the command line to print."""

from collections.abc import Sequence
from typing import NamedTuple

from spanwise.schemas import Sentiment, SentimentScores

CLASSES: tuple[str, ...] = tuple(SentimentScores.__annotations__)
"""The three pure classes of sentiment, in the order of the contract."""


class ConsoleTable(NamedTuple):
    """A title, the columns' heads, the rows, and a last row that sums them up, where there is one."""

    title: str
    columns: Sequence[str]
    rows: Sequence[Sequence[str]]
    total: Sequence[str] | None = None


def sentiment_cells(sentiment: Sentiment) -> tuple[str, ...]:
    """Return the label and the three scores, with two decimals."""
    scores = sentiment["scores"]
    in_order = (scores["negative"], scores["neutral"], scores["positive"])
    return (sentiment["label"], *(f"{score:.2f}" for score in in_order))
