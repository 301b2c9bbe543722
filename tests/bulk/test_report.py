"""`spanwise bulk report`: a page that loads nothing, shows what was counted, and quotes only what was asked for."""

import re
from collections import Counter
from datetime import date
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import orjson
import pyarrow as pa
import pyarrow.parquet as pq
import pytest
from typer.testing import CliRunner, Result

from spanwise.bulk.arrow import analyze
from spanwise.bulk.report.day_column import days_of, periods_of
from spanwise.bulk.report.frequent_entities import FrequentEntities
from spanwise.pipelines import Analyzer
from spanwise.service.cli import app

TEXTS = [
    "Tim Cook loved Paris. It was a wonderful, beautiful trip.",
    "The weather in Paris was awful, and the hotel was terrible.",
    "Angela Merkel visited Berlin on Monday.",
    "Tim Cook visited Berlin.",
    None,
    "far too long " * 50,
]
REVIEWS = pa.table(
    {
        "key": [f"r{number}" for number in range(len(TEXTS))],
        "body": TEXTS,
        "day": [date(2026, 1, 31), date(2026, 2, 1), None, date(2026, 2, 2), date(2026, 2, 3), None],
    }
)
OPTIONS: dict[str, Any] = {
    "text": "body",
    "id": "key",
    "carry": ["day", "body"],
    "features": ["entities", "sentiment", "entity_sentiment"],
    "max_text_characters": 200,
}


@pytest.fixture(scope="module")
def analyses(english: Analyzer) -> pa.Table:
    """Analyse the reviews."""
    return analyze(REVIEWS, pipelines=english, **OPTIONS)


@pytest.fixture
def folder(tmp_path: Path, analyses: pa.Table, english: Analyzer) -> Path:
    """Write the analyses and what is known of the job as `spanwise bulk` does: two parts."""
    made = tmp_path / "autumn & winter"
    (made / "_spanwise").mkdir(parents=True)
    pq.write_table(analyses.slice(0, 4), made / "a-000.parquet")
    pq.write_table(analyses.slice(4), made / "a-001.parquet")
    pipeline = {"name": english.name, "version": english.version, "engine": "compiled", "weights": english.weights}
    job = {"version": "0.1.0", "options": OPTIONS, "limit": None, "pipelines": [pipeline]}
    summary = {
        "complete": True,
        "rows": 6,
        "rows_before": 2,
        "characters": 800,
        "seconds": 2.0,
        "texts_per_second": 2.0,
        "workers": 3,
    }
    (made / "_spanwise" / "job.json").write_bytes(orjson.dumps(job))
    (made / "_spanwise" / "summary.json").write_bytes(orjson.dumps(summary))
    return made


class Page(HTMLParser):
    """A page as a reader has it: its text, its tables, and what it would load."""

    def __init__(self, html: str) -> None:
        super().__init__()
        self.html, self.text, self.ids = html, "", list[str]()
        self.tables: dict[str, list[list[str]]] = {}
        self.loads: list[str] = []
        self._rows: list[list[str]] = []
        self._inside: list[str] = []
        self.feed(html)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self._inside.append(tag)
        named = dict(attrs)
        self.ids += [named["id"] or ""] if "id" in named else []
        places = [value or "" for name, value in attrs if name in {"src", "href", "xlink:href", "srcset", "data"}]
        self.loads += [place for place in places if not place.startswith("#")]
        self.loads += [tag] if tag in {"script", "link", "iframe", "object", "img"} else []
        if tag == "table":
            self._rows = []
        elif tag == "tr":
            self._rows.append([])

    def handle_data(self, data: str) -> None:
        if "style" in self._inside[-1:]:
            return
        self.text += data
        if self._inside[-1:] == ["caption"]:
            self.tables[data] = self._rows
        elif self._inside[-1:] in (["td"], ["th"]):
            self._rows[-1].append(data)

    def handle_endtag(self, tag: str) -> None:
        while self._inside and self._inside.pop() != tag:
            pass


def report(folder: Path | str, *options: str) -> Result:
    """Run the command."""
    return CliRunner().invoke(app, ["bulk", "report", str(folder), *options])


