"""The client packages as callers get them: built, installed from their files in fresh environments, and used.

The environments need no network. That of Python sees the packages of `.venv-contract`, among which are httpx and attrs,
but no client; the tarball for npm carries its dependencies. The programs in `contract/callers/packaged` call a real
service through a proxy that fails in the ways that their calls name (`tests/support/fault_proxy.py`), and print what
came of each call.
"""

import json
import os
import re
import shutil
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from contract.clients import generate
from contract.package_clients import PACKAGES, version
from tests.contract.tools import CONTRACT, contract_python, node_program, program
from tests.support.fault_proxy import Request, fault_proxy
from tests.support.process import environment, service

pytestmark = [pytest.mark.process, pytest.mark.timeout(400)]

PROGRAMS = CONTRACT / "callers" / "packaged"
WRITTEN = CONTRACT / "client_packages"
KEY = "0123456789abcdef0123456789abcdef"
FOUND = ["PERSON", "GPE"]  # in the text of the programs
ALL = [[index, *FOUND] for index in range(10)]
CALLERS = ["threads", "tasks", "calls"]
Seen = dict[str, tuple[dict[str, Any], Mapping[str, list[Request]]]]

OUTCOMES: dict[str, tuple[list[Any], int]] = {
    "overloaded": (["ok", *FOUND], 2),
    "shutting_down": (["ok", *FOUND], 2),
    "quota_of_a_day": (["refused", 429, "rate_limited"], 1),
    "deadline": (["refused", 504, "deadline_exceeded"], 1),
    "internal_once": (["ok", *FOUND], 2),
    "internal_twice": (["refused", 500, "internal_error"], 2),
    "broken": (["ok", *FOUND], 3),
    "always_broken": (["no answer"], 5),
    "gateway": (["ok", *FOUND], 3),
    "document_internal": (["ok", *FOUND], 2),
    "document_internal_twice": (["document", "internal_error"], 2),
    "invalid": (["refused", 422, "validation_failed", "unknown_label"], 1),
    "no_key": (["refused", 401, "unauthorized"], 1),
    "surrogate": (["ok", *FOUND], 1),
    "generated": (["ok", *FOUND], 2),
    "stream": ([[0, *FOUND], [1, "PERSON"], [2, "unsupported_language"], [3, "text_empty"]], 1),
    "refused_stream": (["refused", 422, "validation_failed", "unsupported_feature"], 1),
    "stream_overloaded": (ALL, 2),
    "stream_cut": (ALL, 2),
    "stream_cut_in_a_line": (ALL, 2),
    "stream_shutting_down": (ALL, 2),
    "stream_rate_limited": (ALL, 2),
    "stream_always_cut": (["no answer"], 5),
    "stream_silent": ([*ALL[:3], ["timeout"]], 1),
    "stream_document_internal": (ALL, 2),
}
"""What each program says of a fault, and how many requests it sends: "Trying again" in `docs/reference/errors.md`."""


def run(command: list[str | Path], cwd: Path, **variables: str) -> str:
    """Run a program that must succeed, and return what it prints. A failure shows all of its output."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        command, cwd=cwd, env={**kept, **variables}, capture_output=True, text=True, timeout=300, check=False
    )
    assert done.returncode == 0, f"{command}\n{done.stdout[-5000:]}\n{done.stderr[-5000:]}"
    return done.stdout


@pytest.fixture(scope="module")
def packages(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    """Generate both clients, build their packages as `make clients` does, and return them by language."""
    contract_python()
    node_program("openapi-typescript")
    program("npm")
    folder = tmp_path_factory.mktemp("packages")
    built = {}
    for name, build in PACKAGES.items():
        try:
            generate(name, folder / name)
            built[name] = build(folder / name, folder / "dist")
        except subprocess.CalledProcessError as error:
            raise AssertionError(error.stdout) from None
    return built


@pytest.fixture(scope="module")
def python(packages: dict[str, Path], tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh virtual environment with the wheel and what the wheel needs."""
    folder = tmp_path_factory.mktemp("environment")
    run([contract_python(), "-m", "venv", "--without-pip", folder], cwd=folder)
    interpreter = folder / "bin" / "python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--python", interpreter]
    run([*pip, "install", "--quiet", "--no-deps", "--no-index", packages["python"]], cwd=folder)
    (own,) = folder.glob("lib/python*/site-packages")
    (others,) = Path(contract_python()).parent.parent.glob("lib/python*/site-packages")
    (own / "dependencies.pth").write_text(f"{others}\n", "utf-8")
    return interpreter


