"""Build what a release publishes, and install each artefact from its file in a fresh environment.

`python deploy/release_check.py FOLDER [ARTEFACT...]`, or `make release-check`. It stops at the first artefact that
fails. One that this machine cannot build, for want of a program, is named with the reason, and fails only if it was
asked for by name. Dependencies come from the package index in the versions of the locks.
"""

import json
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import tempfile
import venv
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).parent.parent
CHART = ROOT / "deploy" / "helm" / "spanwise"
_EPOCH = "315532800"  # 1980, the earliest time that an archive can hold: the same sources give the same bytes


class NotHere(Exception):
    """An artefact cannot be built on this machine; the message says why."""


class Wrong(Exception):
    """An artefact was not built, or not as it should be; the message says what is wrong."""


def service_wheel(into: Path) -> str:
    """Build the source distribution from the tracked files, the wheel from that, and analyse a text with the wheel."""
    with tempfile.TemporaryDirectory() as name:
        source = Path(name) / "source"
        for path in _run(["git", "ls-files", "-z"]).split("\0"):
            if path and (ROOT / path).is_file():
                (source / path).parent.mkdir(parents=True, exist_ok=True)
                shutil.copy(ROOT / path, source / path)
        program = f"from setuptools.build_meta import build_sdist; build_sdist({str(into)!r})"
        _run([sys.executable, "-c", program], cwd=source)
        archive = _only(into, "spanwise-*.tar.gz")
        with tarfile.open(archive) as packed:
            packed.extractall(name, filter="data")
        unpacked = Path(name) / archive.name.removesuffix(".tar.gz")
        _run([*_PIP, "wheel", *_OFFLINE, "--no-build-isolation", "--wheel-dir", into, unpacked])
    wheel = _only(into, "spanwise-*.whl")
    _has_kernels(wheel)
    with _environment() as python:
        _install(python, wheel, ROOT / "requirements" / "runtime.txt")
        said = _run([python, ROOT / "deploy" / "installed_wheel.py"], cwd=python.parent)
        _run([python.parent / "spanwise", "version"], cwd=python.parent)
    return f"{archive.name}, {wheel.name}: {said.strip()}"


def _has_kernels(wheel: Path) -> None:
    with zipfile.ZipFile(wheel) as archive:
        if not any("/kernels/_kernels" in name and name.endswith(".so") for name in archive.namelist()):
            raise Wrong(f"{wheel.name} has no compiled kernels")


def kernels_for_aarch64(into: Path) -> str:
    """Compile and link the kernels for the other processor; the release compiles and runs them on such a machine."""
    compiler = _needs("aarch64-linux-gnu-gcc")
    library = into / "_kernels-aarch64.so"
    kernels = ROOT / "pipelines" / "kernels"
    flags = ["-O3", "-std=gnu11", "-Wall", "-Wextra", "-Werror", "-shared", "-fPIC"]
    folders: list[str | Path] = ["-I", kernels, "-I", sysconfig.get_path("include")]
    _run([compiler, *flags, *folders, *sorted(kernels.rglob("*.c")), "-lm", "-o", library])
    size = library.stat().st_size
    library.unlink()
    return f"compiled and linked, {size // 1024} KiB, not run"


def clients(into: Path) -> str:
    """Build the client packages, and import each from its file in a fresh environment."""
    _needs("npm")
    if not (ROOT / ".venv-contract").exists():
        raise NotHere("there is no .venv-contract; `make contract-tools` makes it")
    folder = into / "clients"
    _run([sys.executable, "-m", "contract.clients", folder, "python", "typescript"])
    _run([sys.executable, "-m", "contract.package_clients", folder])
    for built in (folder / "dist").iterdir():
        shutil.move(built, into / built.name)
    shutil.rmtree(folder)
    wheel, tarball = _only(into, "spanwise_client-*.whl"), _only(into, "spanwise-client-*.tgz")
    with _environment() as python:
        _install(python, wheel, ROOT / "requirements" / "contract.txt")
        program = "from spanwise_client.robust import Spanwise; Spanwise('http://127.0.0.1').close()"
        _run([python, "-W", "error", "-c", program], cwd=python.parent)
    with tempfile.TemporaryDirectory() as name:
        (Path(name) / "package.json").write_text('{"type": "module"}', "utf-8")
        _run(["npm", "install", "--no-audit", "--no-fund", "--offline", tarball], cwd=Path(name))
        program = "import {Spanwise} from 'spanwise-client'; new Spanwise({baseUrl: 'http://127.0.0.1'})"
        _run(["node", "--input-type=module", "--eval", program], cwd=Path(name))
    return f"{wheel.name}, {tarball.name}: installed and imported"


def bill_of_materials(into: Path) -> str:
    """Write the bill of materials of what the service installs; `deploy/sbom.py` checks it against its schema."""
    if not Path(sys.executable).with_name("cyclonedx-py").exists():
        raise NotHere("cyclonedx-py is not installed; `make sbom` does it")
    file = into / "sbom.cdx.json"
    _run([sys.executable, ROOT / "deploy" / "sbom.py", file])
    components = json.loads(file.read_text("utf-8"))["components"]
    return f"{file.name}: {len(components)} components"


