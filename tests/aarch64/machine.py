"""An aarch64 system in a folder, with the kernels cross-compiled, and the command that runs its Python here.

Nothing is installed on this machine: Debian's packages are unpacked into the folder, and wheels beside them. Both are
kept for the next run; the kernels are compiled each time.
"""

import os
import re
import runpy
import shutil
import subprocess
import sys
import sysconfig
from collections.abc import Iterator
from pathlib import Path
from typing import Any
from unittest import mock

ROOT = Path(__file__).parent.parent.parent
BUILD = ROOT / "build" / "aarch64"
SYSTEM, WHEELS, PACKAGES = BUILD / "system", BUILD / "wheels", BUILD / "packages"
COMPILER = "aarch64-linux-gnu-gcc"
EMULATOR = "qemu-aarch64"

_PYTHON = "3.11"  # Debian 12's, whose packages and libraries the emulator runs
_DEBIAN = (
    f"python{_PYTHON}-minimal", f"libpython{_PYTHON}-minimal", f"libpython{_PYTHON}-stdlib", "libc6", "libcrypt1",
    "libexpat1", "libffi8", "libbz2-1.0", "liblzma5", "libsqlite3-0", "libssl3", "libuuid1", "libgcc-s1", "libgomp1",
    "libstdc++6", "zlib1g",
)  # fmt: skip
_LEFT_OUT = frozenset({"eldc", "clang-format", "mypy", "ruff"})
"""Requirements without an aarch64 wheel (`eldc` detects languages, which no kernel does), and tools of this machine."""
_PLATFORMS = ("manylinux2014_aarch64", *(f"manylinux_2_{minor}_aarch64" for minor in (17, 26, 28, 34)))


class CannotEmulate(Exception):
    """Raised where the machine lacks what an aarch64 system needs."""


def build() -> dict[str, str]:
    """Lay out what is missing, compile the kernels, and return the environment. Raises `CannotEmulate`."""
    for program in (COMPILER, EMULATOR, "apt-get", "dpkg"):
        if not shutil.which(program):
            raise CannotEmulate(f"there is no {program} (Debian: gcc-aarch64-linux-gnu, qemu-user)")
    if sys.version_info[:2] != tuple(map(int, _PYTHON.split("."))):
        raise CannotEmulate(f"its Python is {_PYTHON}, and the kernels' headers are this Python's")
    _lay_out(SYSTEM, _unpack_debian)
    _lay_out(WHEELS, _install_wheels)
    shutil.rmtree(PACKAGES, ignore_errors=True)
    _compile(_lay_out_package())
    return {
        **os.environ,
        "QEMU_LD_PREFIX": str(SYSTEM),
        # `python -m` must not put the checkout first: its folder `spanwise` would lead to the installed kernels.
        "PYTHONSAFEPATH": "1",
        "PYTHONPATH": os.pathsep.join(map(str, (PACKAGES, ROOT, WHEELS))),
        "PYTHONPYCACHEPREFIX": str(BUILD / "bytecode"),
    }


def python(*arguments: str) -> list[str]:
    """Return the command that runs the system's Python."""
    return [EMULATOR, str(SYSTEM / "usr" / "bin" / f"python{_PYTHON}"), *arguments]


def _lay_out(folder: Path, fill: Any) -> None:
    """Fill a folder that is not there yet, in one step: one that was not completed is not taken for a whole one."""
    if folder.is_dir():
        return
    partial = folder.with_name(f"{folder.name}.partial")
    shutil.rmtree(partial, ignore_errors=True)
    partial.mkdir(parents=True)
    fill(partial)
    partial.rename(folder)


