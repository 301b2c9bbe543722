"""Every format comes to the same rows, however it is compressed and cut."""

import bz2
import csv
import gzip
import io
import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from backports import zstd

from spanwise.bulk import units
from spanwise.bulk.file_systems import PlaceError
from spanwise.bulk.input_columns import InputMismatch
from spanwise.bulk.input_files import find_inputs
from tests.bulk.here import job, rows_of, run_here, texts

COUNT = 400
UNIT = 4096


@pytest.fixture(autouse=True)
def _small_units(monkeypatch: pytest.MonkeyPatch) -> None:
    """Cut small files into many units."""
    monkeypatch.setattr(units, "SMALLEST_UNIT", UNIT)
    monkeypatch.setattr(units, "LARGEST_UNIT", UNIT)


def as_csv(rows: list[str]) -> bytes:
    """Return rows as CSV, with line ends and quotes inside of some of the texts."""
    written = io.StringIO(newline="")
    writer = csv.writer(written)
    writer.writerow(["key", "body", "extra"])
    writer.writerows([[str(number), text, "x"] for number, text in enumerate(rows)])
    return written.getvalue().encode()


def as_lines(rows: list[str]) -> bytes:
    """Return rows as JSON Lines."""
    lines = [json.dumps({"key": number, "body": text}, ensure_ascii=False) for number, text in enumerate(rows)]
    return "\n".join(lines).encode()


def as_text(rows: list[str]) -> bytes:
    """Return rows as plain text, a line each."""
    return "\r\n".join(rows).encode()


def as_parquet(rows: list[str], row_group: int) -> bytes:
    """Return rows as Parquet, with row groups of this size."""
    sink = io.BytesIO()
    pq.write_table(pa.table({"key": list(range(len(rows))), "body": rows}), sink, row_group_size=row_group)
    return sink.getvalue()


PACK: dict[str, Callable[[bytes], bytes]] = {
    "": bytes,
    ".gz": gzip.compress,
    ".zst": zstd.compress,
    ".bz2": bz2.compress,
}


@pytest.fixture(scope="module")
def expected(tmp_path_factory: pytest.TempPathFactory) -> list[Any]:
    """Return the entities of all texts, from one file that is one unit."""
    folder = tmp_path_factory.mktemp("expected")
    (folder / "in.txt").write_bytes(as_text(texts(COUNT)))
    run_here(job(folder / "out"), [folder / "in.txt"])
    return [row["entities"] for row in rows_of(folder / "out")]


@pytest.mark.parametrize("packing", PACK)
@pytest.mark.parametrize(("suffix", "write"), [(".jsonl", as_lines), (".csv", as_csv), (".txt", as_text)])
def test_lines_and_csv_have_the_same_rows(
    tmp_path: Path, expected: list[Any], suffix: str, write: Callable[[list[str]], bytes], packing: str
) -> None:
    """Rows are neither lost nor doubled at the ends of units, and ids come through as strings."""
    path = tmp_path / f"corpus{suffix}{packing}"
    path.write_bytes(PACK[packing](write(texts(COUNT))))
    options: dict[str, Any] = {} if suffix == ".txt" else {"text": "body", "id": "key"}
    summary = run_here(job(tmp_path / "out", **options), [path])
    rows = rows_of(tmp_path / "out")
    assert [row["entities"] for row in rows] == expected
    assert summary.now.parts > 3
    assert (summary.rows, summary.errors.total(), summary.complete) == (COUNT, 0, True)
    if suffix != ".txt":
        assert [row["id"] for row in rows] == [str(number) for number in range(COUNT)]


@pytest.mark.parametrize("row_group", [7, 120, 1000])
def test_parquet_is_cut_between_and_inside_row_groups(tmp_path: Path, expected: list[Any], row_group: int) -> None:
    """Small row groups share a unit and a large one is cut; ids keep their type."""
    (tmp_path / "corpus.parquet").write_bytes(as_parquet(texts(COUNT), row_group))
    summary = run_here(job(tmp_path / "out", text="body", id="key"), [tmp_path / "corpus.parquet"])
    rows = rows_of(tmp_path / "out")
    assert [row["entities"] for row in rows] == expected
    assert [row["id"] for row in rows] == list(range(COUNT))
    assert 3 < summary.now.parts < 60


def test_quotes_and_line_ends_inside_csv_stay_inside(tmp_path: Path) -> None:
    """A field with line ends is one row wherever the file is cut, and a semicolon can part the fields."""
    rows = [f'He said "no"\n\nto Paris, {number}; twice.' * (1 + number % 3) for number in range(300)]
    (tmp_path / "a.csv").write_bytes(as_csv(rows))
    run_here(job(tmp_path / "out", text="body", carry=["body", "extra"]), [tmp_path / "a.csv"])
    assert [row["body"] for row in rows_of(tmp_path / "out")] == rows
    (tmp_path / "b.csv").write_text("body;n\nTim Cook;1\n")
    (found,) = find_inputs([str(tmp_path / "b.csv")], None, ";")
    assert found.delimiter == ";"


