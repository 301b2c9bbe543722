"""Tests of what the image contains, and of what it must not contain."""

import re
import subprocess
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.image.podman import IMAGE, inspect, podman

ROOT = Path(__file__).parent.parent.parent


@pytest.fixture(scope="module")
def configuration() -> dict[str, Any]:
    """Return the image's configuration."""
    said: dict[str, Any] = inspect(IMAGE)["Config"]
    return said


@pytest.fixture(scope="module")
def files() -> Iterator[Path]:
    """Mount the image's file system, and return its folder."""
    mounted = podman("image", "mount", IMAGE)
    yield Path(mounted)
    podman("image", "unmount", IMAGE)


def test_it_is_smaller_than_450_mb(files: Path) -> None:
    """The unpacked image is smaller than 450 MB; the share of /opt/spanwise is printed."""

    def megabytes(folder: Path) -> float:
        return int(subprocess.check_output(["du", "-sxb", folder], text=True).split()[0]) / 1e6

    whole, ours = megabytes(files), megabytes(files / "opt" / "spanwise")
    print(f"image: {whole:.0f} MB unpacked, of which /opt/spanwise takes {ours:.0f}")
    assert whole < 450


def test_nothing_in_it_compiles_or_installs(files: Path) -> None:
    """The image has no C compiler, and no pip as a program, a module or a bundled wheel."""
    for folder in ("bin", "usr/bin", "usr/local/bin", "opt/spanwise/bin"):
        names = {path.name for path in (files / folder).iterdir()}
        found = [
            name
            for name in names
            if re.fullmatch(r"(x86_64-linux-gnu-|aarch64-linux-gnu-)?(gcc|cc|g\+\+|as|ld)|pip[\d.]*", name)
        ]
        assert not found, folder
    assert not [*files.glob("usr/local/lib/python3*/**/pip-*"), *files.glob("opt/spanwise/lib/python3*/**/pip-*")]


def test_all_modules_are_compiled_to_bytecode(files: Path) -> None:
    """All modules have bytecode, because every start would compile them again on a read-only root."""
    for package in (
        *files.glob("opt/spanwise/lib/python3*/site-packages/s*"),
        *files.glob("usr/local/lib/python3*/asyncio"),
    ):
        for source in package.rglob("*.py"):
            assert list((source.parent / "__pycache__").glob(f"{source.stem}.cpython-*.pyc")), source


def test_bytecode_carries_no_timestamp(files: Path) -> None:
    """Bytecode has an unchecked hash (flags 1, PEP 552) and no timestamp, so that two builds have the same files."""
    compiled = [
        *files.glob("opt/spanwise/lib/python3*/site-packages/**/*.pyc"),
        *files.glob("usr/local/lib/python3*/*/*.pyc"),
    ]
    assert len(compiled) > 1000
    for path in compiled:
        with path.open("rb") as file:
            assert file.read(8)[4:] == b"\x01\x00\x00\x00", path


def test_no_file_belongs_to_the_user_who_serves(files: Path) -> None:
    """The service's user owns no file, so that an intruder cannot change what runs, even on a writable root."""
    assert not subprocess.check_output(["find", files / "opt", files / "usr", "-xdev", "-user", "10001"])


def test_its_user_is_a_number(configuration: dict[str, Any]) -> None:
    """The user is a number, because Kubernetes cannot tell whether a named user is root."""
    assert configuration["User"] == "10001:10001"


def test_signals_reach_the_service_itself(configuration: dict[str, Any]) -> None:
    """The entry point is a list, so that no shell catches signals, and the stop signal begins a drain."""
    assert configuration["Entrypoint"] == ["spanwise"]
    assert configuration["Cmd"] == ["serve"]
    assert configuration["StopSignal"] in ("SIGTERM", "15")


def test_its_labels_say_what_it_is(configuration: dict[str, Any]) -> None:
    """The labels have OCI's names and the project's values."""
    labels = {name.removeprefix("org.opencontainers.image."): text for name, text in configuration["Labels"].items()}
    project = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))["project"]
    assert labels["title"] == "Spanwise"
    assert labels["version"] == project["version"]
    assert labels["licenses"] == project["license"]
    assert labels["description"] == project["description"]
    assert labels["base.name"]
    assert labels["revision"]
