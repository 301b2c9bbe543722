"""The examples of `docs/how-to/bulk-recipes.md` run as they stand, and their analyses are those of the library."""

import os
import re
import shutil
import sys
from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from spanwise.bulk.arrow import analyze
from spanwise.pipelines import Analyzer

PAGE = Path(__file__).parents[2] / "docs" / "how-to" / "bulk-recipes.md"
TEXTS = [
    "Tim Cook loved Paris. The weather was awful.",
    "Angela Merkel visited Berlin on Monday, and nobody cared.",
    None,
    "I love this city.",
]
REVIEWS = pa.table(
    {
        "key": [f"r{number}" for number in range(4)],
        "body": TEXTS,
        "day": [date(2026, 11, number) for number in range(1, 5)],
    }
)
Rows = list[dict[str, Any]]


@pytest.fixture(scope="module", autouse=True)
def folder(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Change into a folder with what the examples read; one for all, because Spark looks from where it started."""
    made = tmp_path_factory.mktemp("recipes")
    pq.write_table(REVIEWS, made / "reviews.parquet")
    with pytest.MonkeyPatch.context() as place:
        place.chdir(made)
        yield made


@pytest.fixture(autouse=True)
def nothing_written_before(folder: Path) -> None:
    """Take away what the example before has written."""
    shutil.rmtree(folder / "analysed", ignore_errors=True)
    (folder / "analysed.parquet").unlink(missing_ok=True)


@pytest.fixture
def expected(english: Analyzer) -> Rows:
    """Return the analyses of the rows, by the library."""
    table = analyze(REVIEWS, pipelines=english, text="body", id="key", features=["entities", "sentiment"])
    rows: Rows = table.to_pylist()
    return rows


def recipes(heading: str) -> list[str]:
    """Return the examples under a heading of the page; those under none for an empty one."""
    sections = re.split(r"^## (.*)$", PAGE.read_text("utf-8"), flags=re.MULTILINE)
    text = dict(zip(["", *sections[1::2]], sections[::2], strict=True))[heading]
    return re.findall(r"^```python\n(.*?)^```$", text, re.MULTILINE | re.DOTALL)


def run(example: str) -> dict[str, Any]:
    """Run an example, and return its variables."""
    names: dict[str, Any] = {"__name__": "example"}
    exec(compile(example, str(PAGE), "exec"), names)
    return names


def in_order(rows: Rows) -> Rows:
    """Return rows by their id: engines that distribute keep no order."""
    return sorted(rows, key=lambda row: row["id"])


def test_every_example_is_run() -> None:
    """No example of the page is left out by the tests below."""
    headings = ["", "Ray Data", "Spark", "Dask", "Polars", "DuckDB"]
    assert [len(recipes(heading)) for heading in headings] == [1, 1, 1, 1, 1, 2]
    assert PAGE.read_text("utf-8").count("```python") == 7


def test_arrow(expected: Rows) -> None:
    """The function itself, with a column carried through."""
    (example,) = recipes("")
    rows = run(example)["analysed"].to_pylist()
    assert [row.pop("day") for row in rows] == REVIEWS["day"].to_pylist()
    assert rows == expected


def test_polars(expected: Rows) -> None:
    """Polars' strings are views, and its structs and lists come back whole."""
    (example,) = recipes("Polars")
    names = run(example)
    assert names["analysed"].to_arrow().to_pylist() == expected
    counted = dict(names["by_label"].iter_rows())
    assert counted.pop(None) == 1
    assert sum(counted.values()) == 3


def test_duckdb(expected: Rows, folder: Path) -> None:
    """Rows stream out of DuckDB and back into it; what it wrote can be asked by SQL."""
    streamed, asked = recipes("DuckDB")
    run(streamed)
    written = pq.read_table(folder / "analysed.parquet").to_pylist()
    assert written == [row for row in expected if row["error"] is None]
    named = run(asked)["named"]
    assert ("Paris", "GPE", 1) in named
    assert len(named) == sum(len(row["entities"]) for row in written)


@pytest.mark.filterwarnings("ignore:The inplace keyword in DataFrame")  # Dask calls pandas so
def test_dask(expected: Rows, folder: Path) -> None:
    """Partitions are analysed in threads that share the pipelines, and keep their structs."""
    (example,) = recipes("Dask")
    run(example)
    written = pq.read_table(folder / "analysed").to_pylist()
    assert in_order(written) == expected


@pytest.fixture(scope="module")
def local_spark(folder: Path) -> Iterator[None]:
    """Let Spark run in this Python on the loopback interface alone, and stop it afterwards."""
    if os.environ.get("CI") is None:
        pytest.importorskip("pyspark", reason="PySpark is not installed: make bulk-test installs it")
    from pyspark.sql import SparkSession

    with pytest.MonkeyPatch.context() as environment:
        environment.setenv("PYSPARK_PYTHON", sys.executable)
        environment.setenv("SPARK_LOCAL_IP", "127.0.0.1")
        session = (
            SparkSession.builder.master("local[2]")
            .config("spark.driver.host", "127.0.0.1")
            .config("spark.ui.enabled", "false")
            .config("spark.sql.execution.arrow.maxRecordsPerBatch", "3")
            .getOrCreate()
        )
        yield
        session.stop()


needs_spark = pytest.mark.usefixtures("local_spark")
no_pandas = pytest.mark.filterwarnings("ignore:PySpark does not yet fully support pandas:FutureWarning")  # none is used


@needs_spark
@no_pandas
def test_spark(expected: Rows, folder: Path) -> None:
    """Spark's own workers analyse the batches, and the schema that was told is that of what they return."""
    (example,) = recipes("Spark")
    analysed = run(example)["analysed"]
    assert [field.name for field in analysed.schema][:2] == ["id", "language"]
    assert analysed.schema["sentiment"].dataType["scores"].dataType["negative"].dataType.typeName() == "double"
    assert in_order(pq.read_table(folder / "analysed").to_pylist()) == expected


@needs_spark
@no_pandas
def test_spark_carries_columns_of_its_own_types(expected: Rows) -> None:
    """Dates, times, decimals and arrays of the frame come through; options that fit no row are refused at once."""
    from pyspark.sql import SparkSession, functions

    from spanwise.bulk import spark

    frame = SparkSession.active().read.parquet("reviews.parquet")
    frame = frame.withColumns(
        {
            "seen": functions.to_timestamp("day"),
            "price": functions.lit("1.50").cast("decimal(10,2)"),
            "tags": functions.array("key", "key"),
        }
    )
    carried = ["day", "seen", "price", "tags"]
    analysed = spark.analyze(frame, text="body", id="key", carry=carried, features=["sentiment"])
    assert [(field.name, field.dataType) for field in analysed.schema][1:5] == [
        (name, frame.schema[name].dataType) for name in carried
    ]
    found = {row.id: row for row in analysed.collect()}
    given = {row.key: row for row in frame.collect()}
    for row in expected:
        one = found[row["id"]]
        assert [one[name] for name in carried] == [given[row["id"]][name] for name in carried]
        assert (one.sentiment and one.sentiment.label) == (row["sentiment"] and row["sentiment"]["label"])
        assert (one.error and one.error.code) == (row["error"] and row["error"]["code"])
    with pytest.raises(ValueError, match="no column 'nope'"):
        spark.schema(frame.schema, text="nope")
    with pytest.raises(ValueError, match="no feature sentimant"):
        spark.map_in_arrow(text="body", features=["sentimant"])


@pytest.fixture
def local_ray() -> Iterator[None]:
    """Start a Ray of two CPUs without its dashboard, and stop it afterwards."""
    import ray

    ray.init(num_cpus=2, include_dashboard=False, log_to_driver=False, object_store_memory=100 << 20)
    yield
    ray.shutdown()


@pytest.mark.filterwarnings("ignore::DeprecationWarning:ray")  # Ray sets options of its own that it gives up
@pytest.mark.filterwarnings("ignore:`use_push_based_shuffle` is deprecated:DeprecationWarning")
@pytest.mark.usefixtures("local_ray")
def test_ray_data(expected: Rows, folder: Path) -> None:
    """Ray's actor makes the analyzer and calls it batch by batch."""
    (example,) = recipes("Ray Data")
    run(example)
    written = pq.read_table(folder / "analysed").to_pylist()
    assert in_order(written) == expected
