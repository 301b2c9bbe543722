"""`/docs` in a real browser, without any network but the service."""

import json
import re
from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest

from tests.contract.tools import OPENAPI, program
from tests.support.browser import Page, browser
from tests.support.process import ServiceProcess, environment, service

pytestmark = pytest.mark.process


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Yield a live service."""
    with service(environment()) as process:
        yield process


@pytest.fixture
def page(tmp_path: Path) -> Iterator[Page]:
    """Yield a page of Chromium."""
    with browser(program("chromium"), tmp_path) as page:
        yield page


def test_the_files_are_the_services_own(running: ServiceProcess) -> None:
    """Every file of the page comes from the service by a relative address."""
    answer = httpx.get(f"{running.url}/docs")
    assert answer.headers["Content-Type"].startswith("text/html")
    named = re.findall(r'(?:src|href)="([^"]+)"', answer.text)
    assert len(named) == 3
    for address in named:
        assert not address.startswith(("/", "http"))
        assert httpx.get(f"{running.url}/{address}").status_code == 200


def test_no_other_file_can_be_had(running: ServiceProcess) -> None:
    """Paths beside and above the page's files are not found."""
    for path in ("/docs/redoc.standalone.js", "/docs/..%2f__init__.py", "/docs/../__init__.py", "/docs/"):
        answer = httpx.get(f"{running.url}{path}")
        assert answer.status_code == 404
        assert answer.json()["code"] == "not_found"


def test_every_operation_is_shown_and_one_is_executed(running: ServiceProcess, page: Page) -> None:
    """A browser shows every operation, and executes one by clicks without asking any other server."""
    page.open(f"{running.url}/docs")
    document = json.loads(OPENAPI.read_text("utf-8"))
    operations = {o["operationId"] for methods in document["paths"].values() for o in methods.values()}
    page.wait_for(f"document.querySelectorAll('.opblock').length >= {len(operations)}")
    shown = page.value("[...document.querySelectorAll('.opblock')].map(block => block.id)")
    assert {name.rpartition("-")[2] for name in shown} == operations
    block = "#operations-analysis-extract_entities"
    page.click(f"{block} .opblock-summary-control")
    page.click(f"{block} .try-out__btn")
    page.click(f"{block} .execute")
    answer = f"document.querySelector('{block} .live-responses-table .response .response-col_description')"
    page.wait_for(f"{answer} && {answer}.innerText.includes('Angela Merkel')")
    assert (
        page.value(f"document.querySelector('{block} .live-responses-table .response .response-col_status').innerText")
        == "200"
    )
    asked = [url for url in page.requested if not url.startswith(("data:", "blob:", "about:"))]
    assert {f"{running.url}/openapi.json", f"{running.url}/v1/entities"} <= set(asked)
    assert all(url.startswith(running.url) for url in asked), asked
    assert page.complaints == []
