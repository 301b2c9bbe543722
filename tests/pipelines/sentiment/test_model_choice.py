"""One table says which language has which sentiment model."""

from pathlib import Path

import pytest

from spanwise.pipelines import Analyzer
from spanwise.pipelines.sentiment import model_choice
from tests.conftest import FRENCH
from tests.support.artefacts import write_random_model


def test_a_language_without_a_model_has_none() -> None:
    """A language without a sentiment model gets None; a language with one gets the same object every time."""
    assert model_choice.sentiment_model_for("tlh") is None
    assert model_choice.sentiment_model_for("en") is model_choice.sentiment_model_for("en")


def test_a_row_in_the_table_is_all_that_a_further_language_takes(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    """With a row for French in the table of models, French pipelines offer both kinds of sentiment."""
    monkeypatch.setitem(model_choice.MODELS, "fr", str(write_random_model(tmp_path)))
    analyzer = Analyzer.load(FRENCH)
    assert analyzer.features >= {"entities", "entity_sentiment", "sentences", "sentiment"}
    answer = analyzer.analyze("Emmanuel Macron habite à Paris.", analyzer.features)
    assert all("sentiment" in entity for entity in answer["entities"])