def page_of(folder: Path, *options: str) -> Page:
    """Write a report and read it."""
    written = folder.parent / "report.html"
    result = report(folder, "--output", str(written), *options)
    assert result.exit_code == 0, result.output
    assert result.output.strip() == str(written)
    return Page(written.read_text("utf-8"))


def test_it_counts_what_the_analyses_hold(folder: Path, analyses: pa.Table) -> None:
    """Every table has the numbers of the rows, and rows without an analysis count as errors alone."""
    page = page_of(folder)
    good = [row for row in analyses.to_pylist() if row["error"] is None]
    entities = [entity for row in good for entity in row["entities"]]
    sentiments = Counter(row["sentiment"]["label"] for row in good)
    assert {name: int(times) for name, times, _ in page.tables["Documents by sentiment"][1:]} == sentiments
    labels = Counter(entity["label"] for entity in entities)
    assert {name: int(times) for name, times, _ in page.tables["Entities by label"][1:]} == labels
    counted = Counter((entity["text"], entity["label"]) for entity in entities if entity["label"] != "DATE")
    frequent = page.tables["Most frequent entities"][1:]
    assert {(text, label): int(times) for text, label, times, _ in frequent} == counted
    assert frequent[0][2] == "2"
    towards = page.tables["Sentiment towards the most frequent entities, in mentions"]
    paris = dict(zip(towards[0][1:], next(row for row in towards if row[0] == "Paris (GPE)")[1:], strict=True))
    found = Counter(one["sentiment"]["label"] for one in entities if one["text"] == "Paris")
    assert {name: int(times) for name, times in paris.items() if times != "0"} == found | {"all": found.total()}
    errors = page.tables["Documents without an analysis, by error; N stands for a number"][1:]
    assert [(row[0], row[2]) for row in errors] == [("missing", "1"), ("text_too_long", "1")]


def test_it_says_what_was_analysed_when_and_how(folder: Path, english: Analyzer) -> None:
    """The head has the title and the totals, and the end names pipelines with digests, options, time and speed."""
    page = page_of(folder)
    assert "<title>autumn &amp; winter</title>" in page.html
    assert "6 documents were analysed: entities, entity sentiment, sentiment. Analysed on 20" in page.text
    assert page.tables["Pipelines"][1] == [f"{english.name}-{english.version}", "compiled", english.weights, "4"]
    facts = {row[0]: row[1] for row in page.tables["What was done"]}
    assert facts["time of the last run"] == "2.0 s for 4 documents"
    assert facts["speed of the last run"] == "2 documents per second"
    assert facts["columns carried through"] == "day, body"
    assert "not come to its end" not in page.text
    assert "<title>A title</title>" in page_of(folder, "--title", "A title").html


def test_a_job_that_has_not_ended_is_told(folder: Path) -> None:
    """Fewer rows than the summary knows, or no summary, and the page warns that these are not all documents."""
    (folder / "a-001.parquet").unlink()
    assert "not come to its end" in page_of(folder).text
    (folder / "_spanwise" / "summary.json").unlink()
    assert "not come to its end" in page_of(folder).text


def test_it_loads_nothing_and_runs_nothing(folder: Path) -> None:
    """The page has no script, no address and nothing to fetch, and forbids all of it besides."""
    page = page_of(folder, "--date", "day", "--examples", "3")
    assert page.loads == []
    assert "default-src 'none'" in page.html
    addresses = set(re.findall(r"https?://[^\s\"'<]+", page.html))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}, "only names of XML's kinds"
    assert "@import" not in page.html
    assert not re.search(r"url\((?!#)", page.html)


def test_every_drawing_can_be_read_without_seeing_it(folder: Path) -> None:
    """Each has a title, a description and a table with its numbers; ids are unique, and colours are the page's own."""
    page = page_of(folder, "--date", "day")
    drawings = re.findall(r"<svg .*?</svg>", page.html, re.DOTALL)
    assert len(drawings) == 5
    for drawing in drawings:
        assert 'role="img"' in drawing
        (labelled,) = re.findall(r'aria-labelledby="([^"]+)"', drawing)
        assert all(f'id="{name}"' in drawing for name in labelled.split())
        assert re.search(r"<desc[^>]*>[^<]+</desc>", drawing)
        assert not re.search(r"(?:fill|stroke): #", drawing), "a colour that dark screens would not change"
    assert len(page.ids) == len(set(page.ids))
    assert page.html.count("The same as a table") == 5
    assert "prefers-color-scheme: dark" in page.html


