"""What a text is analysed with: options of a call, and documents as JSON."""

import json
from collections.abc import Collection, Mapping
from enum import Enum
from typing import Any, TypedDict

from spanwise_client.models import BatchError, BatchOk, StreamDocument

Document = str | StreamDocument
Result = BatchOk | BatchError


class Options(TypedDict, total=False):
    """Options of a text, named as in the contract; the generated enumerations may be used as well as strings."""

    features: Collection[str]
    labels: Collection[str]
    offset_encoding: str
    min_confidence: float
    min_score: float
    top: int
    raw_scores: bool
    language: str
    pipeline: str


def as_json(value: Any) -> bytes:
    """Encode a value as compact JSON in UTF-8. Raises `UnicodeEncodeError` for a lone surrogate."""
    return json.dumps(value, ensure_ascii=False, separators=(",", ":")).encode()


def plain(options: Mapping[str, Any]) -> dict[str, Any]:
    """Return options as JSON has them: enumerations as their values, collections as sorted lists."""
    return {name: _plain(value) for name, value in options.items() if value is not None}


def _plain(value: Any) -> Any:
    if isinstance(value, Enum):
        return value.value
    return sorted(map(_plain, value)) if isinstance(value, Collection) and not isinstance(value, str) else value


def document_fields(document: Document) -> dict[str, Any]:
    """Return the fields of a document that was given as such, or as its text."""
    return {"text": document} if isinstance(document, str) else document.to_dict()


def result_of(fields: Mapping[str, Any]) -> Result:
    """Return a result of a batch or a stream."""
    return (BatchOk if fields["status"] == "ok" else BatchError).from_dict(fields)
