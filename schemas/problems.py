"""Errors on the wire: problem details (RFC 9457), and Pydantic's errors in the contract's words.

No message here ever holds a part of what the caller sent. A JSON Pointer (RFC 6901) may name an unknown field, and
only where its name looks like a field's name rather than like somebody's text.
"""

import re
from collections.abc import Sequence
from typing import Annotated, Literal, NotRequired

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
    "unknown_field": "There is no such field.",
    "wrong_type": "This value has the wrong type.",
    "unsupported_feature": "There is no such feature.",
    "invalid_value": "This value is not one of those allowed.",
    "too_short": "This value has too few characters or items.",
    "too_long": "This value has too many characters or items.",
}
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
_FIELD_NAME = re.compile(r"[A-Za-z_][A-Za-z0-9_-]{0,39}")


def field_errors(error: ValidationError) -> list[FieldError]:
    """Return everything that is wrong, in the contract's words."""
    found = (_field_error(details) for details in error.errors(include_url=False, include_input=False))
    return list({(one["pointer"], one["code"]): one for one in found}.values())


def document_error(error: ValidationError) -> tuple[str, str]:
    """Return code and detail of the first thing that is wrong with one document of a batch."""
    first = field_errors(error)[0]
    where = f"{first['pointer']}: " if first["pointer"] else ""
    return first["code"], where + first["detail"]


def json_pointer(path: Sequence[str | int]) -> str:
    """Format a path as RFC 6901 says: `("documents", 0, "a/b")` is `/documents/0/a~1b`."""
    return "".join("/" + str(step).replace("~", "~0").replace("/", "~1") for step in path)


def _field_error(details: ErrorDetails) -> FieldError:
    kind, path = details["type"], details["loc"]
    code = kind if kind in OWN_CODES else _CODES.get(kind, "wrong_type")
    if code == "unknown_field" and path and not _FIELD_NAME.fullmatch(str(path[-1])):
        path = path[:-1]
    if code == "invalid_value" and path[0] == "features":
        code = "unsupported_feature"
    detail = _DETAILS.get(code, details["msg"])
    return FieldError(pointer=json_pointer(path), code=code, detail=detail)
