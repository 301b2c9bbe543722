"""Layers that spaCy's components compute beside entities and sentences, by a row in one table."""

import gc
import weakref
from pathlib import Path
from typing import Any

import pytest
from spacy.language import Language
from spacy.tokens import Doc
from spacy.training import Example

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import SENTENCES, Layers, Scores, TextScores
from spanwise.pipelines.entities import spacy_layers
from spanwise.pipelines.entities.engine_choice import choose_engine
from spanwise.pipelines.entities.spacy_layers import SpacyLayer
from spanwise.pipelines.entities.spacy_pipeline import load
from tests.conftest import ENGLISH
from tests.support.models import pipeline, recognizer

TEXT = "Tim Cook loved Paris. It was awful."


def scores_of(doc: Doc) -> TextScores:
    """Read what a text classifier says of the whole text."""
    return TextScores(Scores(doc.cats["NEG"], 0.0, doc.cats["POS"]), [])


def add_textcat(nlp: Language) -> None:
    """Add a text classifier with two labels and untrained weights."""
    classifier: Any = nlp.add_pipe("textcat")
    cats = ({"POS": 1.0, "NEG": 0.0}, {"POS": 0.0, "NEG": 1.0})
    examples = [Example.from_dict(nlp.make_doc("Bon."), {"cats": each}) for each in cats]
    classifier.initialize(lambda: examples, nlp=nlp)


@pytest.mark.parametrize("with_entities", [True, False])
def test_a_row_makes_spacys_components_compute_a_further_layer(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, with_entities: bool
) -> None:
    """A textcat computes the layer where it is wanted, beside compiled kernels with and without a recognizer."""
    monkeypatch.setitem(spacy_layers.SPACY_LAYERS, "sentiment", SpacyLayer(frozenset({"textcat"}), scores_of))
    components = {"ner": recognizer()} if with_entities else {}
    nlp = pipeline({**components, "sentencizer": {}}, language="fr")
    add_textcat(nlp)
    nlp.to_disk(tmp_path)
    loaded = load(str(tmp_path))
    assert loaded.layers == {"sentences", "sentiment"} | ({"entities"} if with_entities else set())
    engine, fallback = choose_engine(loaded)
    assert engine.name == "compiled"
    assert fallback is not None
    assert fallback.reason == "spaCy's textcat computes sentiment"
    wanted: list[Layers] = [loaded.layers, SENTENCES]
    both, sentences_alone = engine.annotate([TEXT, TEXT], wanted)
    cats = nlp(TEXT).cats
    assert both.sentiment
    assert both.sentiment.whole == pytest.approx((cats["NEG"], 0.0, cats["POS"]), abs=1e-3)
    assert both.sentences == sentences_alone.sentences == [(0, 21), (22, 35)]
    assert sentences_alone.sentiment is None


def test_a_component_that_no_layer_needs_is_not_loaded(tmp_path: Path) -> None:
    """Without the row a textcat changes nothing: it is left out, and the pipeline is compiled whole."""
    nlp = pipeline({"ner": recognizer(), "sentencizer": {}}, language="fr")
    add_textcat(nlp)
    nlp.to_disk(tmp_path)
    analyzer = Analyzer.load(str(tmp_path))
    assert analyzer.fallback is None
    assert analyzer.own_features == {"entities", "sentences"}


def test_a_pipeline_that_is_compiled_whole_lets_spacys_go() -> None:
    """Nothing keeps the loaded spaCy pipeline alive, which takes some 20 MB in every worker."""
    loaded = load(ENGLISH)
    nlp = weakref.ref(loaded.nlp)
    engine, _ = choose_engine(loaded)
    assert engine.name == "compiled"
    del loaded
    gc.collect()
    assert nlp() is None
