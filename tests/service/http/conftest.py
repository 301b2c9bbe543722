"""A real process that the tests of one file share."""

from collections.abc import Iterator

import pytest

from tests.support.process import ServiceProcess, environment, service


@pytest.fixture(scope="module")
def running() -> Iterator[ServiceProcess]:
    """Yield a process under default settings."""
    with service(environment(components="slow_texts", max_queued_seconds="600")) as process:
        yield process
