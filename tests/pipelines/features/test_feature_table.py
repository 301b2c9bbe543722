"""The table of features covers the contract, and decides what is computed, offered and written."""

from collections.abc import Iterator
from typing import Any, get_args

import pytest
from spacy.tokens import Doc

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES_AND_SENTENCES, SENTENCES, SENTIMENT_LAYERS, Layer
from spanwise.pipelines.extension_specs import Extensions
from spanwise.pipelines.features import FEATURES, FeatureRow, console_tables, features_offered, recipe_of
from spanwise.schemas import Feature
from tests.support.models import pipeline

TEXT = "Tim Cook loved Paris. The weather was awful."


@pytest.fixture(scope="module")
def further(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Analyzer]:
    """Load a pipeline that offers what the default one does not: categories, spans, a custom attribute."""
    folder = tmp_path_factory.mktemp("further")
    nlp = pipeline({"textcat": {}})
    ruler: Any = nlp.add_pipe("span_ruler")
    ruler.add_patterns([{"label": "CITY", "pattern": "Paris"}])
    nlp.to_disk(folder)
    Doc.set_extension("words", getter=len)
    yield Analyzer.load(folder, extensions=Extensions.parse("doc.words=integer"))
    Doc.remove_extension("words")


def test_every_feature_of_the_contract_has_one_row() -> None:
    """Every feature of the contract has exactly one row, and the rows together need exactly the layers that exist."""
    assert sorted(row.name for row in FEATURES) == sorted(get_args(Feature.__value__))
    assert frozenset[Layer]().union(*(row.needs for row in FEATURES)) == set(get_args(Layer))


def test_a_pipeline_offers_what_its_layers_allow() -> None:
    """A pipeline offers exactly the features whose layers it computes."""
    assert features_offered(SENTENCES) == {"sentences"}
    assert features_offered(ENTITIES_AND_SENTENCES) == {"entities", "sentences"}
    assert features_offered(SENTENCES | SENTIMENT_LAYERS) == {"sentences", "sentiment"}
    assert features_offered(frozenset(get_args(Layer))) == set(get_args(Feature.__value__))


@pytest.mark.parametrize("row", FEATURES, ids=lambda row: row.name)
def test_what_nobody_asked_for_is_not_computed(row: FeatureRow) -> None:
    """The recipe of one feature has the layers and the writer of that feature alone."""
    assert recipe_of(frozenset({row.name})) == (row.needs, (row.write,))


@pytest.mark.parametrize("row", FEATURES, ids=lambda row: row.name)
def test_every_feature_shows_in_an_answer_and_on_the_command_line(
    english: Analyzer, further: Analyzer, row: FeatureRow
) -> None:
    """A feature that is asked for alone adds one section to the answer and one table on the command line."""
    analyzer = english if row.name in english.features else further
    answer = analyzer.analyze(TEXT, {row.name})
    sections = answer.keys() - {"language", "offset_encoding", "pipeline"}
    assert len(sections) == 1
    (table,) = console_tables(answer)
    assert all(len(cells) == len(table.columns) for cells in (*table.rows, *([table.total] if table.total else [])))
    assert table.rows or table.total


def test_a_language_that_is_not_sure_shows_too(english: Analyzer) -> None:
    """Who asks what language a text is in sees `und`, and not nothing."""
    (table,) = console_tables(english.analyze("2024", {"language"}))
    assert table.rows == [("und", "")]
