"""`X-Request-Timeout-Ms`: how long a caller is willing to wait."""

import re

from starlette.requests import Request

from spanwise.schemas import FieldError
from spanwise.service.errors import ValidationFailed
from spanwise.service.settings import Settings

HEADER = "X-Request-Timeout-Ms"
_MILLISECONDS = re.compile(r"[0-9]{1,10}")


def timeout_seconds(request: Request, settings: Settings) -> float:
    """What the caller asked for, or the default. Raises `ValidationFailed` when it is out of bounds."""
    given = request.headers.get(HEADER)
    if given is None:
        return settings.default_timeout_ms / 1000
    if _MILLISECONDS.fullmatch(given) and 1 <= int(given) <= settings.max_timeout_ms:
        return int(given) / 1000
    detail = f"The header {HEADER} must be a whole number from 1 to {settings.max_timeout_ms}."
    raise ValidationFailed([FieldError(pointer="", code="invalid_header", detail=detail)])