def _unpack_debian(folder: Path) -> None:
    """Download packages for arm64 with lists of their own, and unpack them."""
    state = BUILD / "apt"
    shutil.rmtree(state, ignore_errors=True)
    for name in ("state/lists/partial", "cache/archives/partial", "packages"):
        (state / name).mkdir(parents=True)
    apt = [
        "apt-get", "-qq", "-o", "APT::Architecture=arm64", "-o", "APT::Architectures=arm64",
        "-o", f"Dir::State={state / 'state'}", "-o", f"Dir::Cache={state / 'cache'}",
        "-o", "Dir::State::status=/dev/null", "-o", "APT::Sandbox::User=root",
    ]  # fmt: skip
    _run([*apt, "update"], "apt-get has no lists of packages for arm64")
    _run([*apt, "download", *_DEBIAN], "apt-get did not download the packages for arm64", cwd=state / "packages")
    for package in sorted((state / "packages").glob("*.deb")):
        _run(["dpkg", "-x", str(package), str(folder)], f"{package.name} could not be unpacked")
    shutil.rmtree(state)


def _install_wheels(folder: Path) -> None:
    """Install the locked requirements for aarch64."""
    locked = (ROOT / "requirements" / "dev.txt").read_text("utf-8")
    chosen = [one for one in re.split(r"\n(?=\w)", locked) if re.split(r"[=\s]", one, maxsplit=1)[0] not in _LEFT_OUT]
    requirements = BUILD / "requirements.txt"
    requirements.write_text("\n".join(chosen) + "\n", "utf-8")
    platforms = [word for platform in _PLATFORMS for word in ("--platform", platform)]
    _run(
        [sys.executable, "-m", "pip", "--disable-pip-version-check", "install", "--quiet", "--no-input", "--target",
         str(folder), *platforms, "--python-version", _PYTHON, "--implementation", "cp", "--only-binary", ":all:",
         "--no-deps", "--require-hashes", "-r", str(requirements)],
        "pip did not install the wheels for aarch64",
    )  # fmt: skip


def _lay_out_package() -> Path:
    """Link every room into a package `spanwise`, the kernels' folder file by file. Return where the library goes."""
    rooms = PACKAGES / "spanwise"
    kernels = rooms / "pipelines" / "kernels"
    kernels.mkdir(parents=True)
    (rooms / "__init__.py").symlink_to(ROOT / "spanwise" / "__init__.py")
    for room in ("service", "schemas"):
        (rooms / room).symlink_to(ROOT / room)
    for path in (ROOT / "pipelines").iterdir():
        if path.name != "kernels":
            (kernels.parent / path.name).symlink_to(path)
    for path in (ROOT / "pipelines" / "kernels").glob("*.py"):
        (kernels / path.name).symlink_to(path)
    metadata = PACKAGES / "spanwise-0.dist-info"
    metadata.mkdir()
    (metadata / "METADATA").write_text("Metadata-Version: 2.1\nName: spanwise\nVersion: 0\n", "utf-8")
    return kernels / "_kernels.abi3.so"


def _compile(library: Path) -> None:
    """Compile the kernels with the sources and flags of `setup.py`. The headers of Python's stable ABI are the same."""
    with mock.patch("setuptools.setup") as setup:
        runpy.run_path(str(ROOT / "setup.py"))
    (extension,) = setup.call_args.kwargs["ext_modules"]
    includes = [*extension.include_dirs, sysconfig.get_path("include")]
    _run(
        [COMPILER, "-shared", "-fPIC", "-Werror", *extension.extra_compile_args, *(f"-I{path}" for path in includes),
         *_sources(extension), *(f"-l{name}" for name in extension.libraries), "-o", str(library)],
        "the kernels did not compile for aarch64",
        missing=False,
    )  # fmt: skip


def _sources(extension: Any) -> Iterator[str]:
    yield from (str(ROOT / source) for source in extension.sources)


def _run(command: list[str], failure: str, cwd: Path = ROOT, *, missing: bool = True) -> None:
    """Run a command; where it fails, raise `CannotEmulate` or, if nothing is `missing`, end with the failure."""
    if subprocess.run(command, cwd=cwd, check=False).returncode:
        raise CannotEmulate(failure) if missing else SystemExit(f"aarch64-test: {failure}")
