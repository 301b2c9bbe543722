"""The path below which a proxy publishes the service, where one is configured.

Some proxies take the prefix off a path before they pass the request on, and some leave it. Both are served: here it is
taken off where it is there. Whatever looks at a path, the check of API keys above all, so sees one path for one
endpoint.
"""

from starlette.types import ASGIApp, Receive, Scope, Send


class RootPathMiddleware:
    """Takes the configured prefix off the path of a request. Must stand in front of all that looks at paths."""

    def __init__(self, app: ASGIApp, root_path: str) -> None:
        """`root_path` begins with a slash and does not end with one."""
        self._app = app
        self._root_path = root_path

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            first, prefix, rest = scope["path"].partition(self._root_path)
            if prefix and not first and (not rest or rest.startswith("/")):
                scope = {**scope, "path": rest or "/"}
        await self._app(scope, receive, send)