def test_bad_lines_are_rows_with_errors(tmp_path: Path) -> None:
    """What is not JSON, no object, without a text, or not UTF-8 has its code; blank lines are passed over."""
    lines = [b'{"text": "Paris"}', b"{", b"[]", b'{"a": 1}', b'{"text": 7}', b"", b'{"text": "\xff"}', b'{"text": ""}']
    (tmp_path / "a.jsonl").write_bytes(b"\xef\xbb\xbf" + b"\n".join(lines) + b"\n")
    summary = run_here(job(tmp_path / "out"), [tmp_path / "a.jsonl"])
    codes = [row["error"] and row["error"]["code"] for row in rows_of(tmp_path / "out")]
    assert codes == [None, "malformed_json", "wrong_type", "missing", "wrong_type", "malformed_json", "text_empty"]
    assert summary.errors == {"malformed_json": 2, "wrong_type": 2, "missing": 1, "text_empty": 1}


def test_csv_with_rows_of_other_widths_and_encodings(tmp_path: Path) -> None:
    """A row with a field too many is an error with both numbers; bytes that are not UTF-8 are one too."""
    (tmp_path / "a.csv").write_bytes(b"key,text\n1,Paris\n2,London,no\n3,\xff\xfe\n")
    run_here(job(tmp_path / "out", id="key"), [tmp_path / "a.csv"])
    rows = rows_of(tmp_path / "out")
    assert rows[1]["error"] == {"code": "malformed_csv", "detail": "The row has 3 fields, and the header has 2."}
    assert [row["error"]["code"] for row in rows[1:]] == ["malformed_csv", "wrong_type"]


def test_folders_globs_and_hidden_files(tmp_path: Path) -> None:
    """Folders are read with those below, in the order of names; other suffixes and hidden names are left out."""
    for name in ("b/2.jsonl", "a/1.jsonl", "a/.hidden.jsonl", "_spanwise/x.jsonl", "readme.md", "c.txt.gz"):
        path = tmp_path / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(b"{}\n")

    def found(*patterns: str) -> list[str]:
        return [one.uri.removeprefix(f"{tmp_path}/") for one in find_inputs([f"{tmp_path}{p}" for p in patterns])]

    assert found("") == ["a/1.jsonl", "b/2.jsonl", "c.txt.gz"]
    assert found("/*/*.jsonl") == found("/**/[12].jsonl") == ["a/1.jsonl", "b/2.jsonl"]
    assert found("/b", "") == ["b/2.jsonl", "a/1.jsonl", "c.txt.gz"]
    for nothing in ("/nope", "/*.parquet", "/readme.md"):
        with pytest.raises(PlaceError, match=nothing.strip("/*.")):
            found(nothing)


def test_files_without_the_columns_are_refused_by_name(tmp_path: Path) -> None:
    """A file that lacks a column, or has another type than the first, is named with what it has."""
    pq.write_table(pa.table({"text": ["a"], "key": [1]}), tmp_path / "a.parquet")
    pq.write_table(pa.table({"text": ["a"], "key": ["1"]}), tmp_path / "b.parquet")
    (tmp_path / "c.csv").write_text("other\nx\n")
    with pytest.raises(InputMismatch, match=r"b\.parquet.*'key' holds string, and int64"):
        run_here(job(tmp_path / "o1", id="key"), [tmp_path / "a.parquet", tmp_path / "b.parquet"])
    with pytest.raises(InputMismatch, match=r"no column 'body'.*text, key"):
        run_here(job(tmp_path / "o2", text="body"), [tmp_path / "a.parquet"])
    with pytest.raises(InputMismatch, match=r"no column 'text'.*other"):
        run_here(job(tmp_path / "o3"), [tmp_path / "c.csv"])
    with pytest.raises(InputMismatch, match="int64"):
        run_here(job(tmp_path / "o4", text="key"), [tmp_path / "a.parquet"])


@pytest.mark.parametrize("name", ["a.parquet", "a.jsonl", "a.csv", "a.jsonl.gz"])
def test_a_limit_takes_the_first_rows(tmp_path: Path, name: str) -> None:
    """The limit holds over several files, whatever their format."""
    write: dict[str, Callable[[list[str]], bytes]] = {
        "a.parquet": lambda rows: as_parquet(rows, 50),
        "a.jsonl": as_lines,
        "a.csv": as_csv,
        "a.jsonl.gz": lambda rows: gzip.compress(as_lines(rows)),
    }
    for folder in ("1", "2"):
        (tmp_path / folder).mkdir()
        (tmp_path / folder / name).write_bytes(write[name](texts(COUNT)))
    spec = job(tmp_path / "out", limit=COUNT + 5, text="body", id="key")
    assert run_here(spec, [tmp_path / "1" / name, tmp_path / "2" / name]).rows == COUNT + 5
