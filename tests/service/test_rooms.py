"""The folders of the service import each other in one direction."""

import ast
from collections.abc import Iterator
from pathlib import Path

import pytest

SERVICE = Path(__file__).parents[2] / "service"
LAYERS = [
    {"cli"},
    {"analyze_command", "bulk_command", "calibration_command", "key_command", "settings_command"},
    {"bulk_report_command", "lines_command"},
    {"analysis_options", "terminal"},
    {"template"},
    {"server", "worker"},
    {"supervise"},
    {"app"},
    {"endpoints"},
    {"streaming"},
    {"documents"},
    {"http"},
    {"runtime"},
    {"loading"},
    {"queue"},
    {"connections"},
    {"telemetry", "process"},
    {"settings", "errors"},
    {"keys", "secret_files"},
]
"""Folders and modules of the service, from the top down. Each may import itself and those below its own line."""


def name_of(path: Path) -> str:
    """Return the folder of a module, or the module's own name where it lies at the top."""
    parts = path.relative_to(SERVICE).with_suffix("").parts
    return parts[0]


def imported(path: Path) -> Iterator[str]:
    """Yield the folders and modules of the service that a file imports, wherever in it."""
    for node in ast.walk(ast.parse(path.read_text("utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom) and node.module:
            names = [f"{node.module}.{alias.name}" for alias in node.names]
        for name in names:
            if name.startswith("spanwise.service."):
                yield name.split(".")[2]


@pytest.mark.parametrize("path", sorted(SERVICE.rglob("*.py")), ids=lambda path: str(path.relative_to(SERVICE)))
def test_imports_point_down(path: Path) -> None:
    """A file imports its own folder and the layers below, nothing beside or above."""
    name = name_of(path)
    if name == "__init__":
        assert not list(imported(path))
        return
    (level,) = (number for number, layer in enumerate(LAYERS) if name in layer)
    below = set().union(*LAYERS[level + 1 :])
    assert set(imported(path)) <= below | {name}
