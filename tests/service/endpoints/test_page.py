"""How the page at `/` is served: what it may do, what of it is kept, where it is found, and how it is switched off."""

import re

import httpx
import pytest
from pydantic import ValidationError

from spanwise.service.settings import Settings
from tests.support.serving import Serving

pytestmark = pytest.mark.anyio

ADDRESSES = re.compile(r'(?:src|href)="([^"#][^"]*)"')
IMPORTS = re.compile(r'from "\./([a-z]+\.js)"')


async def test_every_file_is_there_and_small(client: httpx.AsyncClient) -> None:
    """The page and all that it names come from the service, by relative addresses, with their own media types."""
    page = await client.get("/")
    assert page.headers["Content-Type"] == "text/html; charset=utf-8"
    addresses = set(ADDRESSES.findall(page.text))
    assert {"docs", "openapi.json", "page/app.js", "page/page.css", "page/mark.svg"} <= addresses
    kinds = {"js": "text/javascript; charset=utf-8", "css": "text/css; charset=utf-8", "svg": "image/svg+xml"}
    sent = len(page.content)
    for address in addresses:
        answer = await client.get(f"/{address}")
        assert answer.status_code == 200, address
        if address.startswith("page/"):
            assert answer.headers["Content-Type"] == kinds[address.rpartition(".")[2]]
            sent += len(answer.content)
    assert sent < 100_000


async def test_every_script_is_fetched_at_once(client: httpx.AsyncClient) -> None:
    """The page names each script that another one imports, so that a browser need not find them one after the other."""
    page = await client.get("/")
    named = {address.removeprefix("page/") for address in ADDRESSES.findall(page.text) if address.endswith(".js")}
    imported = set()
    for name in named:
        imported |= set(IMPORTS.findall((await client.get(f"/page/{name}")).text))
    assert imported | {"app.js"} == named


async def test_the_policy_is_strict(client: httpx.AsyncClient) -> None:
    """No inline script or style, nothing of elsewhere, no frame, and no text can become markup."""
    for path in ("/", "/page/app.js", "/page/page.css"):
        answer = await client.get(path)
        rules = dict(rule.partition(" ")[::2] for rule in answer.headers["Content-Security-Policy"].split("; "))
        assert rules["default-src"] == "'none'"
        for kind in ("script-src", "style-src", "connect-src", "img-src"):
            assert rules[kind] == "'self'"
        assert rules["frame-ancestors"] == rules["base-uri"] == rules["form-action"] == "'none'"
        assert rules["require-trusted-types-for"] == "'script'"
        assert answer.headers["Cache-Control"] == "no-cache"
        for name in ("X-Content-Type-Options", "Referrer-Policy", "Cross-Origin-Resource-Policy"):
            assert len(answer.headers.get_list(name)) == 1
    page = (await client.get("/")).text
    assert not re.search(r"<script(?![^>]*src=)|<style|\sstyle=|\son[a-z]+=", page)


@pytest.mark.parametrize(
    "path", ["/", "/page/app.js", "/page/page.css", "/page/mark.svg", "/docs", "/docs/swagger-ui.css"]
)
@pytest.mark.parametrize("coding", ["gzip", "identity"])
async def test_what_a_browser_has_is_not_sent_again(client: httpx.AsyncClient, path: str, coding: str) -> None:
    """The tag is that of the content: a browser that sends the tag gets a 304 with the same tag and no body."""
    headers = {"Accept-Encoding": coding}
    first = await client.get(path, headers=headers)
    again = await client.get(path, headers={**headers, "If-None-Match": first.headers["ETag"]})
    assert (again.status_code, again.content) == (304, b"")
    assert again.headers["ETag"].removeprefix("W/") == first.headers["ETag"].removeprefix("W/")
    other = await client.get(path, headers={**headers, "If-None-Match": '"another", W/"one"'})
    assert (other.status_code, other.content) == (200, first.content)


async def test_files_are_compressed_on_wish(client: httpx.AsyncClient) -> None:
    """What is long enough goes compressed to a browser that asks for that."""
    for path in ("/", "/page/page.css"):
        assert (await client.get(path, headers={"Accept-Encoding": "gzip"})).headers["Content-Encoding"] == "gzip"


async def test_nothing_else_can_be_had(client: httpx.AsyncClient) -> None:
    """Paths beside and above the page's files are not found."""
    for path in (
        "/page",
        "/page/",
        "/page/index.html",
        "/page/..%2fsettings.py",
        "/page/../settings.py",
        "/index.html",
    ):
        assert (await client.get(path)).status_code == 404, path


async def test_the_page_needs_no_key(serving: Serving) -> None:
    """Where keys are configured the page is shown, so that it can ask for one; the API is not served without."""
    async with serving(api_keys="key") as client:
        for path in ("/", "/page/app.js", "/docs"):
            assert (await client.get(path)).status_code == 200
        assert (await client.get("/v1/pipelines")).status_code == 401


async def test_the_page_can_be_switched_off(serving: Serving) -> None:
    """Without the page `/` leads to `/docs`, and none of the page's files is served."""
    async with serving(page=False) as client:
        front = await client.get("/")
        assert (front.status_code, front.headers["Location"]) == (307, "docs")
        assert (await client.get("/page/app.js")).status_code == 404


async def test_a_prefix_is_taken_off(serving: Serving) -> None:
    """Behind a proxy that leaves its prefix, and one that takes it off, the same is served, and keys are asked for."""
    async with serving(root_path="/nlp/", api_keys="key") as client:
        key = {"X-API-Key": "key"}
        for prefix in ("", "/nlp"):
            page = await client.get(prefix or "/")
            assert 'src="/nlp/page/app.js"' in page.text
            assert set(ADDRESSES.findall(page.text)) == {
                address for address in ADDRESSES.findall(page.text) if address.startswith("/nlp/")
            }
            for path in ("/page/app.js", "/docs", "/docs/swagger-ui.css", "/livez"):
                assert (await client.get(prefix + path)).status_code == 200
            assert (await client.get(f"{prefix}/v1/pipelines")).status_code == 401
            assert (await client.get(f"{prefix}/v1/pipelines", headers=key)).status_code == 200
            answer = await client.post(f"{prefix}/v1/entities", json={"text": "Tim Cook"}, headers=key)
            assert answer.json()["entities"][0]["text"] == "Tim Cook"
            assert (await client.get(f"{prefix}/openapi.json")).json()["servers"] == [{"url": "/nlp"}]
        for path in ("/nlpx/livez", "/other/nlp/livez", "/nlp/nlp/livez"):
            assert (await client.get(path)).status_code == 404
    async with serving(root_path="/nlp", page=False) as client:
        assert (await client.get("/nlp")).headers["Location"] == "/nlp/docs"


@pytest.mark.parametrize("path", ["nlp", "//", "/a//b", "/a b", '/"', "/../x", "/v1", "/docs/x", "http://host/nlp"])
def test_a_path_that_cannot_be_meant_is_refused(path: str) -> None:
    """What is no path, or would hide paths of the service, ends the start."""
    with pytest.raises(ValidationError, match="root_path"):
        Settings(root_path=path)
