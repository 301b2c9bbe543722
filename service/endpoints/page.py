"""The page to try the service, at `/`, and its files below `/page/`.

They are plain HTML, CSS and ES modules, as a browser runs them: nothing is built or loaded from elsewhere. Scripts find
the API by their own address, and so need no configuration below a prefix (ADR 0048).
"""

from importlib.resources import files
from pathlib import Path

from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

from spanwise.service.http.security_headers import PAGE_HEADERS
from spanwise.service.http.static_file import StaticFile, StaticPage

_FOLDER = Path(str(files("spanwise.service"))) / "page"
_HTML = "index.html"


def routes(root_path: str) -> list[Route]:
    """Return the routes of the page and of each of its files.

    `root_path` is the prefix below which a proxy publishes the service. Without one the page's addresses are relative;
    with one they are absolute, because a browser may show the page at the prefix itself, without a slash at its end.
    """
    html = (_FOLDER / _HTML).read_bytes()
    if root_path:
        html = html.replace(b'="page/', b'="%b/page/' % root_path.encode())
        html = html.replace(b'href="docs"', b'href="%b/docs"' % root_path.encode())
        html = html.replace(b'href="openapi.json"', b'href="%b/openapi.json"' % root_path.encode())
    page = StaticPage(html, PAGE_HEADERS)

    async def show_page(request: Request) -> Response:
        return await page.answer(request)

    names = sorted(path.name for path in _FOLDER.iterdir() if path.suffix in (".css", ".js", ".svg"))
    return [Route("/", show_page), *map(_file, names)]


def _file(name: str) -> Route:
    file = StaticFile(_FOLDER / name, PAGE_HEADERS)

    async def show_page(request: Request) -> Response:
        return await file.answer(request)

    return Route(f"/page/{name}", show_page)
