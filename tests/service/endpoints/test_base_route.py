"""Routes refuse an endpoint that they would not serve, when it is declared rather than when it is called."""

from collections.abc import Callable
from typing import Annotated, Any

import pytest
from fastapi import APIRouter, Depends, Header, Query
from starlette.requests import Request

from spanwise.schemas import EntitiesRequest, StreamOptions
from spanwise.service.endpoints.json_route import JSONRoute
from spanwise.service.endpoints.stream import StreamRoute

Endpoint = Callable[..., Any]


def key() -> str:
    """Stand for any dependency."""
    return "key"


async def good(body: EntitiesRequest, request: Request) -> Any:
    """Have the signature that a JSON route serves."""


async def good_stream(options: Annotated[StreamOptions, Query()], request: Request) -> Any:
    """Have the signature that a stream route serves."""


async def with_dependency(body: EntitiesRequest, request: Request, found: Annotated[str, Depends(key)]) -> Any:
    """Have a third parameter, which FastAPI would fill in."""


async def with_dependency_only(body: EntitiesRequest, request: Annotated[str, Depends(key)]) -> Any:
    """Have a dependency in the place of the request."""


async def with_header(body: EntitiesRequest, request: Request, accept: Annotated[str, Header()]) -> Any:
    """Have a header as third parameter."""


async def without_request(body: EntitiesRequest) -> Any:
    """Have the body as only parameter."""


async def without_model(request: Request) -> Any:
    """Have the request as only parameter."""


async def without_parameters() -> Any:
    """Have no parameters."""


async def swapped(request: Request, body: EntitiesRequest) -> Any:
    """Have the two parameters in the other order."""


async def with_plain_body(body: dict[str, Any], request: Request) -> Any:
    """Have a body that is no model."""


def synchronous(body: EntitiesRequest, request: Request) -> Any:
    """Have the right parameters, but not be awaitable."""


def declare(route: type[JSONRoute | StreamRoute], endpoint: Endpoint, **options: Any) -> None:
    """Declare a route as the service does."""
    APIRouter(route_class=route).post("/x", **options)(endpoint)


@pytest.mark.parametrize(
    "endpoint",
    [
        with_dependency,
        with_dependency_only,
        with_header,
        without_request,
        without_model,
        without_parameters,
        swapped,
        with_plain_body,
        synchronous,
        good_stream,
    ],
)
def test_a_signature_that_a_json_route_does_not_serve_is_refused(endpoint: Endpoint) -> None:
    """The error names the endpoint and says how to declare it."""
    with pytest.raises(TypeError, match=f"JSONRoute cannot serve {endpoint.__name__}.*Declare the endpoint as"):
        declare(JSONRoute, endpoint)


def test_a_dependency_of_the_route_is_refused() -> None:
    """A dependency in the decorator is refused: FastAPI would document it, and nobody would call it."""
    with pytest.raises(TypeError, match=r"JSONRoute cannot serve good.*Depends\(\)"):
        declare(JSONRoute, good, dependencies=[Depends(key)])


def test_a_stream_route_wants_its_options_in_the_query() -> None:
    """A stream route refuses a model without Query(): FastAPI would document it as the body."""
    declare(StreamRoute, good_stream)
    with pytest.raises(TypeError, match=r"StreamRoute cannot serve good.*Query"):
        declare(StreamRoute, good)


def test_the_signature_that_it_serves_is_accepted() -> None:
    """`async def endpoint(body: Model, request: Request)` is accepted."""
    declare(JSONRoute, good)
