"""From bytes to a checked request: media type, size as the bytes arrive, strict JSON, then the schema.

orjson is as strict as RFC 8259 asks: NaN, lone surrogates, invalid UTF-8 and nesting beyond 1,024 levels are refused.
Places in errors count from 0: characters where the JSON is wrong, bytes where the UTF-8 is. A byte order mark before
the body is not counted.
"""

import codecs
from typing import Any, TypeVar

import orjson
from pydantic import BaseModel, ValidationError
from starlette.requests import Request

from spanwise.schemas import Limits
from spanwise.schemas.problems import field_errors
from spanwise.service.errors import (
    BodyTooLarge,
    CallerGone,
    MalformedJson,
    NotUtf8,
    UnsupportedContentCoding,
    UnsupportedMediaType,
    ValidationFailed,
)
from spanwise.service.http.content_codings import CODINGS, Coding
from spanwise.service.http.exchange import EXCHANGE, Exchange

JSON_LINES = ("application/jsonl", "application/x-ndjson")
"""The media types of JSON Lines that are accepted; the first one is that of answers."""

_JSON_TYPE = "application/json"
_JSON = _JSON_TYPE.encode()
_PLAIN = (b"", b"identity")
"""The values of Content-Encoding that stand for a body as it is."""
_UNKNOWN_CODING = b"?"
_BYTE_ORDER_MARKS = (  # the longer ones first, because UTF-16's is the beginning of UTF-32's
    (codecs.BOM_UTF32_LE, "UTF-32"),
    (codecs.BOM_UTF32_BE, "UTF-32"),
    (codecs.BOM_UTF16_LE, "UTF-16"),
    (codecs.BOM_UTF16_BE, "UTF-16"),
)
_ZEROS: dict[tuple[bool, ...], str] = {
    (False, True, True, True): "UTF-32",
    (True, True, True, False): "UTF-32",
    (False, True, False, True): "UTF-16",
    (True, False, True, False): "UTF-16",
}
"""The encoding of JSON by which of its first four bytes are zero (RFC 4627, 3)."""

Model = TypeVar("Model", bound=BaseModel)


def check_media_type(request: Request, accepted: tuple[str, ...]) -> Coding | None:
    """Return the coding of a body that is declared as one of the accepted media types; None for a plain one.

    Raises `UnsupportedMediaType` for another Content-Type, whose parameters do not count, and
    `UnsupportedContentCoding` for a Content-Encoding that is not known, or more than one.
    """
    declared = coding = b""
    for name, value in request.scope["headers"]:
        if name == b"content-type":
            declared = declared or value
        elif name == b"content-encoding" and value.strip().lower() not in _PLAIN:
            coding = _UNKNOWN_CODING if coding else value.strip().lower()
    if declared == _JSON and _JSON_TYPE in accepted and not coding:
        return None
    if str(declared, "latin-1").partition(";")[0].strip().lower() not in accepted:
        raise UnsupportedMediaType(*accepted)
    if not coding:
        return None
    if (known := CODINGS.get(coding)) is None:
        raise UnsupportedContentCoding(*sorted(set(CODINGS.values())))
    return known


def arrived_body(request: Request, max_bytes: int) -> bytes | None:
    """Return the body if all of it is there already, as that of nearly every request is; else None."""
    exchange: Exchange | None = request.scope.get(EXCHANGE)
    return exchange.whole_body(max_bytes) if exchange is not None else None


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


def without_byte_order_mark(data: bytes) -> bytes:
    """Return the bytes without the UTF-8 byte order mark that editors and tools of Windows put first."""
    return data.removeprefix(codecs.BOM_UTF8)


def parse_json(data: bytes, what: str = "body") -> Any:
    """Parse a body or a line. Raise `MalformedJson`, which says where the JSON breaks and quotes nothing."""
    try:
        return orjson.loads(data)
    except orjson.JSONDecodeError as error:
        raise _malformed(data, what, error.pos) from None


def _malformed(data: bytes, what: str, position: int) -> MalformedJson:
    """Find out what is wrong with bytes that orjson refuses. `position` is orjson's, which is 0 for invalid UTF-8."""
    if not data:
        return MalformedJson(what, None)
    if encoding := _other_encoding(data[:4]):
        return NotUtf8(what, 0, encoding)
    try:
        data.decode()
    except UnicodeDecodeError as error:
        return NotUtf8(what, error.start, None)
    return MalformedJson(what, position)


def _other_encoding(start: bytes) -> str | None:
    """Return the encoding that the first four bytes show: by a byte order mark, or by the zeros of ASCII."""
    marked = (encoding for mark, encoding in _BYTE_ORDER_MARKS if start.startswith(mark))
    return next(marked, None) or _ZEROS.get(tuple(byte == 0 for byte in start))


def validate(model: type[Model], value: Any, limits: Limits) -> Model:
    """Validate a parsed request under these limits. Raise `ValidationFailed` with every violation."""
    try:
        return model.model_validate(value, context=limits)
    except ValidationError as error:
        raise ValidationFailed(field_errors(error, tuple(model.model_fields))) from None
