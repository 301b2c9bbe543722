"""Tests of `Analyzer`: how annotations become answers, and what its self-test finds."""

from collections.abc import Sequence
from dataclasses import replace
from typing import Literal

import pytest

from spanwise.pipelines import Analyzer, Document, EntitySpan, SelfTestFailed, SentenceSpan
from spanwise.pipelines.annotations import ENTITIES, Annotations, Layers, Scores, TextScores
from spanwise.pipelines.entities.engine import EngineName
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.sentiment import Span, Target, targets_of
from tests.conftest import ENGLISH

TEXT = "Tim Cook loved Paris. It was awful."


class FixedEngine:
    """An engine that finds the same given entities and sentences in every text."""

    name: EngineName = "compiled"
    calibrations = None

    def __init__(self, entities: list[EntitySpan], sentences: list[SentenceSpan]) -> None:
        self._entities, self._sentences = entities, sentences

    def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
        """Return the given entities and sentences for every text."""
        return [Annotations(self._entities, self._sentences) for _ in texts]


def test_a_confidence_is_passed_on_and_an_absent_one_left_out(english: Analyzer) -> None:
    """An answer has an entity's confidence where the engine gives one, and no `confidence` key where it gives None."""
    spans = [EntitySpan(0, 8, "PERSON", 0.93), EntitySpan(15, 20, "GPE", None)]
    analyzer = replace(english, engine=FixedEngine(spans, []))
    entities = analyzer.analyze([Document(TEXT, frozenset({"entities"}))])[0]["entities"]
    assert entities == [
        {"text": "Tim Cook", "label": "PERSON", "start": 0, "end": 8, "confidence": 0.93},
        {"text": "Paris", "label": "GPE", "start": 15, "end": 20},
    ]


def test_spacys_own_engine_invents_no_confidence() -> None:
    """Entities of spaCy's own engine have no confidence, since spaCy computes none."""
    loaded = load(ENGLISH)
    (found,) = SpacyEngine(loaded.nlp, loaded.plan).annotate([TEXT], [ENTITIES])
    assert {entity.confidence for entity in found.entities} == {None}


def test_a_text_of_white_space_has_a_neutral_whole_and_no_sentences(english: Analyzer) -> None:
    """A text of white space is valid: it has no entities, no sentences and a neutral sentiment."""
    analysis = english.analyze([Document(" \n", frozenset({"entities", "sentiment", "sentences"}))])[0]
    assert analysis["entities"] == []
    assert analysis["sentences"] == []
    assert analysis["sentiment"]["label"] == "neutral"


def test_a_batch_mixes_whatever_its_documents_want(english: Analyzer) -> None:
    """Each document of a batch gets the sections and the offset unit that it asked for."""
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


class Recorder:
    """A sentiment model that records its calls and scores targets negative and positive by turns."""

    name: Literal["reference"] = "reference"

    def __init__(self) -> None:
        self.calls: list[list[list[Target]]] = []

    def score(self, texts: Sequence[str], sentences: Sequence[Sequence[Span]]) -> list[TextScores]:
        """Raise AssertionError: nobody here asks for the sentiment of whole texts."""
        raise AssertionError

    def score_targets(self, texts: Sequence[str], targets: Sequence[Sequence[Target]]) -> list[list[Scores]]:
        """Score the first target of a text negative, the second positive, and so on."""
        self.calls.append([list(of_text) for of_text in targets])
        return [[Scores(1.0 - i % 2, 0.0, float(i % 2)) for i in range(len(of_text))] for of_text in targets]


def test_every_entity_has_a_sentiment_of_its_own(english: Analyzer) -> None:
    """With `entity_sentiment` every entity has its own sentiment; without it none has.

    `entity_sentiment` alone brings the entities too, and one call of the model serves a whole batch.
    """
    spans = [EntitySpan(0, 8, "PERSON", None), EntitySpan(15, 20, "GPE", None)]
    model = Recorder()
    analyzer = replace(
        english, engine=FixedEngine(spans, [SentenceSpan(0, 21), SentenceSpan(22, 35)]), sentiment_model=model
    )
    documents = [
        Document(TEXT, frozenset({"entity_sentiment"})),
        Document(TEXT, frozenset({"entities", "sentences"})),
        Document(TEXT, frozenset({"entity_sentiment", "sentences"}), labels=frozenset({"GPE"})),
    ]
    first, second, third = analyzer.analyze(documents)
    assert first.keys() == {"language", "offset_encoding", "pipeline", "entities"}
    assert [entity["sentiment"]["label"] for entity in first["entities"]] == ["negative", "positive"]
    assert all("sentiment" not in entity for entity in second["entities"])
    assert [(e["text"], e["sentiment"]["label"]) for e in third["entities"]] == [("Paris", "negative")]
    assert all("sentiment" not in sentence for sentence in third["sentences"])
    assert model.calls == [[[Target(0, 8, 0, 21), Target(15, 20, 0, 21)], [Target(15, 20, 0, 21)]]]


