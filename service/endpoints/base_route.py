"""The base of the routes that analyse texts: FastAPI documents them, and they serve requests by themselves.

The document is derived from the endpoint's signature as always. At run time a request takes a shorter way than
FastAPI's own: the subclass reads it, and it is validated with the configured limits as context, which FastAPI cannot
pass. Per request and without analysis that takes half the time (`python -m benchmarks.parts`).
"""

import inspect
from abc import abstractmethod
from collections.abc import Callable, Coroutine
from typing import Any, ClassVar, get_type_hints

from fastapi.routing import APIRoute
from pydantic import BaseModel
from starlette.requests import Request
from starlette.responses import Response

from spanwise.service.errors import ServiceError
from spanwise.service.http.bodies import check_media_type, validate
from spanwise.service.http.exception_handlers import problem_response
from spanwise.service.http.request_record import record_of
from spanwise.service.runtime import Runtime, runtime_of


class AnalysisRoute(APIRoute):
    """A route whose subclass says what it accepts and reads.

    It refuses requests during a drain, checks the media type, validates what the subclass has read, calls the endpoint,
    and answers a `ServiceError` as a problem with the times that the request took until then.
    """

    media_types: ClassVar[tuple[str, ...]]
    """The values of Content-Type that are accepted."""
    parameters_field: ClassVar[str]
    """The list of FastAPI's `Dependant` that must hold the endpoint's model: where the document says it is sent."""

    @abstractmethod
    async def read(self, request: Request, runtime: Runtime) -> Any:
        """Read what the endpoint's model is validated from."""

    def get_route_handler(self) -> Callable[[Request], Coroutine[Any, Any, Response]]:
        """Return the function that serves a request. FastAPI calls this once, when the route is declared."""
        model, endpoint, media_types, read = self._model(), self.endpoint, self.media_types, self.read

        async def handle(request: Request) -> Response:
            runtime = runtime_of(request)
            try:
                runtime.batcher.refuse_while_draining()
                coding = check_media_type(request, media_types)
                if coding is not None:
                    record_of(request).coding = coding
                value = validate(model, await read(request, runtime), runtime.settings.limits)
                response: Response = await endpoint(value, request)
            except ServiceError as error:
                error.headers["Server-Timing"] = record_of(request).server_timing()
                return problem_response(request, error)
            return response

        return handle

    def _model(self) -> type[BaseModel]:
        """Return the model that the endpoint takes. Raise TypeError for a signature that `handle` would not serve."""
        hints = get_type_hints(self.endpoint)
        names = list(inspect.signature(self.endpoint).parameters)
        documented = [field.name for field in getattr(self.dependant, self.parameters_field)]
        model = hints.get(names[0]) if names else None
        if (
            not inspect.iscoroutinefunction(self.endpoint)
            or len(names) != 2  # noqa: PLR2004 - the model and the request
            or hints.get(names[1]) is not Request
            or not (isinstance(model, type) and issubclass(model, BaseModel))
            or documented != names[:1]
            or self.dependant.path_params
            or self.dependant.dependencies
        ):
            raise TypeError(
                f"{type(self).__name__} cannot serve {self.endpoint.__qualname__}: it calls nothing but `await "
                "endpoint(model, request)`. Declare the endpoint as `async def endpoint(body: Model, request: "
                "Request)`, with Query() on the model in a StreamRoute and without path parameters or Depends(), and "
                "take everything else from the request."
            )
        return model
