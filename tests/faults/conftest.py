"""The size of the tests in this folder, and the pipeline that misbehaves."""

import os
from pathlib import Path

import pytest

from tests.faults.misbehaving import MisbehavingPipeline

_FOLDER = Path(__file__).parent
_FULL_SIZE = os.environ.get("FAULTS") == "full"


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark every test of this folder: it starts real processes, and belongs to `make faults`."""
    for item in items:
        if _FOLDER in item.path.parents:
            item.add_marker(pytest.mark.faults)
            item.add_marker(pytest.mark.process)
            item.add_marker(pytest.mark.timeout(900 if _FULL_SIZE else 400))


@pytest.fixture(scope="session")
def full_size() -> bool:
    """Say whether `make faults` runs: more load, and for longer."""
    return _FULL_SIZE


@pytest.fixture
def misbehaving(tmp_path: Path) -> MisbehavingPipeline:
    """Write a pipeline that misbehaves on demand."""
    return MisbehavingPipeline.write(tmp_path)
