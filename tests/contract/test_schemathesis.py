"""Property tests: Schemathesis makes good and bad requests from the document, and checks every answer against it."""

import json
import os
import re
import subprocess
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.contract.tools import CONTRACT, OPENAPI, ROOT, contract_python
from tests.support.process import environment, service

pytestmark = pytest.mark.process

SEED = "20261123"


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start a service, and return its URL."""
    with service(environment()) as process:
        yield process.url


def schemathesis(document: Path, url: str, folder: Path, *, examples: int) -> "subprocess.CompletedProcess[str]":
    """Run Schemathesis with all checks and the same requests every time."""
    program = Path(contract_python()).parent / "schemathesis"
    command = [str(program), "--config-file", str(CONTRACT / "schemathesis.toml"), "run", str(document), "--url", url]
    options = ["--checks", "all", "--seed", SEED, "--max-examples", str(examples), "--no-color", "--no-shrink"]
    settings = {**os.environ, "PYTHONPATH": str(ROOT), "HYPOTHESIS_STORAGE_DIRECTORY": str(folder)}
    return subprocess.run(
        [*command, *options], cwd=folder, env=settings, capture_output=True, text=True, timeout=170, check=False
    )


def test_every_answer_is_what_the_document_says(url: str, tmp_path: Path) -> None:
    """Hundreds of requests to all operations get answers that fit the document."""
    done = schemathesis(OPENAPI, url, tmp_path, examples=50)
    assert done.returncode == 0, done.stdout[-6000:]
    document = json.loads(OPENAPI.read_text("utf-8"))
    operations = sum(len(methods) for methods in document["paths"].values())
    assert f"Operations:       {operations} selected / {operations} total" in done.stdout
    assert f"Tested: {operations}" in done.stdout
    passed = re.search(r"(\d+) generated, (\d+) passed", done.stdout)
    assert passed
    assert passed[1] == passed[2]
    assert int(passed[1]) > 400


def lose_a_response(document: dict[str, Any]) -> str:
    """Remove from the document a status that the service answers."""
    del document["paths"]["/v1/entities"]["post"]["responses"]["422"]
    return "Undocumented status code"


def lose_a_field(document: dict[str, Any]) -> str:
    """Remove from the document a field that the service answers, and forbid unknown fields."""
    schema = document["components"]["schemas"]["EntitiesResponse"]
    schema["additionalProperties"] = False
    del schema["properties"]["pipeline"]
    schema["required"].remove("pipeline")
    return "Response violates schema"


def promise_too_much_of_a_line(document: dict[str, Any]) -> str:
    """Require in the document a field of every line of a stream that the service does not answer."""
    document["components"]["schemas"]["BatchError"]["required"].append("apology")
    return "a line is no BatchResult"


@pytest.mark.parametrize("plant", [lose_a_response, lose_a_field, promise_too_much_of_a_line])
def test_it_would_notice(url: str, tmp_path: Path, plant: Any) -> None:
    """A copy of the document that does not fit the service is found out."""
    document = json.loads(OPENAPI.read_text("utf-8"))
    told = plant(document)
    if plant is promise_too_much_of_a_line:
        document["paths"] = {"/v1/stream": document["paths"]["/v1/stream"]}
    copy = tmp_path / "openapi.json"
    copy.write_text(json.dumps(document), "utf-8")
    # Many streams are refused for their options, such as a pipeline that there is not.
    done = schemathesis(copy, url, tmp_path, examples=60 if plant is promise_too_much_of_a_line else 10)
    assert done.returncode == 1, done.stdout[-3000:]
    assert told in done.stdout, done.stdout[-6000:]
