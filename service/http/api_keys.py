"""API keys and their rate limit: for everything under `/v1/`, and only where keys are configured.

The SHA-256 digest of the key that was sent is compared with the digest of every configured key, in constant time: so
the time of a refusal does not reveal how close the key was, or to which of the configured ones.
"""

import hashlib
import hmac
import math
import time
from collections.abc import Sequence

from limits import RateLimitItemPerMinute
from limits.storage import MemoryStorage
from limits.strategies import MovingWindowRateLimiter
from starlette.types import ASGIApp, Receive, Scope, Send

from spanwise.service.errors import RateLimited, ServiceError, Unauthorized
from spanwise.service.http.request_record import record_of
from spanwise.service.http.responses import ProblemResponse

_PROTECTED = "/v1/"


class ApiKeyMiddleware:
    """Refuses a request under `/v1/` that has no valid API key, or whose key has used up its rate limit."""

    def __init__(self, app: ASGIApp, keys: Sequence[str], rate_limit_per_minute: int) -> None:
        self._app = app
        self._digests = [_digest(key.encode()) for key in keys]
        self._rate = RateLimitItemPerMinute(rate_limit_per_minute) if rate_limit_per_minute else None
        self._limiter = MovingWindowRateLimiter(MemoryStorage())

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["path"].startswith(_PROTECTED):
            try:
                self._check(scope)
            except ServiceError as error:
                record = record_of(scope)
                record.code = error.code
                await ProblemResponse(error, record.request_id)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        sent = _sent_key(scope)
        if sent is None:
            raise Unauthorized
        digest = _digest(sent)
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        if not any(matches):
            raise Unauthorized("This API key is not known.")
        record_of(scope).caller = matches.index(True)
        if self._rate and not self._limiter.hit(self._rate, digest.hex()):
            window = self._limiter.get_window_stats(self._rate, digest.hex())
            raise RateLimited(max(1, math.ceil(window.reset_time - time.time())))


def _sent_key(scope: Scope) -> bytes | None:
    """Return the first key of the `X-API-Key` and `Authorization: Bearer` headers; None where all are empty or absent.

    White space around a value is no part of the value (RFC 9110, 5.5).
    """
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            key = value.strip()
        elif name == b"authorization" and value.lstrip()[:7].lower() == b"bearer ":
            key = value.lstrip()[7:].strip()
        else:
            continue
        if key:
            return bytes(key)
    return None


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
