"""`spanwise.bulk.arrow.analyze`: a table in, as many rows out, with the answers of `Analyzer.analyze`."""

import pickle
from typing import Any, get_args

import orjson
import pyarrow as pa
import pytest

from spanwise.bulk.arrow import SLICE_CHARACTERS, ArrowAnalyzer, analysis_arrays, analyze, schema
from spanwise.bulk.pipeline_source import PipelineSource
from spanwise.bulk.row_options import RowOptions
from spanwise.pipelines import Analyzer, Registry
from spanwise.schemas import Feature
from tests.conftest import ENGLISH

TEXTS = [
    "Tim Cook loved Paris. The weather was awful.",
    "Angela Merkel visited Berlin on Monday 🎉, naïve as ever.",
    "Nobody cared.",
]


def plain(value: Any) -> Any:
    """Return a value without the fields that are null: what is absent in JSON."""
    if isinstance(value, dict):
        return {name: plain(part) for name, part in value.items() if part is not None}
    return [plain(part) for part in value] if isinstance(value, list) else value


def test_every_field_of_an_answer_is_in_the_table(english: Analyzer) -> None:
    """Whatever `analyze` answers, for every feature of the pipeline, stands in the table too, and nothing else."""
    table = analyze(
        pa.table({"text": TEXTS}), pipelines=english, features=english.features, raw_scores=True, offset_encoding="utf8"
    )
    answers = english.analyze(TEXTS, english.features, raw_scores=True, offset_encoding="utf8")
    for row, answer in zip(table.to_pylist(), answers, strict=True):
        assert plain(row) | {"offset_encoding": "utf8"} == answer
    assert table.schema.metadata == {b"spanwise.offset_encoding": b"utf8"}


@pytest.mark.parametrize("feature", get_args(Feature.__value__))
def test_every_feature_of_the_contract_has_columns(feature: Feature) -> None:
    """A feature adds columns or fields to the schema; only `language` has a place in every schema."""
    without = schema(features=["sentences"]) if feature != "sentences" else schema(features=["entities"])
    with_it = schema(features=["sentences", "entities", feature])
    assert feature == "language" or with_it != without


def test_the_schema_depends_on_the_options_alone(english: Analyzer) -> None:
    """Tables of good rows, of bad rows and of none have the schema that was told before anything was loaded."""
    told = schema(pa.schema({"key": pa.int64(), "text": pa.string()}), id="key", features=["entities", "tokens"])
    for texts in (TEXTS, [None, ""], []):
        given = pa.table({"key": pa.array(range(len(texts)), pa.int64()), "text": pa.array(texts, pa.string())})
        found = analyze(given, pipelines=english, id="key", features=["entities", "tokens"])
        assert found.schema.equals(told, check_metadata=True)
        assert found.num_rows == len(texts)


def test_bad_rows_have_a_code_and_leave_the_others_untouched(english: Analyzer) -> None:
    """Rows without text, with an empty one, with bytes that are not UTF-8, and too long ones; their order is kept."""
    texts = pa.array([TEXTS[0].encode(), None, b"", b"\xff\xfe secret", b"x" * 101, TEXTS[2].encode()], pa.binary())
    rows = analyze(pa.table({"text": texts}), pipelines=english, max_text_characters=100).to_pylist()
    codes = [row["error"] and row["error"]["code"] for row in rows]
    assert codes == [None, "missing", "text_empty", "wrong_type", "text_too_long", None]
    assert all(row["entities"] is None and row["pipeline"] is None for row in rows if row["error"])
    assert [row["sentiment"]["label"] for row in rows if not row["error"]] == [
        english.sentiment(text)["label"] for text in (TEXTS[0], TEXTS[2])
    ]
    assert "secret" not in str(rows)


def test_a_row_whose_analysis_fails_fails_alone(english: Analyzer, monkeypatch: pytest.MonkeyPatch) -> None:
    """The error names the type of what was raised; the message, which could hold the text, is nowhere."""
    real = Analyzer.analyze_documents

    def failing(self: Analyzer, documents: Any) -> Any:
        if any("Berlin" in document.text for document in documents):
            raise RuntimeError("Berlin is in it")
        return real(self, documents)

    monkeypatch.setattr(Analyzer, "analyze_documents", failing)
    rows = analyze(pa.table({"text": TEXTS * 20}), pipelines=english).to_pylist()
    errors = [row["error"] for row in rows]
    assert errors[1] == {"code": "internal_error", "detail": "The analysis failed (RuntimeError)."}
    assert [error is None for error in errors] == [True, False, True] * 20


def test_columns_come_through_with_their_types(english: Analyzer) -> None:
    """The id and the columns to carry are those of the input, and a column that clashes is refused by name."""
    given = pa.table({"key": [7, 8, 9], "day": pa.array([1, 2, None], pa.date32()), "body": TEXTS})
    found = analyze(given, pipelines=english, text="body", id="key", carry=["day", "body"])
    assert found.column("id").equals(given.column("key"))
    assert found.select(["day", "body"]).equals(given.select(["day", "body"]))
    with pytest.raises(ValueError, match="entities"):
        analyze(given.append_column("entities", [[1, 2, 3]]), pipelines=english, text="body", carry=["entities"])
    with pytest.raises(ValueError, match="'nope'"):
        analyze(given, pipelines=english, text="nope")
    with pytest.raises(TypeError, match="int64"):
        analyze(given, pipelines=english, text="key")


