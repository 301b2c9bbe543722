"""`python -m contract.package_clients FOLDER`: make packages of the generated clients and what was written by hand.

`FOLDER` has the clients that `contract.clients` generates in `python` and `typescript`. The packages lie in
`FOLDER/dist`: a wheel, and a tarball for npm that carries its dependencies. Their version is the contract's. The
same sources give the same bytes.
"""

import json
import os
import shutil
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

CONTRACT = Path(__file__).parent
ROOT = CONTRACT.parent
WRITTEN = CONTRACT / "client_packages"
_BUNDLED = ("openapi-fetch", "openapi-typescript-helpers")
_EPOCH = "315532800"  # 1980, the earliest time that an archive can hold


def version() -> str:
    """Return the version of the contract."""
    document = json.loads((ROOT / "openapi.json").read_text("utf-8"))
    return str(document["info"]["version"])


def python_wheel(generated: Path, into: Path) -> Path:
    """Build the wheel of the generated client in a folder, and return its path."""
    source = _source("python", into)
    ignored = shutil.ignore_patterns("__pycache__")
    shutil.copytree(generated / "spanwise_client", source / "spanwise_client", ignore=ignored)
    shutil.move(source / "robust", source / "spanwise_client" / "robust")
    (source / "VERSION").write_text(version() + "\n", "utf-8")
    options = ["--quiet", "--no-deps", "--no-build-isolation", "--no-index", "--disable-pip-version-check"]
    _run([sys.executable, "-m", "pip", "wheel", *options, "--wheel-dir", str(into), str(source)], source)
    return _built(into, "spanwise_client-*.whl")


def typescript_tarball(generated: Path, into: Path) -> Path:
    """Compile the client with the generated types in a folder, pack it, and return the tarball's path."""
    source = _source("typescript", into)
    shutil.copy(generated / "schema.d.ts", source / "src" / "schema.ts")  # tsc writes no declarations for a declaration
    for name in _BUNDLED:
        shutil.copytree(CONTRACT / "node_modules" / name, source / "node_modules" / name)
    _run([str(CONTRACT / "node_modules" / ".bin" / "tsc"), "--project", "tsconfig.json"], source)
    described = json.loads((source / "package.json").read_text("utf-8"))
    (source / "package.json").write_text(json.dumps({**described, "version": version()}, indent=2) + "\n", "utf-8")
    _run(["npm", "pack", "--offline", "--ignore-scripts", "--pack-destination", str(into)], source)
    return _built(into, "spanwise-client-*.tgz")


PACKAGES: dict[str, Callable[[Path, Path], Path]] = {"python": python_wheel, "typescript": typescript_tarball}


def _source(name: str, into: Path) -> Path:
    """Return a new folder with what was written by hand for a package, and the licence."""
    folder = into / f"build-{name}"
    shutil.rmtree(folder, ignore_errors=True)
    shutil.copytree(WRITTEN / name, folder, ignore=shutil.ignore_patterns("__pycache__", "node_modules", "dist"))
    shutil.copy(ROOT / "LICENSE", folder)
    return folder


def _run(command: list[str], folder: Path) -> None:
    environment = {"SOURCE_DATE_EPOCH": _EPOCH, **os.environ}
    subprocess.run(
        command, cwd=folder, env=environment, check=True, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
    )


def _built(into: Path, pattern: str) -> Path:
    (built,) = into.glob(pattern)
    return built


def main(arguments: list[str]) -> int:
    """Package each client that was generated, and return the exit code."""
    folder = Path(arguments[0]).resolve()
    shutil.rmtree(folder / "dist", ignore_errors=True)
    (folder / "dist").mkdir(parents=True)
    for name, build in PACKAGES.items():
        if not (folder / name).exists():
            print(f"clients: no {name} package, because {folder / name} was not generated")
            continue
        try:
            print(f"clients: {build(folder / name, folder / 'dist')}")
        except subprocess.CalledProcessError as error:
            print(f"{error.stdout}\nclients: no {name} package", file=sys.stderr)
            return 1
        shutil.rmtree(folder / "dist" / f"build-{name}")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
