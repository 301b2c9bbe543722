"""The page and the API browser behind a real HAProxy: that of the Compose file, and one that publishes a prefix."""

import os
import socket
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import httpx
import pytest

from tests.contract.tools import ROOT, program
from tests.page.conftest import KEY, PREFIX
from tests.page.visit import Visit
from tests.support.browser import Page
from tests.support.process import ServiceProcess

_COMPOSE = ROOT / "deploy" / "compose" / "haproxy.cfg"
_PREFIXED = """
defaults
    mode http
    timeout connect 2s
    timeout client 30s
    timeout server 30s
frontend prefixed
    bind "${LISTEN}"
    http-request deny deny_status 404 unless { path_beg /nlp/ } or { path /nlp }
    RULE
    default_backend spanwise
backend spanwise
    server a "${INSTANCE_A}"
"""
_STRIPS = r"http-request replace-path ^/nlp/?(.*) /\1"


@contextmanager
def proxy(config: str, service: ServiceProcess, folder: Path) -> Iterator[str]:
    """Run HAProxy in front of a service within the block, and yield its URL."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    file = folder / "haproxy.cfg"
    file.write_text(config, "utf-8")
    instance = service.url.removeprefix("http://")
    variables = {"LISTEN": f"127.0.0.1:{port}", "INSTANCE_A": instance, "INSTANCE_B": instance}
    process = subprocess.Popen(
        [program("haproxy"), "-db", "-q", "-f", file], env={**os.environ, **variables}, stdout=subprocess.DEVNULL
    )
    url = f"http://127.0.0.1:{port}"
    try:
        deadline = time.monotonic() + 30
        answered = 0
        while answered not in (200, 404):
            assert time.monotonic() < deadline, f"the proxy never served: {answered}"
            with suppress(httpx.TransportError):
                answered = httpx.get(f"{url}/openapi.json").status_code
            time.sleep(0.1)
        yield url
    finally:
        process.kill()
        process.wait(10)


def execute_in_docs(page: Page, url: str) -> None:
    """Open the API browser at an address, and execute an operation there."""
    page.open(url)
    block = "#operations-analysis-list_pipelines"
    page.click(f"{block} .opblock-summary-control")
    page.click(f"{block} .try-out__btn")
    page.click(f"{block} .execute")
    page.wait_for(f"(document.querySelector('{block} .live-responses-table')?.innerText ?? '').includes('request-id')")


def test_the_compose_proxy_lets_both_pages_through(running: ServiceProcess, chromium: Page, tmp_path: Path) -> None:
    """Both pages work with all of their files, and probes and metrics cannot be had from outside."""
    with proxy(_COMPOSE.read_text("utf-8"), running, tmp_path) as url:
        visit = Visit(chromium, f"{url}/")
        visit.begin()
        visit.open()
        visit.analyse("Tim Cook was in Paris.")
        assert ("Paris", "GPE") in visit.highlighted()
        execute_in_docs(chromium, f"{url}/docs")
        assert chromium.complaints == []
        for path in ("/livez", "/readyz", "/metrics", "/page", "/nowhere"):
            assert httpx.get(url + path).status_code == 404


@pytest.mark.parametrize("rule", ["", _STRIPS], ids=["leaves", "strips"])
def test_a_prefix_is_no_matter(guarded: ServiceProcess, chromium: Page, tmp_path: Path, rule: str) -> None:
    """Whether or not the proxy takes the prefix off, both pages work, and the key is asked for."""
    with proxy(_PREFIXED.replace("RULE", rule), guarded, tmp_path) as url:
        assert httpx.get(f"{url}{PREFIX}/v1/pipelines").status_code == 401
        for address in (f"{url}{PREFIX}/", f"{url}{PREFIX}"):
            visit = Visit(chromium, address)
            visit.begin()
            visit.open()
            assert visit.focused() == "key"
        visit.type(KEY, "#key")
        visit.press("Enter")
        chromium.wait_for("document.querySelectorAll('mark').length > 0")
        assert f"'{url}{PREFIX}/v1/analyze'" in visit.texts("#snippet")[0]
        execute_in_docs(chromium, f"{url}{PREFIX}/docs")
