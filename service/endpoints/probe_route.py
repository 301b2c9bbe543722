"""The route of probes: endpoints that are documented by FastAPI and called with the request alone."""

from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response


class ProbeRoute(APIRoute):
    """For endpoints `async def endpoint(request: Request) -> Response`, which take nothing else of FastAPI."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the endpoint, which serves requests as it is."""
        handler: Callable[[Request], Coroutine[Any, Any, Response]] = self.endpoint
        return handler
