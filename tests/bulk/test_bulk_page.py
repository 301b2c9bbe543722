"""The examples of `docs/how-to/bulk.md` run, and print what the page shows."""

import re
import shlex
import subprocess
import sys
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from tests.bulk.here import texts
from tests.test_docs import ROOT, blocks

PAGE = ROOT / "docs" / "how-to" / "bulk.md"


@pytest.mark.parametrize("block", blocks(PAGE, "console"))
def test_commands_print_what_the_page_shows(block: str, tmp_path: Path) -> None:
    """Each command ends well, in a folder with the file that the page speaks of."""
    rows = {"key": [1, 2], "body": texts(2), "day": ["2026-01-01", "2026-01-02"]}
    pq.write_table(pa.table(rows), tmp_path / "reviews.parquet")
    command, _, shown = block.removeprefix("$ ").partition("\n")
    program, *arguments = shlex.split(command)
    ran = subprocess.run(
        [Path(sys.executable).parent / program, *arguments], cwd=tmp_path, capture_output=True, text=True, check=True
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
