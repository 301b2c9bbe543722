"""API keys and their rate limit: for everything under `/v1/`, and only where keys are configured.

Keys are compared by their SHA-256 digests, each with each, in constant time: how long a refusal takes says nothing
about how close the key was, or which of the keys it was close to.
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
from spanwise.service.http.request_record import observed
from spanwise.service.http.responses import ProblemResponse

_PROTECTED = "/v1/"


class ApiKeyMiddleware:
    """Refuses a protected request without a valid `X-API-Key` or `Authorization: Bearer`, or beyond the key's rate."""

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
                seen = observed(scope)
                seen.code = error.code
                await ProblemResponse(error, seen.request_id)(scope, receive, send)
                return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        sent = _sent_key(scope)
        if sent is None:
            raise Unauthorized(
                "Send an API key as X-API-Key or Authorization: Bearer.",
                headers={"WWW-Authenticate": "Bearer"},
            )
        digest = _digest(sent)
        matches = [hmac.compare_digest(digest, known) for known in self._digests]
        if not any(matches):
            raise Unauthorized("This API key is not known.", headers={"WWW-Authenticate": "Bearer"})
        if self._rate and not self._limiter.hit(self._rate, digest.hex()):
            window = self._limiter.get_window_stats(self._rate, digest.hex())
            raise RateLimited(max(1, math.ceil(window.reset_time - time.time())))


def _sent_key(scope: Scope) -> bytes | None:
    for name, value in scope["headers"]:
        if name == b"x-api-key":
            return bytes(value)
        if name == b"authorization" and value[:7].lower() == b"bearer ":
            return bytes(value[7:].strip())
    return None


def _digest(key: bytes) -> bytes:
    return hashlib.sha256(key).digest()
