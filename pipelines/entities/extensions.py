"""The values of declared custom attributes (`Doc._.name`, `Span._.name`), each checked against its JSON type."""

import math
from collections.abc import Callable, Mapping
from typing import Any

from spacy.tokens import Doc, Span
from spacy.tokens.underscore import Underscore

from spanwise.pipelines.error_notes import note_place
from spanwise.pipelines.extension_specs import Extensions
from spanwise.schemas import JsonType

_MAX_DEPTH = 64
_BEYOND_INT64 = 1 << 63


class ExtensionTypeError(TypeError):
    """A custom attribute has a value that is not of its declared type. The message names types, not the value."""

    def __init__(self, attribute: str, declared: JsonType, value: object) -> None:
        super().__init__(f"{attribute} is declared as {declared}, and its value is of {type(value).__name__}.")


def doc_values(extensions: Extensions, doc: Doc) -> dict[str, Any]:
    """Return the values of a Doc, without those that are None. Raises `ExtensionTypeError`."""
    return _values("doc", doc, extensions.doc)


def span_values(extensions: Extensions, span: Span) -> dict[str, Any] | None:
    """Return the values of a Span, None where it has none. Raises `ExtensionTypeError`."""
    return _values("span", span, extensions.span) or None


def registered() -> list[str]:
    """Return the custom attributes that loaded code has registered, as `doc.name`, `span.name` and `token.name`.

    spaCy keeps one table for all pipelines of a process. Methods are left out, since they are no values.
    """
    tables: tuple[tuple[str, Mapping[str, Any]], ...] = (
        ("doc", Underscore.doc_extensions),
        ("span", Underscore.span_extensions),
        ("token", Underscore.token_extensions),
    )
    return [f"{owner}.{name}" for owner, table in tables for name, (_, method, *_) in table.items() if method is None]


def is_computed(attribute: str) -> bool:
    """Return whether an attribute of that name, such as `doc.topic`, has a getter, which needs no component to run."""
    owner, _, name = attribute.partition(".")
    table: Mapping[str, Any] = Underscore.doc_extensions if owner == "doc" else Underscore.span_extensions
    return name in table and table[name][2] is not None


def _values(owner: str, holder: Any, declared: Mapping[str, JsonType]) -> dict[str, Any]:
    values = {}
    for name, kind in declared.items():
        value = getattr(holder._, name)
        if value is None:
            continue
        if not (_KINDS[kind](value) and _is_json(value)):
            error = ExtensionTypeError(f"{owner}.{name}", kind, value)
            note_place(error, f"custom attribute {owner}.{name}")
            raise error
        values[name] = value
    return values


def _is_json(value: Any, depth: int = 0) -> bool:
    """Return whether a value can be encoded as JSON without loss."""
    if depth > _MAX_DEPTH:
        return False
    if isinstance(value, dict):
        return all(isinstance(key, str) and _is_json(item, depth + 1) for key, item in value.items())
    if isinstance(value, list | tuple):
        return all(_is_json(item, depth + 1) for item in value)
    if isinstance(value, float):
        return math.isfinite(value)
    return value is None or isinstance(value, str | bool) or (isinstance(value, int) and abs(value) < _BEYOND_INT64)


_KINDS: Mapping[JsonType, Callable[[Any], bool]] = {
    "string": lambda value: isinstance(value, str),
    "number": lambda value: isinstance(value, int | float) and not isinstance(value, bool),
    "integer": lambda value: isinstance(value, int) and not isinstance(value, bool),
    "boolean": lambda value: isinstance(value, bool),
    "array": lambda value: isinstance(value, list | tuple),
    "object": lambda value: isinstance(value, dict),
}
