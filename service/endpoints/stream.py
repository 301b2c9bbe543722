"""`POST /v1/stream`: the options are query parameters, the body is JSON Lines, and so is the answer."""

from typing import Annotated, Any

from fastapi import APIRouter, Query
from starlette.requests import Request
from starlette.responses import Response

from spanwise.schemas import StreamOptions
from spanwise.service.documents.options import options_of
from spanwise.service.documents.selection import check_options, choice_of
from spanwise.service.endpoints.base_route import AnalysisRoute
from spanwise.service.errors import Overloaded
from spanwise.service.http.bodies import JSON_LINES
from spanwise.service.http.deadlines import timeout_seconds
from spanwise.service.http.openapi import STREAM_BODY, STREAM_RESPONSES, operation_id
from spanwise.service.http.request_record import record_of
from spanwise.service.runtime import Runtime, runtime_of
from spanwise.service.streaming.stream_response import StreamResponse

_LIST_OPTIONS = {
    name for name, schema in StreamOptions.model_json_schema()["properties"].items() if schema.get("type") == "array"
}
"""The options of a stream that may be repeated."""


class StreamRoute(AnalysisRoute):
    """For endpoints `async def endpoint(options: Annotated[Model, Query()], request: Request) -> Response`.

    The body is left unread: the endpoint's response reads it.
    """

    media_types = JSON_LINES
    parameters_field = "query_params"

    async def read(self, request: Request, runtime: Runtime) -> Any:  # noqa: ARG002 - the query is there already
        """Return the query parameters as an object.

        The value of a repeated parameter is a list; for options that are no lists, validation then refuses it.
        """
        options: dict[str, Any] = {}
        for name in request.query_params:
            values = request.query_params.getlist(name)
            options[name] = values if name in _LIST_OPTIONS or len(values) > 1 else values[0]
        return options


router = APIRouter(route_class=StreamRoute, tags=["analysis"], generate_unique_id_function=operation_id)


@router.post(
    "/v1/stream",
    summary="Analyze a stream of texts",
    response_class=Response,
    responses=STREAM_RESPONSES,
    openapi_extra=STREAM_BODY,
)
async def analyze_stream(options: Annotated[StreamOptions, Query()], request: Request) -> Response:
    """JSON Lines in, JSON Lines out: one `BatchResult` per line, in order, each as soon as it is ready.

    A bad line gets an error of its own and the stream goes on. Lines of white space alone are passed over. A slow
    reader slows the intake: read while you send.
    """
    runtime = runtime_of(request)
    check_options(runtime.registry, choice_of(options), options_of(options))
    seconds = timeout_seconds(request, runtime.settings)
    if len(runtime.streams) >= runtime.settings.max_streams:
        raise Overloaded(runtime.batcher.retry_after())
    return StreamResponse(runtime, options, seconds, record_of(request).server_timing())
