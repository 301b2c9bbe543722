"""The route of endpoints whose request is a JSON body, parsed strictly by orjson."""

import asyncio
from typing import Any

from starlette.requests import Request

from spanwise.service.endpoints.base_route import AnalysisRoute
from spanwise.service.http.bodies import arrived_body, parse_json, read_body, without_byte_order_mark
from spanwise.service.http.deadlines import ReadingLimit, timeout_seconds
from spanwise.service.http.request_record import record_of
from spanwise.service.http.unpacking import unpack
from spanwise.service.runtime import Runtime


class JSONRoute(AnalysisRoute):
    """For endpoints `async def endpoint(body: Model, request: Request) -> Response`.

    The caller's deadline runs from before the body is read, so a body that arrives slowly counts too.
    """

    media_types = ("application/json",)
    parameters_field = "body_params"

    async def read(self, request: Request, runtime: Runtime) -> Any:
        """Set the request's deadline, then read and parse its body before that."""
        record = record_of(request)
        record.deadline = asyncio.get_running_loop().time() + timeout_seconds(request, runtime.settings)
        max_bytes = runtime.settings.max_body_bytes
        body = arrived_body(request, max_bytes)
        if body is None:
            async with ReadingLimit(runtime, record.deadline):
                body = await read_body(request, max_bytes)
        record.body_bytes = len(body)
        if record.coding is not None:
            body = await unpack(body, record.coding, max_bytes)
        record.body_hash = runtime.batcher.refuse_early(body)
        return parse_json(without_byte_order_mark(body))
