"""Includes of the C kernels point one way, and only `python/` knows Python."""

import re
from pathlib import Path

import pytest

KERNELS = Path(__file__).parents[3] / "pipelines" / "kernels"
MAY_INCLUDE = {
    "": {""},  # status.h, grow.h and sorted_keys.h
    "matrix": {"", "matrix"},
    "network": {"", "matrix", "network"},
    "classification": {"", "matrix", "network", "classification"},
    "tokenizer": {"", "tokenizer"},
    "spans": {"", "matrix", "network", "classification", "tokenizer", "spans"},
    "sentiment": {"", "matrix", "network", "sentiment"},
    "parser": {"", "matrix", "parser"},
    "python": {"", "matrix", "network", "classification", "tokenizer", "spans", "sentiment", "parser", "python"},
}
"""The folders that the sources of a folder may include; "" is the kernels' root."""

SOURCES = sorted(path for path in KERNELS.rglob("*.[ch]") if "build" not in path.parts)


def includes(path: Path, brackets: str) -> set[str]:
    """Return what a source includes, by the brackets around it."""
    return set(re.findall(rf"^\s*#\s*include\s*{brackets}", path.read_text("utf-8"), re.MULTILINE))


def folder_of(path: Path) -> str:
    """Return the folder of a source, "" for the root."""
    return path.relative_to(KERNELS).parent.as_posix().removeprefix(".")


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: path.name)
def test_a_source_includes_only_what_its_folder_may(path: Path) -> None:
    """Every included file is written from the root, is there, and lies in a folder that is allowed."""
    for included in includes(path, r'"([^"]+)"'):
        assert (KERNELS / included).is_file(), included
        assert included.rpartition("/")[0] in MAY_INCLUDE[folder_of(path)], included


def test_only_one_file_includes_python() -> None:
    """Nothing outside `python/` can call Python, and all of `python/` uses the stable interface."""
    assert [path.relative_to(KERNELS).as_posix() for path in SOURCES if "Python.h" in includes(path, "<([^>]+)>")] == [
        "python/limited_api.h"
    ]


def test_no_folder_is_left_out() -> None:
    """The table names every folder that has sources."""
    assert {folder_of(path) for path in SOURCES} == set(MAY_INCLUDE)
