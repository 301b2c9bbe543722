"""The digest of a pipeline's files: equal for equal pipelines, another for every change of an answer."""

import re
import shutil
import subprocess
from collections.abc import Callable
from pathlib import Path

import pytest
from spacy.util import load_config

from spanwise.pipelines import Analyzer, locate
from spanwise.pipelines.weights_digest import weights_digest
from tests.conftest import ENGLISH
from tests.support.models import pipeline, recognizer

PAGE = Path(__file__).parents[2] / "docs" / "explanation" / "pipelines.md"


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """Return the folder of a small pipeline with a recognizer, a ruler and vectors."""
    nlp = pipeline({"ner": recognizer()}, vectors=8)
    nlp.add_pipe("entity_ruler").add_patterns([{"label": "GADGET", "pattern": "Frobnicon"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path / "model")
    return tmp_path / "model"


def test_the_place_and_the_description_do_not_matter(folder: Path, tmp_path: Path) -> None:
    """A copy elsewhere has the same digest, under another name and with another licence too."""
    copy = tmp_path / "copy"
    shutil.copytree(folder, copy)
    (copy / "meta.json").write_text((copy / "meta.json").read_text().replace("pipeline", "renamed"))
    (copy / "LICENSE").write_text("All rights reserved.")
    (copy / "README.md").write_text("Hello.")
    assert weights_digest(copy) == weights_digest(folder)
    assert re.fullmatch("sha256:[0-9a-f]{64}", weights_digest(folder))


def _append(name: str) -> Callable[[Path], object]:
    return lambda folder: (folder / name).write_bytes((folder / name).read_bytes() + b" ")


def _swap(folder: Path) -> None:
    one, other = folder / "ner" / "cfg", folder / "ner" / "moves"
    content = one.read_bytes()
    one.write_bytes(other.read_bytes())
    other.write_bytes(content)


@pytest.mark.parametrize(
    "change",
    [
        *map(_append, ["config.cfg", "tokenizer", "ner/model", "ner/cfg", "entity_ruler/patterns.jsonl"]),
        *map(_append, ["vocab/vectors", "vocab/strings.json", "vocab/lookups.bin"]),
        lambda folder: (folder / "ner" / "more").write_bytes(b""),
        lambda folder: (folder / "vocab" / "lookups.bin").unlink(),
        _swap,
    ],
)
def test_whatever_changes_an_answer_changes_the_digest(folder: Path, change: Callable[[Path], object]) -> None:
    """Weights, rules, tables, the tokenizer and the configuration all count; also which file holds what."""
    before = weights_digest(folder)
    change(folder)
    assert weights_digest(folder) != before


def test_the_analyzer_has_it(english: Analyzer) -> None:
    """It is that of the files which the analyzer was loaded from."""
    assert english.weights == weights_digest(locate(ENGLISH))


def test_the_documented_command_prints_the_same(english: Analyzer) -> None:
    """Standard tools compute the digest, as the page shows; the page has the default pipeline's."""
    (command,) = re.findall(r"^\$ cd \"\$FOLDER\" && (.*)$", PAGE.read_text("utf-8"), re.MULTILINE)
    folder = locate(ENGLISH)
    assert set(load_config(folder / "config.cfg")["nlp"]["pipeline"]) <= set(command.split())
    done = subprocess.run(["sh", "-c", command], cwd=folder, capture_output=True, text=True, check=True)
    assert f"sha256:{done.stdout.split()[0]}" == english.weights
    assert english.weights in PAGE.read_text("utf-8")
