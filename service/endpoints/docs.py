"""`/docs`, Swagger UI over `/openapi.json`, and the redirect from `/` to it where there is no page to try the service.

The page's files are served from here, so that it works without a network: FastAPI's own page loads them from a CDN. All
addresses are relative, for proxies that serve us below a prefix. A policy of their own lets the page's script run.
"""

from importlib.resources import files
from pathlib import Path

from fastapi.openapi.docs import get_swagger_ui_html
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response
from starlette.routing import Route

from spanwise.service.http.security_headers import docs_headers
from spanwise.service.http.static_file import StaticFile, StaticPage

_FILES = Path(str(files("fastapi_offline"))) / "static"
_HTML = bytes(
    get_swagger_ui_html(
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
)
_HEADERS = docs_headers(_HTML)
_PAGE = StaticPage(_HTML, _HEADERS)


async def show_docs(request: Request) -> Response:
    """Answer with the page."""
    return await _PAGE.answer(request)


def _file(name: str) -> Route:
    """Return the route of one of the page's files."""
    file = StaticFile(_FILES / name, _HEADERS)

    async def show_docs(request: Request) -> Response:
        return await file.answer(request)

    return Route(f"/docs/{name}", show_docs)


def redirect(root_path: str) -> Route:
    """Return the route of the redirect from `/`, for a service that is published below `root_path`."""
    target = f"{root_path}/docs" if root_path else "docs"

    async def redirect_to_docs(request: Request) -> Response:  # noqa: ARG001 - Starlette calls every endpoint with it
        return RedirectResponse(target)

    return Route("/", redirect_to_docs)


routes = [
    Route("/docs", show_docs),
    *(_file(name) for name in ("swagger-ui-bundle.js", "swagger-ui.css", "favicon.png")),
]
