"""From bytes to a checked request: media type, size as the bytes arrive, strict JSON, then the schema.

orjson is as strict as RFC 8259 asks: NaN, lone surrogates, invalid UTF-8 and nesting beyond 1,024 levels are refused.
"""

from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from spanwise.schemas import Limits
from spanwise.schemas.problems import field_errors
from spanwise.service.errors import BodyTooLarge, CallerGone, MalformedJson, UnsupportedMediaType, ValidationFailed

JSON_LINES = ("application/jsonl", "application/x-ndjson")
"""The media types of JSON Lines that are accepted; the first one is that of answers."""

Model = TypeVar("Model", bound=BaseModel)


def check_media_type(request: Request, accepted: tuple[str, ...]) -> None:
    """Raise `UnsupportedMediaType` unless the request's Content-Type, its parameters aside, is an accepted one."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in accepted:
        raise UnsupportedMediaType(*accepted)


async def read_body(request: Request, max_bytes: int) -> bytes:
    """Read the whole body. Raise `BodyTooLarge` as soon as it is known to have more bytes than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise BodyTooLarge(max_bytes)
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            raise BodyTooLarge(max_bytes)
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def parse_json(json: bytes, what: str = "body") -> Any:
    """Parse a body or a line. Raise `MalformedJson`, which says where the JSON breaks and quotes nothing."""
    try:
        return orjson.loads(json)
    except orjson.JSONDecodeError as error:
        raise MalformedJson(what, error.pos if json else None) from None


def validate(model: type[Model], value: Any, limits: Limits) -> Model:
    """Validate a parsed request under these limits. Raise `ValidationFailed` with every violation."""
    try:
        return model.model_validate(value, context=limits)
    except ValidationError as error:
        raise ValidationFailed(field_errors(error)) from None
