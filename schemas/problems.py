"""Errors on the wire: problem details (RFC 9457), and Pydantic's errors in the contract's words.

No message here ever holds a part of what the caller sent. A JSON Pointer (RFC 6901) may name an unknown field, and
only where its name looks like a field's name rather than like somebody's text.
"""

import difflib
import re
from collections.abc import Collection, Sequence
from typing import Annotated, Any, Literal, NotRequired

from pydantic import Field, ValidationError
from pydantic_core import ErrorDetails
from typing_extensions import TypeAliasType, TypedDict

__all__ = [
    "ErrorCode",
    "FieldError",
    "Problem",
]

ErrorCode = TypeAliasType(
    "ErrorCode",
    Literal[
        "malformed_json",
        "malformed_request",
        "request_timeout",
        "headers_too_large",
        "unauthorized",
        "not_found",
        "method_not_allowed",
        "unsupported_media_type",
        "body_too_large",
        "validation_failed",
        "rate_limited",
        "internal_error",
        "overloaded",
        "shutting_down",
        "not_ready",
        "deadline_exceeded",
    ],
)


class FieldError(TypedDict):
    """One thing that is wrong with a request."""

    pointer: Annotated[str, Field(description="JSON Pointer (RFC 6901) to the wrong value; empty: the whole body.")]
    code: Annotated[str, Field(description="What is wrong, for programs.", examples=["text_too_long"])]
    detail: Annotated[str, Field(description="What is wrong, for people.")]


class Problem(TypedDict):
    """Problem details as RFC 9457 defines them. Never holds any part of the caller's text."""

    type: Annotated[
        str,
        Field(
            description="A URI reference that names the kind of problem.",
            json_schema_extra={"format": "uri-reference"},
        ),
    ]
    title: str
    status: Annotated[int, Field(ge=400, le=599)]
    detail: str
    code: ErrorCode
    request_id: Annotated[str, Field(description="As in the `X-Request-ID` header and in the service's log.")]
    errors: NotRequired[Annotated[list[FieldError], Field(description="With 422: everything that is wrong.")]]


# Pydantic's error types (https://docs.pydantic.dev/latest/errors/validation_errors/) in the contract's words.
_CODES = {
    "missing": "missing",
    "extra_forbidden": "unknown_field",
    "literal_error": "invalid_value",
    "string_too_short": "too_short",
    "string_too_long": "too_long",
    "too_short": "too_short",
    "too_long": "too_long",
}
_DETAILS = {
    "missing": "This field is required.",
    "too_short": "This value has too few characters or items.",
    "too_long": "This value has too many characters or items.",
}
_OUT_OF_RANGE = frozenset({"greater_than_equal", "less_than_equal", "finite_number"})
OWN_CODES = frozenset(
    {
        "text_empty",
        "text_too_long",
        "documents_empty",
        "too_many_documents",
        "too_many_characters",
        "unknown_field",
    }
)
_EXPECTED = {  # by the beginning of Pydantic's type of error
    "string": "a string",
    "bool": "true or false",
    "int": "a whole number",
    "float": "a number",
    "list": "an array",
    "tuple": "an array",
    "frozen_set": "an array",
    "set": "an array",
    "dict": "an object",
    "model": "an object",
}
_JSON_TYPES: dict[type, str] = {
    str: "a string",
    bool: "true or false",
    int: "a whole number",
    float: "a number with a fraction",
    list: "an array",
    dict: "an object",
    type(None): "null",
}
_ALLOWED = re.compile(r"'([^']*)'")
"""A value in Pydantic's list of those that a literal allows: `'codepoint', 'utf16' or 'utf8'`."""
_LONGEST_COMPARED = 40  # characters of what was sent, when a near name is looked for
_MOST_SUGGESTIONS = 4  # unknown fields for which a near one is looked for: that takes some 50 µs each
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


def field_errors(error: ValidationError, fields: Collection[str] = ()) -> list[FieldError]:
    """Return everything that is wrong, in the contract's words. `fields` are those that the request may have."""
    found: dict[tuple[str, str], FieldError] = {}
    for number, details in enumerate(error.errors(include_url=False)):
        if details["type"] == "too_short" and details["input"]:
            continue  # nothing is left of a list whose items are wrong, which has an error already
        one = _field_error(details, fields, suggest=number < _MOST_SUGGESTIONS)
        found.setdefault((one["pointer"], one["code"]), one)
    return list(found.values())


def document_error(error: ValidationError, fields: Collection[str] = ()) -> tuple[str, str]:
    """Return code and detail of the first thing that is wrong with one document of a batch."""
    first = _field_error(error.errors(include_url=False)[0], fields, suggest=True)
    where = f"{first['pointer']}: " if first["pointer"] else ""
    return first["code"], where + first["detail"]


def json_pointer(path: Sequence[str | int]) -> str:
    """Format a path as RFC 6901 says: `("documents", 0, "a/b")` is `/documents/0/a~1b`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def near_and_all(sent: str, known: Collection[str]) -> str:
    """Name the one of `known` that was probably meant, if there is one, and all of them. Quotes nothing of `sent`."""
    near = difflib.get_close_matches(sent[:_LONGEST_COMPARED].lower(), [name.lower() for name in known], n=1)
    meant = next((f"Did you mean {name}? " for name in known if near and name.lower() == near[0]), "")
    return f"{meant}There are: {', '.join(known)}."


def _field_error(details: ErrorDetails, fields: Collection[str], *, suggest: bool) -> FieldError:
    kind, path = details["type"], details["loc"]
    if kind in _OUT_OF_RANGE:  # Pydantic's message names the bound, and nothing of the caller's
        detail = details["msg"].replace("Input", "This value", 1) + "."
        return FieldError(pointer=json_pointer(path), code="invalid_value", detail=detail)
    code = kind if kind in OWN_CODES else _CODES.get(kind, "wrong_type")
    if kind == "extra_forbidden":
        sent = str(path[-1])
        detail = "There is no such field." + (" " + near_and_all(sent, fields) if fields and suggest else "")
        if not _FIELD_NAME.fullmatch(sent):
            path = path[:-1]
    elif code == "invalid_value":
        if path[0] == "features":
            code, detail = "unsupported_feature", "There is no such feature. "
        else:
            detail = "This value is not one of those allowed. "
        allowed = _ALLOWED.findall(details["ctx"]["expected"])
        detail += near_and_all(details["input"] if isinstance(details["input"], str) else "", allowed)
    elif code == "wrong_type":
        detail = _wrong_type(kind, details["input"])
    else:
        detail = _DETAILS.get(code, details["msg"])
    return FieldError(pointer=json_pointer(path), code=code, detail=detail)


def _wrong_type(kind: str, sent: Any) -> str:
    """Say which type was expected and which came. A parameter of a query is always a string, and is not said to be."""
    expected = next((words for beginning, words in _EXPECTED.items() if kind.startswith(beginning)), "another type")
    if kind.endswith("_parsing"):
        return f"This value must be {expected}."
    return f"This value must be {expected}, and is {_JSON_TYPES.get(type(sent), 'something else')}."