@pytest.fixture(scope="module")
def project(packages: dict[str, Path], url: str, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a project in TypeScript that has installed the tarball, and strictly compiled two programs."""
    folder = tmp_path_factory.mktemp("project")
    (folder / "package.json").write_text('{"type": "module"}', "utf-8")
    options = ["--offline", "--no-audit", "--no-fund", "--cache", str(folder / "cache")]
    run([program("npm"), "install", *options, packages["typescript"]], cwd=folder)
    compiler = {
        "strict": True,
        "target": "es2023",
        "lib": ["es2024", "dom", "dom.iterable", "dom.asynciterable"],
        "module": "nodenext",
        "types": ["node"],
        "typeRoots": [str(CONTRACT / "node_modules" / "@types")],
        "outDir": "out",
    }
    (folder / "tsconfig.json").write_text(json.dumps({"compilerOptions": compiler, "include": ["*.ts"]}), "utf-8")
    shutil.copy(PROGRAMS / "calls.ts", folder)
    (folder / "readme.ts").write_text(readme_program("typescript", url), "utf-8")
    run([node_program("tsc"), "--project", folder], cwd=folder)
    return folder


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    """Start a service with an API key, and return its URL."""
    with service(environment(api_keys=KEY)) as process:
        yield process.url


@pytest.fixture(scope="module")
def seen(url: str, python: Path, project: Path) -> Iterator[Seen]:
    """Run the three programs side by side, and return what each printed and the requests that it sent."""
    commands: dict[str, list[str | Path]] = {
        "threads": [python, "-W", "error", PROGRAMS / "threads.py"],
        "tasks": [python, "-W", "error", PROGRAMS / "tasks.py"],
        "calls": [program("node"), project / "out" / "calls.js"],
    }
    found: Seen = {}
    with fault_proxy(url) as first, fault_proxy(url) as second, fault_proxy(url) as third:
        proxies = dict(zip(commands, (first, second, third), strict=True))
        running = {
            name: subprocess.Popen(
                [*command, proxies[name][0], KEY], stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
            )
            for name, command in commands.items()
        }
        try:
            for name, process in running.items():
                printed, errors = process.communicate(timeout=200)
                assert process.returncode == 0, f"{name}: {errors[-5000:]}"
                found[name] = (json.loads(printed), proxies[name][1].requests)
        finally:
            for process in running.values():
                process.kill()
                process.wait(10)
        yield found


by_every_caller = pytest.mark.parametrize("caller", CALLERS)


@by_every_caller
@pytest.mark.parametrize("fault", OUTCOMES)
def test_every_fault_is_met_as_the_table_says(seen: Seen, caller: str, fault: str) -> None:
    """A request is sent again as often as it helps, and the caller gets its answer or learns why there is none."""
    outcomes, requests = seen[caller]
    assert (outcomes[fault], len(requests[fault])) == OUTCOMES[fault]


@by_every_caller
def test_an_overloaded_service_gets_the_same_body_after_the_time_that_it_named(seen: Seen, caller: str) -> None:
    """The second try comes no earlier than Retry-After, and has the first one's bytes."""
    first, second = seen[caller][1]["overloaded"]
    assert second.seconds - first.seconds >= 1
    assert second.body == first.body


@by_every_caller
@pytest.mark.parametrize(
    ("fault", "done"),
    [("stream_cut", 3), ("stream_cut_in_a_line", 3), ("stream_shutting_down", 4), ("stream_rate_limited", 4)],
)
def test_a_stream_sends_again_only_what_has_no_result(seen: Seen, caller: str, fault: str, done: int) -> None:
    """The second request begins with the first line whose result did not come."""
    first, second = seen[caller][1][fault]
    assert second.body.splitlines() == first.body.splitlines()[done:]


@by_every_caller
def test_single_calls_become_batches(seen: Seen, caller: str) -> None:
    """200 calls are some requests, those of different languages together; each gets its own answer."""
    outcomes, requests = seen[caller]
    assert outcomes["many"] == [200, ["ok", *FOUND]]
    sizes = [len(json.loads(request.body)["documents"]) for request in requests["many"]]
    assert sum(sizes) == 200
    assert max(sizes) == 128
    assert {document["language"] for document in json.loads(requests["many"][-1].body)["documents"]} == {"en", "en-US"}


@by_every_caller
def test_a_bad_text_leaves_its_neighbours_alone(seen: Seen, caller: str) -> None:
    """The empty text is refused, the other one is answered."""
    assert seen[caller][0]["one_bad"] == [["document", "text_empty"], ["ok", *FOUND]]


@by_every_caller
@pytest.mark.parametrize("fault", ["too_large", "too_many"])
def test_a_batch_that_is_too_large_is_sent_in_parts(seen: Seen, caller: str, fault: str) -> None:
    """Where a service or a gateway allows less than the defaults, smaller batches follow; every call is answered."""
    outcomes, requests = seen[caller]
    assert outcomes[fault] == [200, ["ok", *FOUND]]
    assert len(requests[fault]) < 60


@by_every_caller
def test_streams_take_documents_as_their_results_are_read(seen: Seen, caller: str) -> None:
    """A long stream keeps its order; of a stream that is left after a result, two windows at most were taken."""
    outcomes, requests = seen[caller]
    assert outcomes["long_stream"] == [True, True]
    assert outcomes["left_stream"] == [0, *FOUND, True]
    assert outcomes["failing_source"] == ["no more"]
    assert all(len(request.body.splitlines()) <= 256 for request in requests["long_stream"])


@pytest.mark.parametrize("caller", ["tasks", "calls"])
def test_a_slow_source_gets_its_results_meanwhile(seen: Seen, caller: str) -> None:
    """The result of a document comes before the next document is given."""
    assert seen[caller][0]["slow_source"] == [[0, *FOUND], [1, *FOUND]]


def test_a_cancelled_call_is_not_sent(seen: Seen) -> None:
    """While the first of four calls is on its way, the third is cancelled: the second and the fourth are sent."""
    outcomes, requests = seen["tasks"]
    assert outcomes["cancelled"] == [["ok", *FOUND], ["ok", *FOUND], True, ["ok", *FOUND]]
    assert [len(json.loads(request.body)["documents"]) for request in requests["cancelled"]] == [1, 2]


def test_the_wheel_is_typed(python: Path, tmp_path: Path) -> None:
    """Mypy is content with the written layer, and with programs that use it."""
    mypy = Path(sys.executable).parent / "mypy"
    options = ["--ignore-missing-imports", "--follow-imports", "silent", "--cache-dir", str(tmp_path / "cache")]
    checked: list[str | Path] = [*PROGRAMS.glob("*.py"), "--package", "spanwise_client.robust"]
    (packages,) = python.parent.parent.glob("lib/python*/site-packages")
    link = tmp_path / "installed"
    link.mkdir()
    (link / "spanwise_client").symlink_to(packages / "spanwise_client")
    for what in (checked[:-2], checked[-2:]):
        run([mypy, "--strict", "--python-executable", python, *options, *what], tmp_path, MYPYPATH=str(link))


def test_packages_have_the_version_of_the_contract(packages: dict[str, Path], python: Path, project: Path) -> None:
    """Both say so to their installers, and have a licence."""
    program_text = "from importlib.metadata import version; print(version('spanwise-client'))"
    assert run([python, "-c", program_text], cwd=project).strip() == version()
    installed = project / "node_modules" / "spanwise-client"
    assert json.loads((installed / "package.json").read_text("utf-8"))["version"] == version()
    assert (installed / "LICENSE").exists()
    assert packages["python"].name.startswith(f"spanwise_client-{version()}-")


def readme(name: str) -> str:
    """Return a package's README."""
    return (WRITTEN / name / "README.md").read_text("utf-8")


def readme_program(name: str, url: str) -> str:
    """Return the program of a package's README, for the service at a URL."""
    (source,) = re.findall(rf"^```{name}\n(.*?)^```$", readme(name), re.MULTILINE | re.DOTALL)
    return str(source).replace("http://127.0.0.1:8000", url).replace("YOUR-KEY", KEY)


@pytest.mark.parametrize("name", ["python", "typescript"])
def test_the_readme_is_short_and_true(name: str, url: str, python: Path, project: Path) -> None:
    """A README has at most 30 lines, and its program prints what its comments say."""
    source = readme_program(name, url)
    commands: dict[str, list[str | Path]] = {
        "python": [python, "-W", "error", "-c", source],
        "typescript": [program("node"), "out/readme.js"],
    }
    promised = re.findall(r"(?:#|//) prints (.*)$", source, re.MULTILINE)
    assert len(promised) == 5
    assert run(commands[name], cwd=project).splitlines() == promised
    assert len(readme(name).splitlines()) <= 30
