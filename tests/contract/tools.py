"""Programs that are not Python packages of this project: where to find them, and how to skip a test without them."""

import os
import shutil
from pathlib import Path
from typing import NoReturn

import pytest

ROOT = Path(__file__).parent.parent.parent
CONTRACT = ROOT / "contract"
OPENAPI = ROOT / "openapi.json"


def program(name: str) -> str:
    """Find a program of this machine."""
    return shutil.which(name) or missing(f"{name} is not on this machine")


def node_program(name: str) -> str:
    """Find a program that `make contract-tools` installs from `contract/package-lock.json`."""
    program("node")
    path = CONTRACT / "node_modules" / ".bin" / name
    return str(path) if path.exists() else missing(f"{name} is not installed; `make contract-tools` does it")


def contract_python() -> str:
    """Find the Python of the virtual environment that `make contract-tools` makes."""
    path = ROOT / ".venv-contract" / "bin" / "python"
    return str(path) if path.exists() else missing("there is no .venv-contract; `make contract-tools` makes it")


def missing(why: str) -> NoReturn:
    """Skip the test or, in CI, fail it, because everything must run there."""
    if os.environ.get("CI"):
        pytest.fail(why)
    pytest.skip(why)