@pytest.mark.parametrize(
    "kind", [pa.string(), pa.large_string(), pa.string_view(), pa.dictionary(pa.int32(), pa.string())]
)
def test_every_kind_of_string_is_read(english: Analyzer, kind: pa.DataType) -> None:
    """Engines hold strings in different ways: Polars as views, pandas' categories as dictionaries."""
    plain_strings = analyze(pa.record_batch({"text": TEXTS}), pipelines=english)
    assert isinstance(plain_strings, pa.RecordBatch)
    assert analyze(pa.record_batch({"text": pa.array(TEXTS).cast(kind)}), pipelines=english).equals(plain_strings)


def test_languages_choose_pipelines(registry: Registry) -> None:
    """A column names the language of each row, or asks for detection; what no pipeline serves is the row's error."""
    french = "Emmanuel Macron a visité Berlin lundi dernier avec son équipe, et tout le monde était très content."
    given = pa.table(
        {
            "text": [TEXTS[0], french, french, TEXTS[0], TEXTS[0]],
            "lang": ["en-US", "fr", "auto", None, "xx"],
        }
    )
    rows = analyze(given, pipelines=registry, language_column="lang", features=["entities"]).to_pylist()
    assert [row["language"] for row in rows] == ["en", "fr", "fr", "en", None]
    assert rows[2]["language_confidence"] > 0.9
    assert rows[4]["error"]["code"] == "unsupported_language"
    assert {"text": "Berlin", "label": "LOC"}.items() <= rows[1]["entities"][1].items()
    lacking = analyze(given, pipelines=registry, language_column="lang", features=["sentiment"]).to_pylist()
    assert lacking[1]["error"]["code"] == "unsupported_feature"
    assert lacking[0]["sentiment"]


def test_threads_and_slices_change_nothing(english: Analyzer) -> None:
    """A table larger than a slice, with chunks of its own, has the same rows in the same order with several threads."""
    texts = [f"{text} Number {number} was late." for number in range(1500) for text in TEXTS]
    assert sum(map(len, texts)) > SLICE_CHARACTERS
    given = pa.concat_tables([pa.table({"text": texts[:100]}), pa.table({"text": texts[100:]})])
    one = analyze(given, pipelines=english, features=["entities"])
    two = analyze(given, pipelines=english, features=["entities"], threads=2)
    assert one.num_rows == len(texts)
    assert one.equals(two.cast(one.schema))
    batch = given.combine_chunks().to_batches()[0]
    assert pa.Table.from_batches([analyze(batch, pipelines=english, features=["entities"])]).equals(
        one.combine_chunks()
    )


def test_an_analyzer_travels_and_loads_once(monkeypatch: pytest.MonkeyPatch) -> None:
    """A pickled analyzer loads its pipelines where it is unpickled, and every one of that process shares them."""
    made = ArrowAnalyzer(f"en={ENGLISH}", features=["entities"])
    first, second = pickle.loads(pickle.dumps(made)), pickle.loads(pickle.dumps(made))
    batch = pa.record_batch({"text": TEXTS})
    assert first(batch).equals(second(batch))
    assert first.rows.registry is second.rows.registry is PipelineSource.parse(f"en={ENGLISH}").registry()
    assert [part.num_rows for part in second.map([batch, batch])] == [3, 3]


def test_a_loaded_pipeline_does_not_travel(english: Analyzer) -> None:
    """Pickling it would send the weights with every task; the error says what to pass instead."""
    with pytest.raises(TypeError, match="PipelineSource"):
        pickle.dumps(ArrowAnalyzer(english))


@pytest.mark.parametrize(
    ("options", "error", "words"),
    [
        ({"features": ["entity"]}, ValueError, "entity_sentiment"),
        ({"features": "entities"}, TypeError, "list"),
        ({"features": []}, ValueError, "at least one"),
        ({"features": ["categories"]}, ValueError, "does not offer categories"),
        ({"labels": ["NOPE"]}, ValueError, "NOPE"),
        ({"pipeline": "nope"}, ValueError, ENGLISH),
        ({"language": "xx"}, ValueError, "There are: en"),
        ({"offset_encoding": "utf32"}, ValueError, "utf16"),
        ({"min_confidence": 2.0}, ValueError, "between 0 and 1"),
        ({"carry": ["a", "a"]}, ValueError, "twice"),
    ],
)
def test_options_that_fit_no_row_are_refused(
    english: Analyzer, options: Any, error: type[Exception], words: str
) -> None:
    """A mistake in the options is told before a row is analysed, with what there is instead."""
    with pytest.raises(error, match=words):
        analyze(pa.table({"text": TEXTS}), pipelines=english, **options)


def test_custom_attributes_are_strings_of_json() -> None:
    """Their fields are known to nobody before, so their column is JSON, that of entities and spans too."""
    options = RowOptions.of(features=["entities", "extensions", "spans"])
    entity = {"text": "Paris", "label": "GPE", "start": 0, "end": 5, "extensions": {"price": 1.5}}
    answer: Any = {"entities": [entity], "spans": [], "extensions": {"topic": ["a", None]}}
    columns = dict(zip(schema(features=options.features).names, analysis_arrays([answer], options), strict=True))
    assert orjson.loads(columns["extensions"][0].as_py()) == {"topic": ["a", None]}
    assert columns["entities"][0].as_py()[0]["extensions"] == '{"price":1.5}'
