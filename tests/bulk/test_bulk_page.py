"""The examples of `docs/how-to/bulk.md` and `bulk-report.md` run, and print what the pages show."""

import os
import re
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bulk.here import texts
from tests.docs.pages import ROOT
from tests.test_docs import blocks

PAGE = ROOT / "docs" / "how-to" / "bulk.md"
REPORT = PAGE.with_name("bulk-report.md")


@pytest.mark.parametrize("block", [*blocks(PAGE, "console"), *blocks(REPORT, "console")])
def test_commands_print_what_the_pages_show(block: str, tmp_path: Path) -> None:
    """Each command ends well, in a folder with the files that the pages speak of."""
    rows = {"key": [1, 2], "body": texts(2), "day": ["2026-01-01", "2026-01-02"]}
    (tmp_path / "reviews").mkdir()
    for file in ("reviews.parquet", "reviews/0.parquet", "reviews/1.parquet"):
        pq.write_table(pa.table(rows), tmp_path / file)
    for command in block.removeprefix("$ ").split("\n$ "):
        line, _, shown = command.partition("\n")
        path = f"{Path(sys.executable).parent}{os.pathsep}{os.environ['PATH']}"
        ran = subprocess.run(
            ["bash", "-c", line],
            cwd=tmp_path,
            env={**os.environ, "PATH": path},
            capture_output=True,
            text=True,
            check=True,
        )
        assert not shown or ran.stdout == shown


@pytest.mark.parametrize("block", blocks(PAGE, "python"))
def test_python_examples_run(block: str) -> None:
    """The examples check themselves."""
    exec(compile(block, str(PAGE), "exec"), {})


def test_the_page_names_every_option() -> None:
    """What `--help` lists is on the page."""
    program = Path(sys.executable).parent / "spanwise"
    shown = subprocess.run([program, "bulk", "--help"], capture_output=True, text=True, check=True).stdout
    options = set(re.findall(r"--[a-z][a-z-]+", shown)) - {"--help"}
    assert len(options) > 20
    assert not {one for one in options if f"`{one}" not in PAGE.read_text("utf-8") and one != "--output"}
