"""Tests that three linters find nothing in the committed document, and that each would find planted faults."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from openapi_spec_validator import validate
from openapi_spec_validator.validation.exceptions import OpenAPIValidationError

from tests.contract.tools import CONTRACT, OPENAPI, node_program


def spectral(document: Path) -> list[str]:
    """Return the rules of `spectral:oas` that a document breaks."""
    command = [node_program("spectral"), "lint", "--quiet", "--fail-severity", "warn", "--format", "json"]
    done = run([*command, "--ruleset", str(CONTRACT / "spectral.yaml"), str(document)])
    found = [one["code"] for one in json.loads(done.stdout or b"[]")]
    assert bool(found) == bool(done.returncode), done.stderr
    return found


def redocly(document: Path) -> list[str]:
    """Return Redocly's recommended rules that a document breaks, warnings included."""
    command = [node_program("redocly"), "lint", "--config", str(CONTRACT / "redocly.yaml"), "--format", "json"]
    report = json.loads(run([*command, str(document)]).stdout)
    return [problem["ruleId"] for problem in report["problems"]]


def run(command: list[str]) -> "subprocess.CompletedProcess[bytes]":
    """Run a linter, without any use of the network."""
    environment = {**os.environ, "REDOCLY_TELEMETRY": "off", "REDOCLY_SUPPRESS_UPDATE_NOTICE": "true", "NO_COLOR": "1"}
    return subprocess.run(command, env=environment, capture_output=True, timeout=120, check=False)


@pytest.fixture
def broken(tmp_path: Path) -> Path:
    """Write a copy in which an operation has no id, and an example does not fit its schema."""
    document: dict[str, Any] = json.loads(OPENAPI.read_text("utf-8"))
    operation = document["paths"]["/v1/entities"]["post"]
    del operation["operationId"]
    operation["responses"]["200"]["content"]["application/json"]["examples"]["people_and_places"]["value"] = {}
    path = tmp_path / "openapi.json"
    path.write_text(json.dumps(document), "utf-8")
    return path


def test_it_is_openapi() -> None:
    """The document is valid by `openapi-spec-validator`, and is not without its version."""
    document = json.loads(OPENAPI.read_text("utf-8"))
    validate(document)
    del document["info"]["version"]
    with pytest.raises(OpenAPIValidationError):
        validate(document)


@pytest.mark.parametrize("lint", [spectral, redocly])
def test_linters_find_nothing(lint: Callable[[Path], list[str]]) -> None:
    """Both linters find no error and no warning in the document."""
    assert lint(OPENAPI) == []


@pytest.mark.parametrize("lint", [spectral, redocly])
def test_linters_would_find_something(lint: Callable[[Path], list[str]], broken: Path) -> None:
    """Both linters find at least two faults in a copy with two planted ones."""
    assert len(set(lint(broken))) >= 2