def test_it_quotes_no_document_unless_asked(folder: Path) -> None:
    """Names of entities are all that it shows; with --examples it quotes the clearest texts of each sentiment."""
    plain = page_of(folder)
    assert not any(text in plain.text for text in TEXTS if text)
    assert "This page quotes no document, but names its most frequent entities." in plain.text
    quoting = page_of(folder, "--examples", "1")
    assert all(text in quoting.text for text in TEXTS[:2] if text)
    assert quoting.html.count("<blockquote") == 3
    assert "This page quotes documents." in quoting.text
    assert "far too long far" not in quoting.text


def test_markup_in_texts_stays_text(tmp_path: Path, english: Analyzer) -> None:
    """A text or an entity that looks like HTML, mathematics or an escape of a terminal is shown as it is."""
    name = 'Tim <b>$\\frac{1}{2}$ Cook</b> & "Co"'
    rows = analyze(
        pa.table({"text": ["Tim Cook loved Paris <script>alert(1)</script>."]}), pipelines=english, carry=["text"]
    )
    entities = [
        {"text": name, "label": "ORG", "start": 0, "end": 1},
        {"text": "a\x1b[2Jb\nc", "label": "ORG", "start": 0, "end": 1},
    ]
    place = rows.schema.get_field_index("entities")
    rows = rows.set_column(place, "entities", pa.array([entities], rows.schema.field("entities").type))
    made = tmp_path / "out"
    made.mkdir()
    pq.write_table(rows, made / "a.parquet")
    page = page_of(made, "--examples", "1")
    assert page.loads == []
    assert "<script>alert(1)</script>" in page.text
    assert page.text.count(f"{name} (ORG)"[:20]) >= 1
    assert [name, "ORG", "1"] in [row[:3] for row in page.tables["Most frequent entities"]]


def test_sentiment_over_time(folder: Path) -> None:
    """A column of dates gives a table by period; rows without a date are named."""
    page = page_of(folder, "--date", "day")
    table = page.tables["Documents by day and sentiment"]
    assert [(row[0], row[-1]) for row in table[1:]] == [("2026-01-31", "1"), ("2026-02-01", "1"), ("2026-02-02", "1")]
    assert "1 documents have no date in the column day" in page.text


@pytest.mark.parametrize(
    ("days", "unit", "first", "number"),
    [
        (["2026-01-01", "2026-02-09"], "day", "2026-01-01", 40),
        (["2026-01-01", "2026-02-10"], "week", "2025-12-29", 7),
        (["2024-01-31", "2026-02-10"], "month", "2024-01", 26),
        (["2020-01-31", "2026-02-10"], "quarter", "2020 Q1", 25),
        (["2000-01-31", "2026-02-10"], "year", "2000", 27),
        (["0001-01-01", "2020-01-31", "2026-02-10", "9999-12-31"], "quarter", "2020 Q1", 25),
    ],
)
def test_periods_are_as_small_as_can_be_drawn(days: list[str], unit: str, first: str, number: int) -> None:
    """No plot has more than 40 periods; dates that stand for none are left out and counted."""
    counts = {date.fromisoformat(day): Counter(positive=3 if day.startswith("20") else 1) for day in days}
    found = periods_of(counts)
    assert (found.unit, found.counts[0][0], len(found.counts)) == (unit, first, number)
    assert found.left_out + sum(counted.total() for _, counted in found.counts) == sum(
        map(Counter.total, counts.values())
    )
    assert found.left_out == sum(not day.startswith("20") for day in days)


@pytest.mark.parametrize(
    "column",
    [
        pa.array(["2026-02-28", "2026-02-30", "soon", None]),
        pa.array(["2026-02-28T23:59:59.5+01:00", "20260228", "", None], pa.large_string()),
        pa.array(["2026-02-28 10:00", None, None, None]).dictionary_encode(),
        pa.array([date(2026, 2, 28), None, None, None]),
        pa.array([1772236800, None, None, None], pa.timestamp("s")),
        pa.array([1772280000_000_000, None, None, None], pa.timestamp("us", "America/New_York")),
    ],
    ids=lambda column: str(column.type),
)
def test_dates_of_every_type_are_read(column: pa.Array) -> None:
    """Dates, times and texts that begin with a date have a day; what is no date has none."""
    assert days_of(column, "day").to_pylist() == [date(2026, 2, 28), None, None, None]


