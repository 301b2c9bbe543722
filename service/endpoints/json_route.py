"""A FastAPI route for JSON requests that are checked once and answered in bytes.

FastAPI documents the route from the endpoint's signature as always. At run time the body goes a shorter way than its
own: strict JSON by orjson, and validation with the configured limits as context, which FastAPI cannot pass. Per request
and without analysis that costs half of FastAPI's own way (`python -m benchmarks.parts`).
"""

import asyncio
from collections.abc import Callable, Coroutine
from typing import Any

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from spanwise.service.errors import DeadlineExceeded, ServiceError, ShuttingDown
from spanwise.service.http.bodies import check_media_type, parse_json, read_body, validate
from spanwise.service.http.deadlines import timeout_seconds
from spanwise.service.http.exception_handlers import problem_response
from spanwise.service.http.request_record import observed
from spanwise.service.runtime import Runtime


class JSONRoute(APIRoute):
    """For endpoints `async def endpoint(body: SomeModel, request: Request) -> Response`.

    The caller's deadline runs from here, so that a body which trickles in counts too. Errors are answered here,
    with the times they took.
    """

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Read, check and validate the body, then call the endpoint."""
        endpoint = self.endpoint
        model: type[BaseModel] = endpoint.__annotations__["body"]

        async def handle(request: Request) -> Response:
            runtime: Runtime = request.app.state.runtime
            seen = observed(request)
            try:
                if not runtime.batcher.accepting:
                    raise ShuttingDown(runtime.batcher.retry_after())
                check_media_type(request, "application/json")
                seen.deadline = asyncio.get_running_loop().time() + timeout_seconds(request, runtime.settings)
                body = await _read_in_time(request, runtime, seen.deadline)
                seen.body_bytes = len(body)
                value = validate(model, parse_json(body), runtime.settings.limits)
                response: Response = await endpoint(value, request)
            except ServiceError as error:
                error.headers["Server-Timing"] = seen.server_timing()
                return problem_response(request, error)
            return response

        return handle


async def _read_in_time(request: Request, runtime: Runtime, deadline: float) -> bytes:
    limit = asyncio.timeout_at(deadline)
    runtime.readers.add(limit)
    try:
        async with limit:
            return await read_body(request, runtime.settings.max_body_bytes)
    except TimeoutError:
        if not runtime.batcher.accepting:
            raise ShuttingDown(runtime.batcher.retry_after()) from None
        raise DeadlineExceeded from None
    finally:
        runtime.readers.discard(limit)
