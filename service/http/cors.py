"""Access for scripts of other origins in browsers (CORS): only where origins are configured.

Starlette's middleware decides. It is put around the application twice: outermost, so that errors of every kind can be
read by the script too, and inside the middleware that logs, where it answers preflights before keys are asked for,
because a browser sends none with them.
"""

from collections.abc import Sequence

from starlette.datastructures import Headers
from starlette.middleware.cors import CORSMiddleware
from starlette.responses import Response
from starlette.types import ASGIApp, Receive, Scope, Send

_SENT = ("Authorization", "Content-Encoding", "X-API-Key", "X-Request-ID", "X-Request-Timeout-Ms")
_READ = (
    "X-Request-ID",
    "Server-Timing",
    "Retry-After",
    "RateLimit",
    "RateLimit-Policy",
    "RateLimit-Limit",
    "RateLimit-Remaining",
    "RateLimit-Reset",
)


class _Policy(CORSMiddleware):
    """What scripts of the configured origins may do: send keys in headers, but no cookies."""

    def __init__(self, app: ASGIApp, origins: Sequence[str]) -> None:
        super().__init__(
            app, allow_origins=origins, allow_methods=("GET", "POST"), allow_headers=_SENT, expose_headers=_READ
        )


class CrossOriginMiddleware(_Policy):
    """Adds the headers of CORS to every answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            await self.simple_response(scope, receive, send, request_headers=Headers(scope=scope))
        else:
            await self.app(scope, receive, send)


class PreflightMiddleware(_Policy):
    """Answers the question that a browser asks before it sends a request of another origin.

    The answer is always a 204: a browser refuses what the answer's headers do not allow, and says which header is
    missing. Starlette's own refusal would be plain text.
    """

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] == "OPTIONS":
            headers = Headers(scope=scope)
            if "origin" in headers and "access-control-request-method" in headers:
                allowed = self.preflight_response(request_headers=headers).headers.items()
                kept = {name: value for name, value in allowed if not name.startswith("content-")}
                await Response(status_code=204, headers=kept)(scope, receive, send)
                return
        await self.app(scope, receive, send)
