"""`/docs`, Swagger UI over `/openapi.json`, and the redirect from `/` to it.

The page's files are served from here, so that it works without a network: FastAPI's own page loads them from a CDN. All
addresses are relative, for proxies that serve us below a prefix. A policy of their own lets the page's script run.
"""

from importlib.resources import files
from pathlib import Path

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import FileResponse, HTMLResponse, RedirectResponse, Response
from starlette.routing import Route

from spanwise.service.http.request_record import record_of
from spanwise.service.http.security_headers import docs_headers

_FILES = Path(str(files("fastapi_offline"))) / "static"
_PAGE = get_swagger_ui_html(
    title="Spanwise",
    openapi_url="openapi.json",
    swagger_js_url="docs/swagger-ui-bundle.js",
    swagger_css_url="docs/swagger-ui.css",
    swagger_favicon_url="docs/favicon.png",
    swagger_ui_parameters={
        "validatorUrl": None,
        "displayRequestDuration": True,
    },  # no validator of a third party is asked
).body
_HEADERS = docs_headers(bytes(_PAGE))


async def show_docs(request: Request) -> Response:
    """Answer with the page."""
    record_of(request).security_headers = _HEADERS
    return HTMLResponse(bytes(_PAGE))


def _file(name: str) -> Route:
    """Return the route of one of the page's files."""

    async def show_file(request: Request) -> Response:
        record_of(request).security_headers = _HEADERS
        return FileResponse(_FILES / name)

    return Route(f"/docs/{name}", show_file)


async def redirect_to_docs(request: Request) -> Response:  # noqa: ARG001 - Starlette calls every endpoint with it
    """Redirect to the page."""
    return RedirectResponse("docs")


routes = [
    Route("/", redirect_to_docs),
    Route("/docs", show_docs),
    *(_file(name) for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")),
]