def test_an_entity_looks_at_the_sentences_that_it_touches() -> None:
    """An entity's target covers all sentences that the entity touches, or the whole text where it touches none."""
    spans = [EntitySpan(start, end, "X", None) for start, end in ((2, 4), (8, 14), (15, 16), (21, 22))]
    assert targets_of(30, spans, [SentenceSpan(0, 10), SentenceSpan(11, 20)]) == [
        Target(2, 4, 0, 10),
        Target(8, 14, 0, 20),
        Target(15, 16, 11, 20),
        Target(21, 22, 0, 30),
    ]
    assert targets_of(30, spans[:1], []) == [Target(2, 4, 0, 30)]


def test_a_pipeline_without_a_sentiment_model_does_not_pretend(french: Analyzer) -> None:
    """A pipeline without a sentiment model offers neither kind of sentiment and lists no sentiment labels."""
    assert french.own_features == {"entities", "sentences", "tokens", "noun_chunks"}
    assert french.sentiment_labels == ()


def test_a_self_test_that_fails_says_so(english: Analyzer) -> None:
    """The self-test fails when an engine finds other entities in a batch than in one text alone."""

    class Fickle(FixedEngine):
        def annotate(self, texts: Sequence[str], wanted: Sequence[Layers]) -> list[Annotations]:
            found = [EntitySpan(0, 1, "X", None)] if len(texts) > 1 else []
            return [Annotations(found, []) for _ in texts]

    with pytest.raises(SelfTestFailed):
        replace(english, engine=Fickle([], [])).self_test()


def test_a_self_test_needs_offsets_that_fit(english: Analyzer) -> None:
    """The self-test fails when a span ends beyond its text, since no caller could slice it."""
    with pytest.raises(SelfTestFailed):
        replace(english, engine=FixedEngine([EntitySpan(0, 10**6, "X", None)], [])).self_test()


def test_what_the_kernels_compute_alone_is_known(english: Analyzer) -> None:
    """Nothing of the default pipeline takes anything else, together or alone."""
    for features in ({"entities"}, {"entities", "sentiment", "sentences", "entity_sentiment"}, {"tokens", "entities"}):
        assert english.computes_in_kernels(frozenset(features))  # type: ignore[arg-type]
    assert english.computes_in_kernels(english.features)


def test_every_table_of_words_is_reported(english: Analyzer) -> None:
    """The recognizer's tables and the grammar's fill up with the words that each has met, within their bounds."""

    def words() -> dict[str, int]:
        assert all(0 <= one.bytes <= one.limit_bytes for one in english.word_tables)
        return {one.name: one.words for one in english.word_tables}

    before = words()
    assert set(before) == {"embeddings", "descriptions", "grammar_embeddings", "grammar_descriptions"}
    english.analyze("Zyx Qwertzuiop met Yxcvbnm.", {"entities"})
    between = words()
    assert between["embeddings"] > before["embeddings"]
    assert between["grammar_embeddings"] == before["grammar_embeddings"]
    english.analyze("Zyx Qwertzuiop met Yxcvbnm.", {"tokens"})
    assert all(count > before[name] for name, count in words().items())


def test_the_size_of_the_tables_of_words_can_be_chosen() -> None:
    """Every table has two generations; those of descriptions are half as large."""
    analyzer = Analyzer.load(ENGLISH, word_table_mb=3)
    sizes = {one.name: one.limit_bytes for one in analyzer.word_tables}
    assert sizes == {
        "embeddings": 6 << 20,
        "descriptions": 3 << 20,
        "grammar_embeddings": 6 << 20,
        "grammar_descriptions": 3 << 20,
    }
