"""Why a row has no analysis: what readers of files and the analysis of rows share. Imports nothing that is large."""

from typing import Final, NamedTuple


class RowError(NamedTuple):
    """A code of the contract, and a sentence that holds nothing of the text."""

    code: str
    detail: str


class UnreadableRow(NamedTuple):
    """What stands in the place of a text that the input does not have in a form that can be read."""

    error: RowError


MISSING: Final = RowError("missing", "The row has no text.")
EMPTY: Final = RowError("text_empty", "The text is empty.")
WRONG_TYPE: Final = RowError("wrong_type", "The text of the row is no string.")
NOT_UTF8: Final = RowError("wrong_type", "The text of the row is not UTF-8.")
NO_LANGUAGE: Final = RowError("wrong_type", "The language of the row is no string.")
