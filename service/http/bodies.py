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

Model = TypeVar("Model", bound=BaseModel)


def check_media_type(request: Request, *accepted: str) -> None:
    """Raises `UnsupportedMediaType` unless the body is declared to be one of these."""
    declared = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if declared not in accepted:
        raise UnsupportedMediaType(f"Send the request as {' or '.join(accepted)}.")


async def read_body(request: Request, max_bytes: int) -> bytes:
    """The body, or `BodyTooLarge` as soon as it is clear that it has more bytes than the limit."""
    declared = request.headers.get("content-length", "")
    if declared.isdecimal() and int(declared) > max_bytes:
        raise BodyTooLarge(f"The body has more than {max_bytes} bytes.")
    chunks: list[bytes] = []
    size = 0
    while True:
        message = await request.receive()
        if message["type"] == "http.disconnect":
            raise CallerGone
        chunk = message.get("body", b"")
        size += len(chunk)
        if size > max_bytes:
            raise BodyTooLarge(f"The body has more than {max_bytes} bytes.")
        chunks.append(chunk)
        if not message.get("more_body", False):
            return chunks[0] if len(chunks) == 1 else b"".join(chunks)


def parse_json(body: bytes, what: str = "body") -> Any:
    """The JSON value, or `MalformedJson`, which says where and never what."""
    try:
        return orjson.loads(body)
    except orjson.JSONDecodeError as error:
        where = f" at character {error.pos}" if body else ": it is empty"
        raise MalformedJson(f"The {what} is not JSON{where}.") from None


def validate(model: type[Model], value: Any, limits: Limits) -> Model:
    """The request, or `ValidationFailed` with everything that is wrong."""
    try:
        return model.model_validate(value, context=limits)
    except ValidationError as error:
        raise ValidationFailed(field_errors(error)) from None
