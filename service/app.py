"""Create the FastAPI application."""

import asyncio
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, nullcontext
from functools import cache
from importlib.metadata import version
from typing import Any, cast

from fastapi import FastAPI
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.middleware.proxy_headers import ProxyHeadersMiddleware

from spanwise.pipelines import Registry
from spanwise.service.connections.open_connections import OpenConnections
from spanwise.service.endpoints import analysis, docs, page, stream, system
from spanwise.service.endpoints.json_route import JSONRoute
from spanwise.service.endpoints.probe_route import ProbeRoute
from spanwise.service.http import exception_handlers, openapi
from spanwise.service.http.allowed_hosts import AllowedHostsMiddleware
from spanwise.service.http.api_keys import ApiKeyMiddleware
from spanwise.service.http.compressed_answers import CompressedPages
from spanwise.service.http.configured_keys import ConfiguredKeys
from spanwise.service.http.cors import CrossOriginMiddleware, PreflightMiddleware
from spanwise.service.http.hot_routes import HotRoutes
from spanwise.service.http.middleware import RequestMiddleware
from spanwise.service.http.root_path import RootPathMiddleware
from spanwise.service.loading import Loaded
from spanwise.service.process.signals import drain_on_signals
from spanwise.service.process.watchdog import watchdog
from spanwise.service.runtime import running
from spanwise.service.settings import Settings
from spanwise.service.telemetry.logging import configured_access_log
from spanwise.service.telemetry.metrics import Metrics
from spanwise.service.telemetry.tracing import Tracing

_DESCRIPTION = """\
Named entities and sentiment of texts.

Positions are half-open `[start, end)` into the text exactly as it was sent, in the unit that `offset_encoding` names.
Bodies may be compressed (`Content-Encoding: gzip` or `zstd`); so are long answers where `Accept-Encoding` asks for it.
Every error is `application/problem+json` (RFC 9457) with a `code` for programs, and never repeats any of the text.
"""


_TAGS = [
    {"name": "analysis", "description": "What the service is for."},
    {"name": "system", "description": "For probes and operators."},
]


class Application(FastAPI):
    """FastAPI behind the service's own middleware, and behind the routes that most requests are for."""

    front: ASGIApp
    """What serves requests; it hands on to `framework` what it does not serve itself."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            scope["app"] = self
            await self.front(scope, receive, send)
        else:
            await self.framework(scope, receive, send)

    async def framework(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Serve a request, or the lifespan, in FastAPI's own way."""
        await super().__call__(scope, receive, send)


def create_app(
    settings: Settings, pipelines: Registry | Loaded | None = None, metrics: Metrics | None = None
) -> Application:
    """Create the service. Its lifespan loads the pipelines of the settings, unless pipelines are given."""
    metrics = metrics or Metrics()
    connections = OpenConnections(settings, metrics)
    tracing = Tracing.of_environment()
    keys = ConfiguredKeys(settings) if settings.asks_for_keys else None

    @asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        async with (
            keys.running() if keys else nullcontext(),
            running(settings, pipelines, metrics, connections) as runtime,
        ):
            app.state.runtime = runtime
            runtime.batcher.tracing = tracing
            seconds = settings.shutdown_delay_seconds + settings.shutdown_seconds
            with drain_on_signals(runtime.drain, seconds) as retire:
                async with watchdog(runtime.batcher.longest_run, settings.hang_seconds, retire):
                    yield
        if tracing is not None:
            await asyncio.to_thread(tracing.close)

    app = Application(
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
    app.state.compress_from_bytes = settings.compress_from_bytes
    app.state.connections = connections  # for `service/http/protocol.py`
    app.openapi = cache(lambda: openapi.document(app, settings))  # type: ignore[method-assign]

    _add_routes(app, settings)
    exception_handlers.register(app)
    hot = [route for route in app.routes if isinstance(route, JSONRoute | ProbeRoute)]
    app.front = _middleware(HotRoutes(CompressedPages(app.framework), hot), settings, metrics, keys, tracing)
    return app


def _middleware(
    app: ASGIApp, settings: Settings, metrics: Metrics, keys: ConfiguredKeys | None, tracing: Tracing | None
) -> ASGIApp:
    """Put the middleware around an application, the outermost last: refusals of API keys get an id and a log line too.

    It stands in front of FastAPI, whose own `add_middleware` would put three layers around the outermost.
    """
    hosts, origins = settings.allowed_hosts, settings.cors_origins
    if keys:
        app = ApiKeyMiddleware(app, keys=keys.ring, quotas=keys.quotas)
    if origins:
        app = PreflightMiddleware(app, origins=origins)
    if hosts:
        app = AllowedHostsMiddleware(app, hosts=hosts)
    app = RequestMiddleware(app, metrics, configured_access_log(), tracing)
    if origins:
        app = CrossOriginMiddleware(app, origins=origins)
    if settings.root_path:
        app = RootPathMiddleware(app, root_path=settings.root_path)
    if settings.trusted_proxies:
        app = cast("ASGIApp", ProxyHeadersMiddleware(cast("Any", app), trusted_hosts=list(settings.trusted_proxies)))
    return app


def _add_routes(app: FastAPI, settings: Settings) -> None:
    """Put the endpoints' routes directly into the application, before FastAPI's route of `/openapi.json`.

    `include_router` would add a layer, and any earlier route a failed match: 10 µs a request.
    """
    app.router.routes[:0] = [
        *analysis.router.routes,
        *stream.router.routes,
        *system.router.routes,
        *system.probes.routes,
    ]
    app.router.routes.extend(docs.routes)
    app.router.routes.extend(page.routes(settings.root_path) if settings.page else [docs.redirect(settings.root_path)])
