"""Create the FastAPI application."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from functools import cache
from importlib.metadata import version

from fastapi import FastAPI

from spanwise.pipelines import Registry
from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.endpoints import analysis, docs, stream, system
from spanwise.service.http import exception_handlers, openapi
from spanwise.service.http.allowed_hosts import AllowedHostsMiddleware
from spanwise.service.http.api_keys import ApiKeyMiddleware
from spanwise.service.http.cors import CrossOriginMiddleware, PreflightMiddleware
from spanwise.service.http.middleware import RequestMiddleware
from spanwise.service.process.signals import drain_on_signals
from spanwise.service.process.watchdog import watchdog
from spanwise.service.runtime import running
from spanwise.service.settings import Settings
from spanwise.service.telemetry.metrics import Metrics

_DESCRIPTION = """\
Named entities and sentiment of texts.

Positions are half-open `[start, end)` into the text exactly as it was sent, in the unit that `offset_encoding` names.
Every error is `application/problem+json` (RFC 9457) with a `code` for programs, and never repeats any of the text.
"""


_TAGS = [
    {"name": "analysis", "description": "What the service is for."},
    {"name": "system", "description": "For probes and operators."},
]


def create_app(settings: Settings, registry: Registry | None = None, metrics: Metrics | None = None) -> FastAPI:
    """Create the service. Its lifespan loads the pipelines of the settings, unless a registry is given."""
    metrics = metrics or Metrics()
    connections = OpenConnections(settings, metrics)

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with running(settings, registry, metrics, connections) as runtime:
            app.state.runtime = runtime
            seconds = settings.shutdown_delay_seconds + settings.shutdown_seconds
            with drain_on_signals(runtime.drain, seconds) as retire:
                async with watchdog(runtime.batcher.longest_run, settings.hang_seconds, retire):
                    yield

    app = FastAPI(
        title="Spanwise",
        summary="Entities and sentiment over HTTP.",
        description=_DESCRIPTION,
        version=version("spanwise"),
        contact={"name": "The Spanwise developers"},
        license_info={"name": "MIT", "identifier": "MIT"},
        openapi_tags=_TAGS,
        lifespan=lifespan,
        docs_url=None,
        redoc_url=None,
        redirect_slashes=False,
        telemetry={"tracing": False, "metrics": False, "logs": False},  # FastAPI's own would record bodies and messages
    )
    app.state.metrics = metrics
    app.state.connections = connections  # for `service/http/protocol.py`
    app.openapi = cache(lambda: openapi.document(app, settings))  # type: ignore[method-assign]
    _add_middleware(app, settings, metrics)
    _add_routes(app)
    exception_handlers.register(app)
    return app


def _add_middleware(app: FastAPI, settings: Settings, metrics: Metrics) -> None:
    """Add the middleware, the outermost last: refusals of API keys get an id and an access-log line too."""
    hosts, origins = settings.allowed_hosts, settings.cors_origins
    if settings.api_keys:
        keys = [key.get_secret_value() for key in settings.api_keys]
        app.add_middleware(ApiKeyMiddleware, keys=keys, rate_limit_per_minute=settings.rate_limit_per_minute)
    if origins:
        app.add_middleware(PreflightMiddleware, origins=origins)
    if hosts:
        app.add_middleware(AllowedHostsMiddleware, hosts=hosts)
    app.add_middleware(RequestMiddleware, metrics=metrics)
    if origins:
        app.add_middleware(CrossOriginMiddleware, origins=origins)


def _add_routes(app: FastAPI) -> None:
    """Put the endpoints' routes directly into the application, before FastAPI's route of `/openapi.json`.

    `include_router` would add a layer, and any earlier route a failed match: 10 µs a request.
    """
    app.router.routes[:0] = [*analysis.router.routes, *stream.router.routes, *system.router.routes]
    app.router.routes.extend(docs.routes)
