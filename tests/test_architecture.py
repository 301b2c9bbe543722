"""Three rooms, one direction: an import may only point down."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "schemas": {"schemas"},
    "pipelines": {"schemas", "pipelines"},
    "service": {"schemas", "pipelines", "service"},
}
FOREIGN_TO_PIPELINES = {"fastapi", "starlette", "uvicorn", "httpx", "asyncio", "pydantic_settings", "structlog"}


def modules(package: str) -> list[Path]:
    """The files of a package."""
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """The top-level packages that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module:
            yield node.module.partition(".")[0]


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_down(package: str) -> None:
    """`schemas` imports nothing of ours, `pipelines` only it, and nothing imports `service`."""
    ours = {"schemas", "pipelines", "service", "tests", "benchmarks", "contract"}
    for path in modules(package):
        assert set(imports(path)) & ours <= MAY_IMPORT[package], path


def test_pipelines_know_nothing_of_http() -> None:
    """So that they can be used as a library."""
    for path in [*modules("pipelines"), *modules("schemas")]:
        assert not set(imports(path)) & FOREIGN_TO_PIPELINES, path


def test_files_stay_short() -> None:
    """A file has one reason to change."""
    for package in MAY_IMPORT:
        for path in modules(package):
            assert len(path.read_text(encoding="utf-8").splitlines()) <= 300, path


def test_no_file_names_a_registry_or_a_path_outside() -> None:
    """The repository stands alone."""
    places = [*ROOT.glob("requirements/*.txt"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "Dockerfile"]
    for path in filter(Path.exists, places):
        text = path.read_text(encoding="utf-8")
        for forbidden in ("--index-url", "--extra-index-url", "--find-links", "/root/", "/opt/wheels"):
            assert forbidden not in text, path
