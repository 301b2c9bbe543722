"""The routes that most requests are for, found by one look-up of method and path in front of FastAPI's stack.

FastAPI declares, documents and owns these routes. At run time its stack would wrap each request in ten layers, try one
route after the other, and keep three exit stacks for dependencies that there are none of. So the function that a route
gives to FastAPI (`get_route_handler`) is called here instead. Everything that is not in the table goes to FastAPI:
other paths, other methods of these paths, and what is not HTTP (ADR 0034).
"""

from collections.abc import Iterable

from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.types import ASGIApp, Receive, Scope, Send

from spanwise.service.errors import ServiceError
from spanwise.service.http.exception_handlers import problem_response


class HotRoutes:
    """Serves the given routes, and hands every other request on."""

    def __init__(self, app: ASGIApp, routes: Iterable[APIRoute]) -> None:
        """`app` serves what is not in the table. A route's handler must need nothing but the request."""
        self._app = app
        self._table = {
            (method, route.path): (route, route.get_route_handler())
            for route in routes
            for method in route.methods or ()
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve one request. Raises what the route's handler raises, but a `ServiceError`, which is answered."""
        found = None if scope.get("root_path") else self._table.get((scope["method"], scope["path"]))
        if found is None:
            await self._app(scope, receive, send)
            return
        scope["route"], handle = found
        request = Request(scope, receive, send)
        try:
            response = await handle(request)
        except ServiceError as error:
            response = problem_response(request, error)
        await response(scope, receive, send)