def chart(into: Path) -> str:
    """Package the Helm chart, and render it from its file."""
    if not CHART.is_dir():
        raise NotHere("there is no chart in this checkout")
    helm = _needs("helm")
    _run([helm, "lint", "--strict", CHART])
    _run([helm, "package", CHART, "--destination", into])
    packed = _only(into, "spanwise-[0-9]*.tgz")
    rendered = _run([helm, "template", "spanwise", packed])
    if "kind: Deployment" not in rendered:
        raise Wrong(f"{packed.name} renders no Deployment")
    return f"{packed.name}: rendered, {rendered.count('kind: ')} objects"


def image(into: Path) -> str:
    """Build the image for this processor, and run it from its file in a store of images that has no other."""
    for program in ("buildah", "podman", "runc", "mmdebstrap"):
        _needs(program)
    if os.geteuid() != 0:
        raise NotHere("it needs root, as `make image-test` does")
    name, file = "localhost/spanwise:release-check", into / "spanwise-image.tar"
    _run([ROOT / "tests" / "image" / "build.sh", name])
    _run(["buildah", "push", name, f"oci-archive:{file}:spanwise:release-check"])
    with tempfile.TemporaryDirectory() as store:
        podman: list[str | Path] = [
            "podman",
            "--root",
            f"{store}/root",
            "--runroot",
            f"{store}/run",
            "--runtime",
            "runc",
        ]
        limits = ["--ulimit", "nofile=4096:4096", "--ulimit", "nproc=4096:4096", "--read-only", "--network", "host"]
        try:
            _run([*podman, "load", "--input", file])
            (loaded,) = {line.split()[0] for line in _run([*podman, "images", "--quiet", "--no-trunc"]).splitlines()}
            answer = _run([*podman, "run", "--rm", *limits, loaded, "analyze", "--json", "Tim Cook loved Paris."])
        finally:
            subprocess.run([*podman, "system", "reset", "--force"], capture_output=True, check=False)
    entities = [entity["text"] for entity in json.loads(answer)["entities"]]
    if entities != ["Tim Cook", "Paris"]:
        raise Wrong(f"the image finds {entities}")
    return f"{file.name}: {file.stat().st_size >> 20} MiB, loaded and run"


ARTEFACTS: dict[str, Callable[[Path], str]] = {
    "wheel": service_wheel,
    "aarch64": kernels_for_aarch64,
    "clients": clients,
    "sbom": bill_of_materials,
    "chart": chart,
    "image": image,
}

_PIP: list[str | Path] = [sys.executable, "-m", "pip", "--disable-pip-version-check", "--quiet"]
_OFFLINE = ["--no-deps", "--no-index"]


def _run(command: list[str | Path], cwd: Path = ROOT) -> str:
    """Run a program that must succeed, and return what it prints. Raises `Wrong`, with the end of all that was said."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "SPANWISE_"))}
    environment = {"SOURCE_DATE_EPOCH": _EPOCH, **kept}
    done = subprocess.run(command, cwd=cwd, env=environment, capture_output=True, text=True, check=False)
    if done.returncode:
        raise Wrong(f"{' '.join(map(str, command[:4]))} ... failed:\n{(done.stdout + done.stderr)[-4000:]}")
    return done.stdout


def _needs(program: str) -> str:
    """Return the path of a program, beside this Python or on the path. Raises `NotHere`."""
    beside = Path(sys.executable).parent
    found = shutil.which(program, path=f"{beside}{os.pathsep}{os.environ.get('PATH', '')}")
    if not found:
        raise NotHere(f"there is no {program} on this machine")
    return found


def _only(folder: Path, pattern: str) -> Path:
    (found,) = folder.glob(pattern)
    return found


@contextmanager
def _environment() -> Iterator[Path]:
    """Make a virtual environment for the block, and yield its Python."""
    with tempfile.TemporaryDirectory() as name:
        venv.create(name, with_pip=False)
        yield Path(name) / "bin" / "python"


def _install(python: Path, wheel: Path, lock: Path) -> None:
    """Install a wheel and what its metadata asks for, each in the version that a lock names."""
    pinned = re.findall(r"^[A-Za-z0-9].*?(?= \\$)", lock.read_text("utf-8"), re.MULTILINE)
    with tempfile.NamedTemporaryFile("w", suffix=".txt") as versions:
        versions.write("\n".join(pinned))
        versions.flush()
        options: list[str | Path] = ["--only-binary", ":all:", "--constraint", versions.name]
        _run([*_PIP, "--python", python, "install", *options, wheel])
    _run([*_PIP, "--python", python, "check"])


def main(arguments: list[str]) -> int:
    """Check the artefacts that are named, or all, print a line for each, and return the exit code."""
    into = Path(arguments[0]).resolve()
    shutil.rmtree(into, ignore_errors=True)
    into.mkdir(parents=True)
    for name in arguments[1:] or ARTEFACTS:
        try:
            print(f"release-check: {name}: {ARTEFACTS[name](into)}", flush=True)
        except NotHere as reason:
            print(f"release-check: {name}: NOT checked: {reason}", flush=True)
            if arguments[1:]:
                return 1
        except Wrong as error:
            print(f"release-check: {name}: {error}", file=sys.stderr)
            return 1
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
