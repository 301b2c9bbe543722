"""`spanwise pipelines --check` says of each component what it is served as, by which engine, and how fast."""

from collections.abc import Sequence
from pathlib import Path

import pytest

from spanwise.pipelines import PipelineError
from spanwise.pipelines.annotations import Annotations, Layers
from spanwise.pipelines.check import check
from spanwise.pipelines.entities.grammar_engine import GrammarEngine
from tests.conftest import ENGLISH


def test_each_component_is_shown_with_what_it_is_served_as() -> None:
    """The default pipeline is compiled as a whole; its parser serves three features."""
    checked = check(ENGLISH)
    rows = {one.name: one for one in checked.components}
    assert list(rows) == ["tok2vec", "tagger", "parser", "attribute_ruler", "lemmatizer", "ner", "senter"]
    assert (rows["ner"].engine, rows["ner"].served_as, rows["ner"].reason) == ("compiled", ("entities",), "")
    assert rows["parser"].served_as == ("sentences", "tokens", "noun_chunks")
    assert rows["tok2vec"].served_as == ("vectors of the others",)
    assert {(one.engine, one.reason) for one in checked.components} == {("compiled", "")}
    assert all(one.texts_per_second > 0 for one in checked.components)
    assert checked.features == ("entities", "sentiment")


def test_no_component_is_measured_while_it_does_nothing(monkeypatch: pytest.MonkeyPatch) -> None:
    """Each compiled component, a shared tok2vec and grammar included, is measured with a layer that needs it."""
    asked: list[Layers] = []
    annotate = GrammarEngine.annotate

    def noted(self: GrammarEngine, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        asked.extend(wanted)
        return annotate(self, texts, wanted)

    monkeypatch.setattr(GrammarEngine, "annotate", noted)
    check(ENGLISH)
    assert all(asked)
    assert {"tokens", "entities", "sentences"} <= frozenset().union(*asked)


def test_a_folder_that_is_no_pipeline_is_an_error(tmp_path: Path) -> None:
    """What cannot be loaded raises the same error as at a start."""
    with pytest.raises(PipelineError):
        check(str(tmp_path))