def test_rare_entities_are_dropped_and_the_error_is_known() -> None:
    """With more different entities than there is room for, frequent ones stay, too low by no more than is said."""
    counted = FrequentEntities(capacity=1_000)
    for batch in range(200):
        counted.add((f"rare {batch} {number}", "ORG", None, 1) for number in range(50))
        counted.add([("Paris", "GPE", "positive", 2), ("Berlin", "GPE", "negative", 1)])
        assert len(counted) <= 1_000
    first, second = counted.most_frequent(2)
    assert (first.text, second.text) == ("Paris", "Berlin")
    assert 400 - counted.dropped_below <= first.times <= 400
    assert 0 < counted.dropped_below < 20


def test_json_lines_give_the_same_page(folder: Path, analyses: pa.Table, tmp_path: Path) -> None:
    """Lines as of `/v1/stream` are counted as Parquet is, carried columns included."""
    expected = page_of(folder, "--date", "day", "--examples", "1")
    lines = tmp_path / "lines"
    lines.mkdir()
    (folder / "_spanwise").rename(lines / "_spanwise")
    written = []
    for number, row in enumerate(analyses.to_pylist()):
        carried = {"day": row.pop("day"), "body": row.pop("body")}
        error, name = row.pop("error"), row.pop("id")
        outcome = {"status": "error", "error": error} if error else {"status": "ok", "analysis": without_null(row)}
        written.append(orjson.dumps({"index": number, "id": name, **outcome, "carried": carried}))
    (lines / "a.jsonl").write_bytes(b"\n".join(written))
    found = page_of(lines, "--date", "day", "--examples", "1")
    same = [caption for caption in expected.tables if caption != "What was done"]
    assert {caption: found.tables[caption] for caption in same} == {
        caption: expected.tables[caption] for caption in same
    }
    assert found.html.count("<blockquote") == expected.html.count("<blockquote") == 3


def without_null(value: Any) -> Any:
    """Return a value without the fields that are null, as an answer is."""
    if isinstance(value, dict):
        return {name: without_null(part) for name, part in value.items() if part is not None}
    return [without_null(part) for part in value] if isinstance(value, list) else value


def test_an_analysis_of_nothing_is_a_page_too(tmp_path: Path, english: Analyzer) -> None:
    """Rows that all failed, and no rows at all, give a page that says so."""
    for name, texts in (("bad", [None, ""]), ("none", [])):
        made = tmp_path / name
        made.mkdir()
        pq.write_table(analyze(pa.table({"text": pa.array(texts, pa.string())}), pipelines=english), made / "a.parquet")
        assert f"{len(texts)} documents were analysed." in page_of(made).text


@pytest.mark.parametrize(
    ("options", "told"),
    [
        (("--date", "when"), "no column 'when'"),
        (("--date", "id"), "2026"),
        (("--examples", "2"), "--carry body"),
    ],
)
def test_what_the_output_lacks_is_named(folder: Path, analyses: pa.Table, options: tuple[str, ...], told: str) -> None:
    """A column that is not there, one without dates, texts that were not carried: one line, exit code 2, no page."""
    for part in folder.glob("*.parquet"):
        part.unlink()
    numbered = analyses.drop_columns(["body"]).set_column(0, "id", pa.array(range(2026, 2032)))
    pq.write_table(numbered, folder / "a.parquet")
    result = report(folder, "--output", str(folder / "page.html"), *options)
    assert result.exit_code == 2
    assert result.output.count("\n") == 1
    assert told in result.output or "holds int64" in result.output
    assert not (folder / "page.html").exists()


def test_a_folder_without_analyses_is_refused(tmp_path: Path) -> None:
    """No folder, an empty one, and somebody else's Parquet: one line and exit code 2."""
    pq.write_table(REVIEWS, tmp_path / "reviews.parquet")
    (tmp_path / "empty").mkdir()
    for place, told in ((tmp_path / "no", "no analyses"), (tmp_path / "empty", "no analyses"), (tmp_path, "`error`")):
        result = report(place)
        assert (result.exit_code, result.output.count("\n")) == (2, 1)
        assert told in result.output
