"""`POST /v1/stream`: the options are query parameters, the body is JSON Lines, and so is the answer."""

from collections.abc import Callable, Coroutine
from typing import Annotated, Any

from fastapi import APIRouter, Query
from fastapi.routing import APIRoute
from starlette.requests import Request
from starlette.responses import Response

from spanwise.schemas import StreamOptions
from spanwise.service.endpoints.selection import check_options
from spanwise.service.errors import Overloaded, ServiceError, ShuttingDown
from spanwise.service.http.bodies import check_media_type, validate
from spanwise.service.http.deadlines import timeout_seconds
from spanwise.service.http.exception_handlers import problem_response
from spanwise.service.http.openapi import STREAM_BODY, STREAM_RESPONSES, operation_id
from spanwise.service.http.request_record import observed
from spanwise.service.runtime import Runtime
from spanwise.service.streaming.session import MEDIA_TYPE, StreamResponse

_REPEATED = ("features", "labels")


class StreamRoute(APIRoute):
    """FastAPI documents it; at run time the body is left unread, and errors are answered with the times they took."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Check what is known before the first line, then call the endpoint."""
        endpoint = self.endpoint

        async def handle(request: Request) -> Response:
            runtime: Runtime = request.app.state.runtime
            try:
                if not runtime.batcher.accepting:
                    raise ShuttingDown(runtime.batcher.retry_after())
                check_media_type(request, MEDIA_TYPE, "application/x-ndjson")
                options = validate(StreamOptions, _options(request), runtime.settings.limits)
                response: Response = await endpoint(options, request)
            except ServiceError as error:
                error.headers["Server-Timing"] = observed(request).server_timing()
                return problem_response(request, error)
            return response

        return handle


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
    runtime: Runtime = request.app.state.runtime
    check_options(runtime.registry, options)
    seconds = timeout_seconds(request, runtime.settings)
    if len(runtime.streams) >= runtime.settings.max_streams:
        raise Overloaded(runtime.batcher.retry_after())
    return StreamResponse(runtime, options, seconds, observed(request).server_timing())


def _options(request: Request) -> dict[str, Any]:
    """The query as the object that it stands for; an option that was repeated and must not be is a list, too."""
    options: dict[str, Any] = {}
    for name in request.query_params:
        values = request.query_params.getlist(name)
        options[name] = values if name in _REPEATED or len(values) > 1 else values[0]
    return options
