"""Tests of clients as other teams get them: generated, compiled, and called against the service on a loopback port.

Every program in `contract/callers` does the same. It reads a good answer, both arms of a batch result, a 422 and a 503
as typed problems, and a stream line by line, and it prints what it read.
"""

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import httpx
import pytest
import uvicorn
from fastapi import FastAPI

from contract.clients import GENERATORS, generate
from spanwise.pipelines import Analyzer, Registry
from spanwise.service import server
from spanwise.service.app import create_app
from spanwise.service.settings import Settings
from tests.contract.tools import CONTRACT, contract_python, missing, node_program, program
from tests.docs.pages import blocks_of
from tests.support.fakes import GatedEngine, with_engine
from tests.support.process import environment, service

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]

CALLERS = CONTRACT / "callers"
SEEN = {
    "entities": [["Tim Cook", "PERSON", 0, 8], ["Paris", "GPE", 15, 20]],
    "grammar": [5, "love", 1, "Tim Cook"],
    "pipelines": ["tok2vec", "compiled", "vectors of tok2vec"],
    "batch": [["ok", "a", 2], ["error", "b", "unsupported_language"]],
    "invalid": [422, "validation_failed", "/labels/0", "unknown_label"],
    "stream": [["ok", "a", 2], ["error", "b", "unsupported_language"]],
    "overloaded": [503, "overloaded", True],
}


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start a service, and return its URL."""
    with service(environment()) as process:
        yield process.url


@pytest.fixture(scope="module")
def full(english: Analyzer) -> Iterator[str]:
    """Start a service whose queue is full for as long as the tests last, and return its URL."""
    engine = GatedEngine(patience=400)
    limits: dict[str, Any] = {"max_queued_characters": 4, "max_text_characters": 4, "max_batch_characters": 4}
    settings = Settings(**limits, nlp_threads=1, shutdown_seconds=5)
    app = create_app(settings, Registry({"en": with_engine(english, engine)}))
    listener = server.listen("127.0.0.1", 0)
    config = uvicorn.Config(app, log_config=None, lifespan="on", timeout_graceful_shutdown=5)
    running = uvicorn.Server(config)
    thread = threading.Thread(target=running.run, kwargs={"sockets": [listener]})
    thread.start()
    url = f"http://127.0.0.1:{listener.getsockname()[1]}"
    callers = [threading.Thread(target=_fill, args=(f"{url}/v1/entities",)) for _ in range(2)]
    try:
        signs: list[Callable[[], bool]] = [engine.entered.is_set, partial(_is_full, app)]
        for caller, taken in zip(callers, signs, strict=True):
            caller.start()
            deadline = time.monotonic() + 60
            while not taken():
                assert time.monotonic() < deadline, "it never got full"
                time.sleep(0.05)
        yield url
    finally:
        engine.gate.set()
        for caller in callers:
            caller.join(60)
        running.should_exit = True
        thread.join(60)


def _is_full(app: FastAPI) -> bool:
    characters: int = app.state.runtime.batcher.queued_characters
    return characters == len("full")


def _fill(url: str) -> None:
    httpx.post(url, json={"text": "full"}, timeout=400, headers={"X-Request-Timeout-Ms": "300000"})


def run(command: list[str | Path], cwd: Path, **variables: str) -> str:
    """Run a program that must succeed, and return what it prints. A failure shows all of its output."""
    done = subprocess.run(
        command, cwd=cwd, env={**os.environ, **variables}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


def generated(name: str, folder: Path) -> Path:
    """Generate a client, or skip the test if the generator is not installed."""
    contract_python()
    try:
        generate(name, folder)
    except subprocess.CalledProcessError as error:
        raise AssertionError(error.stdout) from None
    return folder


@pytest.mark.parametrize("name", ["python", "python-pydantic"])
def test_python(name: str, url: str, full: str, tmp_path: Path) -> None:
    """Each Python client imports, passes mypy together with its caller, and reads the right answers."""
    if name == "python-pydantic":
        program("java")
    client = generated(name, tmp_path / name)
    caller = CALLERS / f"{name.replace('-', '_')}.py"
    assert (
        json.loads(run([contract_python(), "-W", "error", caller, url, full], tmp_path, PYTHONPATH=str(client))) == SEEN
    )
    checks = ["--ignore-missing-imports", "--follow-imports", "silent", "--cache-dir", str(tmp_path / "cache")]
    run(
        [Path(sys.executable).parent / "mypy", "--strict", "--python-executable", contract_python(), *checks, caller],
        tmp_path,
        MYPYPATH=str(client),
    )


def program_of_the_page(kind: str, url: str) -> str:
    """Return the only program of a kind on the page about clients, for the service at a URL."""
    (block,) = (one for one in blocks_of(CONTRACT.parent / "docs" / "how-to" / "clients.md") if one.kind == kind)
    return block.text.replace("http://127.0.0.1:8000", url)


def test_the_pages_programs_in_python_print_the_entities(url: str, tmp_path: Path) -> None:
    """Each program of the page runs with the client of its section."""
    program("java")
    shown = [
        block.text
        for block in blocks_of(CONTRACT.parent / "docs" / "how-to" / "clients.md")
        if block.kind == "python" and "spanwise_client" in block.text
    ]
    for name, source in zip(["python", "python-pydantic"], shown, strict=True):
        client = generated(name, tmp_path / name)
        path = tmp_path / f"{name}.py"
        path.write_text(source.replace("http://127.0.0.1:8000", url), "utf-8")
        printed = run([contract_python(), "-W", "error", path], tmp_path, PYTHONPATH=str(client))
        assert printed.strip() == "[('Tim Cook', 'PERSON'), ('Paris', 'GPE')]"


def test_typescript(url: str, full: str, tmp_path: Path) -> None:
    """The TypeScript client passes `tsc --strict` and reads the right answers."""
    node_program("openapi-typescript")
    client = generated("typescript", tmp_path / "client")
    for source in (CALLERS / "typescript").iterdir():
        (client / source.name).write_bytes(source.read_bytes())
    (client / "package.json").write_text('{"type": "module"}')
    (client / "node_modules").symlink_to(CONTRACT / "node_modules")
    run([node_program("tsc"), "--project", client / "tsconfig.json"], client)
    assert json.loads(run([program("node"), "out/call.js", url, full], client)) == SEEN
    (client / "call.ts").write_text(program_of_the_page("typescript", url), "utf-8")
    run([node_program("tsc"), "--project", client / "tsconfig.json"], client)
    assert "'Tim Cook', 'PERSON'" in run([program("node"), "out/call.js"], client)


def test_java(url: str, full: str, tmp_path: Path) -> None:
    """The Java client compiles with the libraries inside the generator's archive and reads the right answers."""
    program("javac")
    client = generated("java", tmp_path / "client")
    (archive,) = Path(contract_python()).parent.parent.glob("lib/python*/site-packages/openapi_generator_cli/*.jar")
    annotations = Path("/usr/share/java/jakarta-annotation-api.jar")
    if not annotations.exists():
        missing("libjakarta-annotation-api-java is not installed")
    path = f"{archive}:{annotations}:{tmp_path / 'classes'}"
    sources = [*(client / "src" / "main" / "java").rglob("*.java"), CALLERS / "java" / "Call.java"]
    run([program("javac"), "-nowarn", "-d", tmp_path / "classes", "-cp", path, *sources], tmp_path)
    assert json.loads(run([program("java"), "-cp", path, "Call", url, full], tmp_path)) == SEEN
    packages = "".join(f"import org.spanwise.client.{name};\n" for name in ("*", "api.*", "model.*"))
    source = "public class Page { public static void main(String[] words) throws Exception {\n%s} }\n"
    (tmp_path / "Page.java").write_text(packages + source % program_of_the_page("java", url), "utf-8")
    run([program("javac"), "-nowarn", "-d", tmp_path / "classes", "-cp", path, tmp_path / "Page.java"], tmp_path)
    assert "text: Tim Cook" in run([program("java"), "-cp", path, "Page"], tmp_path)


