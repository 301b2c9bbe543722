"""From annotations to answers."""

from collections.abc import Sequence
from dataclasses import replace

import pytest

from pipelines import Analyzer, Document, EntitySpan, SelfTestFailed, SentenceSpan
from pipelines.engine import Annotations, EngineName, Wanted
from pipelines.loading import load
from pipelines.spacy_engine import SpacyEngine
from tests.conftest import ENGLISH

TEXT = "Tim Cook loved Paris. It was awful."


class FixedEngine:
    """Finds what it was told to find."""

    name: EngineName = "compiled"

    def __init__(self, entities: list[EntitySpan], sentences: list[SentenceSpan]) -> None:
        self._annotations = Annotations(entities, sentences)

    def annotate(self, texts: Sequence[str], wanted: Sequence[Wanted]) -> list[Annotations]:
        """The same for every text."""
        return [self._annotations for _ in texts]


def test_a_confidence_is_passed_on_and_an_absent_one_left_out(english: Analyzer) -> None:
    """Never a constant, never a null."""
    spans = [EntitySpan(0, 8, "PERSON", 0.93), EntitySpan(15, 20, "GPE", None)]
    analyzer = replace(english, engine=FixedEngine(spans, []))
    entities = analyzer.analyze([Document(TEXT, frozenset({"entities"}))])[0]["entities"]
    assert entities == [
        {"text": "Tim Cook", "label": "PERSON", "start": 0, "end": 8, "confidence": 0.93},
        {"text": "Paris", "label": "GPE", "start": 15, "end": 20},
    ]


def test_spacys_own_engine_invents_no_confidence() -> None:
    """There is none to pass on."""
    loaded = load(ENGLISH)
    (found,) = SpacyEngine(loaded.nlp, loaded.chains).annotate([TEXT], [Wanted(entities=True, sentences=False)])
    assert {entity.confidence for entity in found.entities} == {None}


def test_a_text_of_white_space_has_a_neutral_whole_and_no_sentences(english: Analyzer) -> None:
    """It is valid, and there is nothing to say about it."""
    analysis = english.analyze([Document(" \n", frozenset({"entities", "sentiment", "sentences"}))])[0]
    assert analysis["entities"] == []
    assert analysis["sentences"] == []
    assert analysis["sentiment"]["label"] == "neutral"


def test_a_batch_mixes_whatever_its_documents_want(english: Analyzer) -> None:
    """Each answer has its own sections and its own unit."""
    text = "🎉 Tim Cook loved it."
    documents = [
        Document(text, frozenset({"entities"}), "utf16"),
        Document(text, frozenset({"sentiment"}), "utf8"),
        Document(text, frozenset({"sentences"})),
    ]
    first, second, third = english.analyze(documents)
    assert first["entities"][0]["start"] == 3
    assert second.keys() == {"language", "offset_encoding", "pipeline", "sentiment"}
    assert third["sentences"][0]["start"] == 0
    assert [a["offset_encoding"] for a in (first, second, third)] == ["utf16", "utf8", "codepoint"]


def test_a_self_test_that_fails_says_so(english: Analyzer) -> None:
    """As when an engine answers differently alone and in a batch."""

    class Fickle(FixedEngine):
        def annotate(self, texts: Sequence[str], wanted: Sequence[Wanted]) -> list[Annotations]:
            found = [EntitySpan(0, 1, "X", None)] if len(texts) > 1 else []
            return [Annotations(found, []) for _ in texts]

    with pytest.raises(SelfTestFailed):
        replace(english, engine=Fickle([], [])).self_test()


def test_a_self_test_needs_offsets_that_fit(english: Analyzer) -> None:
    """A span that ends beyond its text is one that no caller could slice."""
    with pytest.raises(SelfTestFailed):
        replace(english, engine=FixedEngine([EntitySpan(0, 10**6, "X", None)], [])).self_test()
