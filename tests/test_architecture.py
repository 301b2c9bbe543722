"""Imports point one way: `service` and `bulk` may import `pipelines` and `schemas`, `pipelines` `schemas` alone."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
MAY_IMPORT = {
    "schemas": {"schemas"},
    "pipelines": {"schemas", "pipelines"},
    "bulk": {"schemas", "pipelines", "bulk"},
    "service": {"schemas", "pipelines", "bulk", "service"},
}
BESIDE = {"tests", "benchmarks", "quality", "training", "contract"}
"""Folders beside the three packages; they are not installed."""

FOREIGN_TO_PIPELINES = {"fastapi", "starlette", "uvicorn", "httpx", "asyncio", "pydantic_settings", "structlog"}


def modules(package: str) -> list[Path]:
    """Return the Python files of a package, sorted."""
    return sorted((ROOT / package).rglob("*.py"))


def imports(path: Path) -> Iterator[str]:
    """Yield the package of each import in a file.

    For `spanwise.x.y` that is `x`, for `spanwise` alone "", for others the top-level name.
    """
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names: list[str] = []
        if isinstance(node, ast.Import):
            names = [alias.name for alias in node.names]
        elif isinstance(node, ast.ImportFrom) and node.module:
            whole = node.module == "spanwise"  # then the imported names are our packages
            names = [f"spanwise.{alias.name}" for alias in node.names] if whole else [node.module]
        for name in names:
            top, _, rest = name.partition(".")
            yield rest.partition(".")[0] if top == "spanwise" else top


@pytest.mark.parametrize("package", MAY_IMPORT)
def test_imports_point_down(package: str) -> None:
    """`schemas` imports no other code of ours, `pipelines` only `schemas`, and `service` only these two."""
    ours = {*MAY_IMPORT, *BESIDE, ""}  # "" is `import spanwise`, which itself imports the packages
    for path in modules(package):
        assert set(imports(path)) & ours <= MAY_IMPORT[package], path


def test_pipelines_know_nothing_of_http() -> None:
    """`pipelines` and `schemas` import nothing for HTTP, asyncio, settings or logs, so a library can use them."""
    for path in [*modules("pipelines"), *modules("schemas")]:
        assert not set(imports(path)) & FOREIGN_TO_PIPELINES, path


def test_rooms_are_imported_by_their_installed_names() -> None:
    """Every file imports our packages by their installed names, such as `spanwise.service`.

    A bare `import service` would work in a checkout alone, and would load a second copy of the package there.
    """
    for package in (*MAY_IMPORT, *BESIDE, "spanwise"):
        for path in modules(package):
            for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
                module = node.module if isinstance(node, ast.ImportFrom) else None
                names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else [module or ""]
                assert not {name.partition(".")[0] for name in names} & set(MAY_IMPORT), path


def test_no_two_rooms_claim_a_file_name() -> None:
    """No two modules of the three packages share a file name, which would send readers astray.

    For example, `errors` is the service's module, and the pipelines' is called `load_errors`.
    """
    paths = [path for package in MAY_IMPORT for path in modules(package) if not path.name.startswith("__")]
    names = [path.name for path in paths]
    assert sorted(names) == sorted(set(names)), [str(path) for path in paths if names.count(path.name) > 1]


def test_no_file_names_a_registry_or_a_path_outside() -> None:
    """The requirements and the build files name no package index and no path outside the repository."""
    places = [*ROOT.glob("requirements/*.txt"), ROOT / "Makefile", ROOT / "pyproject.toml", ROOT / "Dockerfile"]
    for path in filter(Path.exists, places):
        text = path.read_text(encoding="utf-8")
        for forbidden in ("--index-url", "--extra-index-url", "--find-links", "/root/", "/opt/wheels"):
            assert forbidden not in text, path
