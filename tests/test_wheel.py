"""The wheel as others install it: it owns one name, `spanwise`, whatever packages the project beside it has.

The project is built from what `.dockerignore` lets into the image's build, without an index, as the Dockerfile does. It
is then installed in a fresh virtual environment that sees the dependencies of the running one, but not its editable
install: a `.pth` file adds their folder to the path, and Python runs no `.pth` files of a folder that is added so.
"""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from importlib.metadata import version
from pathlib import Path

import pytest

from spanwise.pipelines.sentiment.model_choice import MODELS
from tests.conftest import ENGLISH

pytestmark = pytest.mark.timeout(400)

ROOT = Path(__file__).parent.parent
ROOMS = ("service", "bulk", "pipelines", "schemas")
DATA = (
    "py.typed",
    "service/http/examples.json",
    "bulk/report/report.html.j2",
    *(f"service/page/{path.name}" for path in sorted((ROOT / "service" / "page").iterdir())),
    "pipelines/entities/compiled/calibrations.json",
    "pipelines/kernels/_kernels.pyi",
    *(
        f"pipelines/sentiment/{folder}/{name}"
        for folder in MODELS.values()
        for name in ("vocabulary.txt", "embeddings.npy", "model.npz", "metadata.json")
    ),
)
PROGRAM = f"""
import json

import pipelines
import schemas
import service

import spanwise

analyzer = spanwise.Analyzer.load({ENGLISH!r})
[entities] = analyzer.entities(["Tim Cook met Angela Merkel in Paris."])
found = {{
    "rooms": [service.OWNER, pipelines.OWNER, schemas.OWNER],
    "spanwise": spanwise.__file__,
    "version": spanwise.__version__,
    "engine": analyzer.engine_name,
    "entities": [[entity.start, entity.end, entity.label] for entity in entities],
}}
print(json.dumps(found))
"""


def run(command: list[str | Path], cwd: Path) -> str:
    """Run a command that must succeed, and return what it prints."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPANWISE_"))}
    done = subprocess.run(command, cwd=cwd, env=kept, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


def build_wheel(source: Path, into: Path) -> Path:
    """Build a wheel from a source tree as the Dockerfile does."""
    options: list[str | Path] = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--wheel-dir", into]
    run([sys.executable, "-m", "pip", "wheel", *options, source], cwd=into.parent)
    (wheel,) = into.glob("*.whl")
    return wheel


def names(wheel: Path) -> list[str]:
    """List the files of a wheel."""
    with zipfile.ZipFile(wheel) as archive:
        return sorted(archive.namelist())


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a copy of what `.dockerignore` lets into the image's build."""
    lines = (ROOT / ".dockerignore").read_text("utf-8").splitlines()
    ignored = [line.removeprefix("**/") for line in lines if line.startswith("**/")]
    folder = tmp_path_factory.mktemp("source")
    for name in (line.removeprefix("!") for line in lines if line.startswith("!")):
        if (ROOT / name).is_dir():
            shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns(*ignored))
        else:
            shutil.copy(ROOT / name, folder)
    return folder


@pytest.fixture(scope="module")
def wheel(source: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the wheel that the image installs."""
    return build_wheel(source, tmp_path_factory.mktemp("wheel"))


@pytest.fixture(scope="module")
def python(wheel: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the interpreter of a fresh virtual environment that has the wheel and the running one's dependencies."""
    folder = tmp_path_factory.mktemp("environment")
    run([sys.executable, "-m", "venv", "--without-pip", folder], cwd=folder)
    interpreter = folder / "bin" / "python"
    pip: list[str | Path] = [sys.executable, "-m", "pip", "--python", interpreter]
    run([*pip, "install", "--quiet", "--no-deps", "--no-index", wheel], cwd=folder)
    # After the wheel: pip would otherwise find the editable install and take the wheel for installed.
    (packages,) = folder.glob("lib/python*/site-packages")
    (packages / "dependencies.pth").write_text(sysconfig.get_path("purelib") + "\n", "utf-8")
    return interpreter


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """Return a project that has packages of its own with the names of the rooms."""
    for room in ROOMS:
        (tmp_path / room).mkdir()
        (tmp_path / room / "__init__.py").write_text("OWNER = 'the project'\n", "utf-8")
    (tmp_path / "program.py").write_text(PROGRAM, "utf-8")
    return tmp_path


def test_the_wheel_owns_one_name(wheel: Path) -> None:
    """At the top of site-packages it puts `spanwise` and its metadata, and nothing that only development needs."""
    assert {name.partition("/")[0] for name in names(wheel)} == {
        "spanwise",
        f"spanwise-{version('spanwise')}.dist-info",
    }
    inside = {name.split("/")[1] for name in names(wheel) if name.startswith("spanwise/")}
    assert inside == {"__init__.py", "py.typed", *ROOMS}
    assert not [name for name in names(wheel) if name.endswith((".c", ".h", ".pyc"))]


def test_the_wheel_has_its_data_and_its_kernels(wheel: Path) -> None:
    """The type marker, the examples, the calibrations, the sentiment model and the compiled kernels are in it."""
    assert {f"spanwise/{name}" for name in (*DATA, "pipelines/kernels/_kernels.abi3.so")} <= set(names(wheel))


def test_a_source_distribution_builds_the_same_wheel(source: Path, wheel: Path, tmp_path: Path) -> None:
    """It carries the C sources and headers of the kernels, in whatever subfolders they lie."""
    shutil.copytree(source, tmp_path / "checkout")
    shutil.copy(ROOT / "MANIFEST.in", tmp_path / "checkout")
    build = f"from setuptools.build_meta import build_sdist; print(build_sdist({str(tmp_path)!r}))"
    run([sys.executable, "-c", build], cwd=tmp_path / "checkout")
    (archive,) = tmp_path.glob("*.tar.gz")
    with tarfile.open(archive) as packed:
        packed.extractall(tmp_path, filter="data")
    (tmp_path / "wheel").mkdir()
    built = build_wheel(tmp_path / archive.name.removesuffix(".tar.gz"), tmp_path / "wheel")
    assert names(built) == names(wheel)


def test_a_project_keeps_its_own_packages(python: Path, project: Path) -> None:
    """A program imports its own `service`, `pipelines` and `schemas`, and analyses texts with the compiled engine."""
    found = json.loads(run([python, "program.py"], cwd=project))
    assert found["rooms"] == ["the project"] * 3
    assert Path(found["spanwise"]).is_relative_to(python.parent.parent)
    assert found["version"] == version("spanwise")
    assert found["engine"] == "compiled"
    assert found["entities"] == [[0, 8, "PERSON"], [13, 26, "PERSON"], [30, 35, "GPE"]]


def test_the_command_works_in_such_a_project(python: Path, project: Path) -> None:
    """`spanwise version` and `spanwise analyze` run from the project's folder."""
    command = python.parent / "spanwise"
    assert run([command, "version"], cwd=project) == f"{version('spanwise')}\n"
    answer = json.loads(run([command, "analyze", "--json", "I love Paris."], cwd=project))
    assert answer["sentiment"]["label"] == "positive"
    assert [entity["text"] for entity in answer["entities"]] == ["Paris"]
