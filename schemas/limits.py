"""The limits that a request is validated against: handed to Pydantic as the validation context."""

from dataclasses import dataclass

from pydantic import ValidationInfo

__all__ = [
    "DEFAULT_LIMITS",
    "Limits",
]


@dataclass(frozen=True, slots=True)
class Limits:
    """What one request may hold. The defaults are those of the published contract."""

    max_text_characters: int = 100_000
    """Code points of one text."""
    max_batch_documents: int = 128
    max_batch_characters: int = 1_000_000
    """Code points of all texts of a batch together."""


DEFAULT_LIMITS = Limits()


def limits_of(info: ValidationInfo) -> Limits:
    """Return the limits of this validation: its context, or the contract's defaults where none was given."""
    return info.context if isinstance(info.context, Limits) else DEFAULT_LIMITS