def test_go(url: str, full: str, tmp_path: Path) -> None:
    """The Go client needs only the standard library, so that nothing is downloaded, and reads the right answers."""
    program("go")
    client = generated("go", tmp_path / "client")
    caller = client / "call"
    caller.mkdir()
    (caller / "main.go").write_bytes((CALLERS / "go" / "main.go").read_bytes())
    settings = {"GOPROXY": "off", "GOFLAGS": "-mod=mod", "GOTOOLCHAIN": "local", "GOCACHE": str(tmp_path / "cache")}
    run([program("go"), "vet", "./..."], client, **settings)
    assert json.loads(run([program("go"), "run", "./call", url, full], client, **settings)) == SEEN
    used = 'import (\n"context"\n"errors"\n"fmt"\n\nspanwise "spanwise.invalid/client/spanwise"\n)\n'
    body = "ctx := context.Background()\n" + program_of_the_page("go", url)
    (caller / "main.go").write_text(f"package main\n\n{used}\nfunc main() {{\n{body}}}\n", "utf-8")
    assert "Tim Cook" in run([program("go"), "run", "./call"], client, **settings)


def test_every_generator_is_tested() -> None:
    """Every generator has a test above and a section in the docs."""
    page = (CONTRACT.parent / "docs" / "how-to" / "clients.md").read_text("utf-8")
    assert GENERATORS.keys() == {"python", "python-pydantic", "typescript", "java", "go"}
    for name in GENERATORS:
        assert f"clients/{name}" in page
