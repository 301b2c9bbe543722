"""The tables in which the kernels keep the words that texts have brought: their sizes, and what they hold."""

from typing import Final, NamedTuple

WORD_TABLE_MB: Final = 6
"""MiB of each of the two generations of a table: some 9,500 runs with their embeddings in the default pipeline. Two
more generations, of half as many bytes, hold some 35,000 descriptions of runs each."""


class WordTable(NamedTuple):
    """What a table of the kernels holds: `embeddings` of words, or `descriptions` that Python gave of them.

    A grammar has a pair of its own, `grammar_embeddings` and `grammar_descriptions`.
    """

    name: str
    words: int
    bytes: int
    limit_bytes: int
    turnovers: int
    """How often the table has dropped the words that had not come again."""
