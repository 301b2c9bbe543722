"""A job goes on where it was, says what has come of it, and mixes with no other one."""

import fcntl
import gzip
import json
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.dataset
import pyarrow.parquet as pq
import pytest

from spanwise.bulk import units
from spanwise.bulk.arrow import output_schema
from spanwise.bulk.file_systems import place_of
from spanwise.bulk.input_files import find_inputs
from spanwise.bulk.output_folder import OutputRefused
from spanwise.bulk.progress import Progress
from spanwise.bulk.ray_pool import JobFailed
from spanwise.bulk.summary import Tally
from spanwise.bulk.unit_worker import UnitWorker
from spanwise.pipelines import Analyzer
from spanwise.service import bulk_command
from spanwise.service.settings import Settings
from tests.bulk.here import job, lines_of, rows_of, run_here, texts


@pytest.fixture(autouse=True)
def _small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small files into many units."""
    monkeypatch.setattr(units, "SMALLEST_UNIT", 4096)
    monkeypatch.setattr(units, "LARGEST_UNIT", 4096)


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """Return a folder with two files, one of them compressed."""
    folder = tmp_path / "corpus"
    folder.mkdir()
    lines = [json.dumps({"key": f"k{number}", "text": text}) for number, text in enumerate(texts(400))]
    (folder / "1.jsonl").write_text("\n".join(lines[:200]))
    (folder / "2.jsonl.gz").write_bytes(gzip.compress("\n".join(lines[200:]).encode()))
    return folder


@pytest.mark.parametrize("most", [0, 1, 5, 7])
def test_an_interrupted_job_goes_on(tmp_path: Path, corpus: Path, most: int) -> None:
    """What is there is not done again, also in a compressed file, and the output is that of an undisturbed run."""
    whole = run_here(job(tmp_path / "whole", id="key"), [corpus])
    first = run_here(job(tmp_path / "out", id="key"), [corpus], most)
    assert (first.complete, first.now.parts) == (False, most)
    assert "goes on from here" in first.as_text()
    second = run_here(job(tmp_path / "out", id="key"), [corpus])
    assert second.complete
    assert second.before.parts == most
    assert second.before.parts + second.now.parts == whole.now.parts
    assert rows_of(tmp_path / "out") == rows_of(tmp_path / "whole")
    third = run_here(job(tmp_path / "out", id="key"), [corpus])
    assert (third.now.parts, third.rows, third.complete) == (0, 400, True)


def test_a_part_that_was_being_written_is_done_again(tmp_path: Path, corpus: Path) -> None:
    """A file that a killed worker has left is no part; it is removed, and readers of the folder never see it."""
    run_here(job(tmp_path / "out"), [corpus], 3)
    left = tmp_path / "out" / "_spanwise" / "1-0123456789abcdef-000000000000000.4711.writing"
    left.write_bytes(b"half a part")
    run_here(job(tmp_path / "out"), [corpus])
    assert not left.exists()
    found = pyarrow.dataset.dataset(tmp_path / "out", format="parquet")
    assert found.count_rows() == 400


def test_parts_have_the_schema_that_is_told(tmp_path: Path, corpus: Path) -> None:
    """Every part has the schema of `--schema`, and one row group."""
    spec = job(tmp_path / "out", id="key", features=["entities", "sentiment", "sentences"])
    run_here(spec, [corpus], 3)
    for path in (tmp_path / "out").glob("*.parquet"):
        assert pq.read_schema(path).equals(output_schema(spec.options), check_metadata=True)
        assert pq.read_metadata(path).num_row_groups == 1


def test_json_lines_are_those_of_a_stream(tmp_path: Path, corpus: Path, english: Analyzer) -> None:
    """A line is a `BatchResult`: status, index in its part, id, analysis or error; carried columns stand beside."""
    (corpus / "3.jsonl").write_text('{"key": "bad"}\n')
    spec = job(tmp_path / "out", "jsonl", id="key", carry=["text"], features=["entities", "sentiment"])
    run_here(spec, [corpus])
    lines = lines_of(tmp_path / "out")
    assert len(lines) == 401
    expected = english.analyze(texts(3))
    for number in range(3):
        assert lines[number] == {
            "status": "ok",
            "index": number,
            "id": f"k{number}",
            "analysis": expected[number],
            "carried": {"text": texts(3)[number]},
        }
    assert lines[-1] == {
        "status": "error",
        "index": 0,
        "id": "bad",
        "error": {"code": "missing", "detail": "The row has no text."},
        "carried": {"text": None},
    }


def test_another_job_does_not_mix_with_the_parts(tmp_path: Path, corpus: Path) -> None:
    """Other options are refused with what differs; `--replace` deletes the parts, and nothing else in the folder."""
    run_here(job(tmp_path / "out"), [corpus], 2)
    (tmp_path / "out" / "notes.md").write_text("mine")
    with pytest.raises(OutputRefused, match=r"\(other: features, id\)"):
        run_here(job(tmp_path / "out", features=["sentences"], id="key"), [corpus])
    summary = run_here(job(tmp_path / "out", features=["sentences"], id="key"), [corpus], replace=True)
    assert (summary.before.parts, summary.complete) == (0, True)
    assert pyarrow.dataset.dataset(tmp_path / "out", format="parquet", exclude_invalid_files=True).count_rows() == 400
    assert (tmp_path / "out" / "notes.md").read_text() == "mine"


def test_a_changed_file_is_noticed(tmp_path: Path, corpus: Path) -> None:
    """Parts of a file that has changed since are refused by name; files may be added."""
    run_here(job(tmp_path / "out"), [corpus])
    (corpus / "4.jsonl").write_text('{"text": "Paris"}\n')
    assert run_here(job(tmp_path / "out"), [corpus]).rows == 401
    (corpus / "4.jsonl").write_text('{"text": "Paris and London"}\n')
    with pytest.raises(OutputRefused, match="1 parts of files that have changed"):
        run_here(job(tmp_path / "out"), [corpus])


def test_two_runs_do_not_write_to_one_folder(tmp_path: Path, corpus: Path) -> None:
    """The second one is refused while the first one runs."""
    (tmp_path / "out" / "_spanwise").mkdir(parents=True)
    with (tmp_path / "out" / "_spanwise" / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        with pytest.raises(OutputRefused, match="Another run"):
            run_here(job(tmp_path / "out"), [corpus])


def test_too_many_errors_end_the_job(tmp_path: Path, corpus: Path) -> None:
    """`--max-errors` counts those of earlier runs too, and the message has both numbers."""
    (corpus / "0.jsonl").write_text("{}\n" * 3)
    with pytest.raises(JobFailed, match="3 rows have errors, and --max-errors allows 2"):
        run_here(job(tmp_path / "out"), [corpus], max_errors=2)
    with pytest.raises(JobFailed, match="3 rows"):
        run_here(job(tmp_path / "out"), [corpus], max_errors=2)
    assert run_here(job(tmp_path / "out"), [corpus], max_errors=3).errors == {"missing": 3}


def test_the_summary_says_what_has_come_of_it(tmp_path: Path, corpus: Path, english: Analyzer) -> None:
    """As JSON beside the parts: rows, errors by code, seconds, texts per second, pipelines with their digests."""
    (corpus / "0.jsonl").write_text('{}\n{"text": ""}\n{}\n')
    summary = run_here(job(tmp_path / "out"), [corpus])
    written = orjson.loads((tmp_path / "out" / "_spanwise" / "summary.json").read_bytes())
    assert written == summary.as_json()
    assert (written["rows"], written["row_errors"], written["errors"]) == (403, 3, {"missing": 2, "text_empty": 1})
    assert written["pipelines"][0]["weights"] == english.weights
    assert written["texts_per_second"] == pytest.approx(403 / written["seconds"], rel=0.05)
    assert "missing 2, text_empty 1" in summary.as_text()


def test_no_file_holds_a_text_but_the_parts(tmp_path: Path, corpus: Path) -> None:
    """What the job keeps of its own names columns, files and codes alone."""
    (corpus / "0.jsonl").write_text('{"text": 1, "key": "Tim Cook"}\n')
    run_here(job(tmp_path / "out"), [corpus])
    for path in (tmp_path / "out" / "_spanwise").rglob("*.json"):
        assert b"Tim Cook" not in path.read_bytes()


def test_an_object_store_decides_who_creates_a_part(tmp_path: Path, corpus: Path) -> None:
    """In a store behind fsspec parts are created, never overwritten: what another worker has put there stays."""
    spec = job("memory://bucket/out")
    store = place_of("memory://bucket/out")
    whole = run_here(spec, [corpus])
    names = [name for name in store.names() if name.endswith(".parquet")]
    assert len(names) == whole.now.parts
    assert not (store / names[0]).create(b"of another worker")
    assert (store / names[0]).read()[:4] == b"PAR1"
    (store / names[1]).delete()
    again = run_here(spec, [corpus])
    assert (again.now.parts, again.rows) == (1, 400)
    table = pa.concat_tables([pq.read_table(pa.BufferReader((store / name).read())) for name in sorted(names)])
    run_here(job(tmp_path / "out"), [corpus])
    assert table.to_pylist() == rows_of(tmp_path / "out")


def test_progress_writes_a_line_a_minute_where_there_is_no_terminal(capsys: pytest.CaptureFixture[str]) -> None:
    """The line has the share, rows, texts per second, errors and the time that is left."""
    now = [0.0]
    with Progress(1000, clock=lambda: now[0]) as progress:
        for second in range(0, 121, 10):
            now[0] = float(second)
            progress(Tally(rows=second * 100), second * 5)
    lines = capsys.readouterr().err.splitlines()
    assert lines == [
        "spanwise: 30 %, 6,000 rows, 100 texts/s, 0 errors, 2:20 left",
        "spanwise: 60 %, 12,000 rows, 100 texts/s, 0 errors, 1:20 left",
    ]


def test_units_of_a_corpus_that_grows_keep_their_size(tmp_path: Path, corpus: Path, monkeypatch: Any) -> None:
    """The size is chosen once, at the first run, so that the names of what is done stay those of its units."""
    run_here(job(tmp_path / "out"), [corpus], 3)
    monkeypatch.setattr(units, "SMALLEST_UNIT", 1 << 20)
    assert run_here(job(tmp_path / "out"), [corpus]).before.parts == 3


def test_a_part_that_is_there_stays_when_its_unit_is_given_out_again(tmp_path: Path, corpus: Path) -> None:
    """A worker that died after its part was published leaves a unit that another worker gets, and need not do."""
    spec = job(tmp_path / "out", id="key")
    files = find_inputs([str(corpus / "2.jsonl.gz")])
    unit = next(units.plan(files, 4096, spec.options))
    (tmp_path / "out" / "_spanwise" / "parts").mkdir(parents=True)
    done = UnitWorker(spec, 1).run(unit, "a", 4096)
    before = (tmp_path / "out" / "a.parquet").stat()
    assert UnitWorker(spec, 1).run(unit, "a", 4096) == done
    after = (tmp_path / "out" / "a.parquet").stat()
    assert (after.st_ino, after.st_mtime_ns) == (before.st_ino, before.st_mtime_ns)


def test_workers_remember_more_words_than_the_service(monkeypatch: pytest.MonkeyPatch) -> None:
    """Unless the setting says how many MiB their tables may have."""
    assert bulk_command._source(Settings()).word_table_mb == 32
    assert bulk_command._source(Settings(word_table_mb=9)).word_table_mb == 9
    monkeypatch.setenv("SPANWISE_WORD_TABLE_MB", "7")
    assert bulk_command._source(Settings.from_environment()).word_table_mb == 7
