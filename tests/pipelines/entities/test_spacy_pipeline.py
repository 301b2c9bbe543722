"""Loading decides which components of a pipeline are loaded and run, for all kinds of pipelines."""

from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.tokens import Doc, Span

from spanwise.pipelines import (
    Analyzer,
    Document,
    PipelineBroken,
    PipelineNotFound,
    PipelineSpec,
    PipelineSpecError,
    Registry,
    locate,
    parse_specs,
)
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.entities.vocabulary import warm_vocabulary
from tests.conftest import ENGLISH, FRENCH
from tests.support.models import LISTENER, SENTENCES, pipeline, recognizer, tok2vec

TEXT = "Tim Cook visited Berlin. He likes Frobnicon 5000."


@Language.component("spanwise_test_shouting")
def shouting(doc: Doc) -> Doc:
    """Set the first token as the only entity, a SHOUT, as a component of a user's own may do."""
    doc.ents = [Span(doc, 0, 1, label="SHOUT")]
    return doc


def test_specs_name_languages_and_sources() -> None:
    """A setting of languages and sources is parsed in order; white space and empty entries do no harm."""
    assert parse_specs("en=en_core_web_sm, fr = /models/fr ,") == [
        PipelineSpec("en", "en_core_web_sm"),
        PipelineSpec("fr", "/models/fr"),
    ]


@pytest.mark.parametrize("setting", ["", ",", "en", "=x", "en=", "en=a,en=a", "a@en=b,a@fr=c"])
def test_specs_that_make_no_sense_are_refused(setting: str) -> None:
    """A setting that is empty, lacks a language or a source, or gives two pipelines one name is refused."""
    with pytest.raises(PipelineSpecError):
        parse_specs(setting)


@pytest.mark.parametrize(
    "source", ["no_such_package", "no-such-package", "/no/such/folder", "../x", "json", "os.path", "sys"]
)
def test_what_is_no_pipeline_is_not_found(source: str) -> None:
    """A source that is neither an installed pipeline package nor a folder raises `PipelineNotFound`."""
    with pytest.raises(PipelineNotFound):
        locate(source)


def test_a_broken_folder_is_told_on_one_line(tmp_path: Path) -> None:
    """A broken folder raises `PipelineBroken` with spaCy's own cause, shortened to one line."""
    (tmp_path / "config.cfg").write_text("[nlp]\nlang = 'en'\npipeline = ['ner']\n")
    with pytest.raises(PipelineBroken) as broken:
        load(str(tmp_path))
    assert "\n" not in str(broken.value)


@Language.component("spanwise_test_failing")
def failing(doc: Doc) -> Doc:
    """Raise an error for every text."""
    raise RuntimeError("never again")


def test_a_pipeline_that_fails_its_self_test_is_broken(tmp_path: Path) -> None:
    """A component that raises anything in the self-test gives a `PipelineBroken` that quotes the error."""
    nlp = spacy.blank("en")
    nlp.add_pipe("spanwise_test_failing")
    nlp.to_disk(tmp_path)
    with pytest.raises(PipelineBroken, match="never again"):
        Analyzer.load(str(tmp_path))


@pytest.mark.smoke
@pytest.mark.parametrize("package", [ENGLISH, FRENCH])
def test_only_what_the_features_need_is_run(package: str) -> None:
    """Entities and sentences take the NER and the cheap sentence recognizer: no tagger, parser or lemmatizer is run."""
    plan = load(package).plan
    assert plan.chain(frozenset({"entities"})) == ("ner",)
    assert plan.chain(frozenset({"sentences"})) == ("senter",)
    assert plan.chain(frozenset({"entities", "sentences"})) == ("ner", "senter")
    assert plan.chain(frozenset({"tokens"}))[-3:] == ("parser", "attribute_ruler", "lemmatizer")


def test_without_a_senter_the_parser_finds_sentences(tmp_path: Path) -> None:
    """Without a senter the parser finds the sentences, and the shared encoder that it listens to is run too.

    The entities are compiled, and so is the parser, so that there is no fallback.
    """
    nlp = spacy.load(ENGLISH)
    nlp.remove_pipe("senter")
    nlp.to_disk(tmp_path)
    loaded = load(str(tmp_path))
    assert loaded.plan.chain(frozenset({"entities", "sentences"})) == ("tok2vec", "ner", "parser")
    analyzer = Analyzer.load(str(tmp_path))
    assert analyzer.engine_name == "compiled"
    assert analyzer.fallback is None
    analysis = analyzer.analyze([Document(TEXT, frozenset({"entities", "sentences"}))])[0]
    assert [sentence["text"] for sentence in analysis["sentences"]] == [str(s) for s in nlp(TEXT).sents]


def test_without_either_a_rule_finds_sentences(tmp_path: Path) -> None:
    """A blank pipeline has no entities to offer, and a rule finds its sentences."""
    spacy.blank("en").to_disk(tmp_path)
    analyzer = Analyzer.load(str(tmp_path))
    assert analyzer.own_features == {"sentences", "sentiment", "tokens"}
    assert analyzer.entity_labels == ()
    analysis = analyzer.analyze([Document("One. Two!", frozenset({"sentences"}))])[0]
    assert [sentence["text"] for sentence in analysis["sentences"]] == ["One.", "Two!"]


@pytest.mark.parametrize("place", ["before", "after"])
def test_an_entity_ruler_keeps_its_meaning(tmp_path: Path, place: str) -> None:
    """With an entity_ruler before or after the NER, the pipeline runs whole and answers as spaCy itself does."""
    nlp = spacy.load(ENGLISH)
    where: dict[str, Any] = {place: "ner"}
    ruler = nlp.add_pipe("entity_ruler", config={"overwrite_ents": True}, **where)
    ruler.add_patterns([{"label": "GADGET", "pattern": "Frobnicon 5000"}])  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path)
    analyzer = Analyzer.load(str(tmp_path))
    assert "GADGET" in analyzer.labels
    assert "PERSON" in analyzer.labels
    expected = [(e.start_char, e.end_char, e.label_) for e in nlp(TEXT).ents]
    assert ("GADGET" in [label for _, _, label in expected]) is True
    assert [(e.start, e.end, e.label) for e in analyzer.entities([TEXT])[0]] == expected
    analysis = analyzer.analyze([Document(TEXT, frozenset({"sentences"}))])[0]
    assert [sentence["text"] for sentence in analysis["sentences"]] == [str(s) for s in nlp(TEXT).sents]


@pytest.mark.parametrize("place", ["before", "after"])
def test_a_sentencizer_keeps_its_meaning(tmp_path: Path, place: str) -> None:
    """A sentencizer before the NER restricts entities; after the NER it changes no entity. Both are compiled."""
    nlp = spacy.load(ENGLISH, exclude=["parser", "tagger", "lemmatizer", "attribute_ruler"])
    where: dict[str, Any] = {place: "ner"}
    nlp.add_pipe("sentencizer", config={"punct_chars": [".", ","]}, **where)
    nlp.to_disk(tmp_path)
    text = "Paul Smith, Jones Inc. and Anna met on 3 May, 2021."
    analyzer = Analyzer.load(str(tmp_path))
    assert analyzer.engine_name == "compiled"
    found = [(e.start, e.end, e.label) for e in analyzer.entities([text])[0]]
    assert found == [(e.start_char, e.end_char, e.label_) for e in nlp(text).ents]
    assert ((39, 50, "DATE") in found) is (place == "after")


@pytest.mark.parametrize(
    "attributes", [{"ENT_TYPE": "GADGET", "ENT_IOB": 3}, {"SENT_START": 1}, {"NORM": "london"}, {"TAG": "NN"}]
)
def test_an_attribute_ruler_keeps_its_meaning(tmp_path: Path, attributes: dict[str, Any]) -> None:
    """An attribute_ruler that sets more than grammar makes the pipeline run whole; its entities are always spaCy's."""
    nlp = spacy.load(ENGLISH, exclude=["parser", "tagger", "lemmatizer", "attribute_ruler"])
    ruler: Any = nlp.add_pipe("attribute_ruler", name="rules", before="ner")
    ruler.add([[{"LOWER": "cook"}]], attributes)
    nlp.to_disk(tmp_path)
    analyzer = Analyzer.load(str(tmp_path))
    assert analyzer.engine_name == ("compiled" if "TAG" in attributes else "spacy")
    found = [(e.start, e.end, e.label) for e in analyzer.entities([TEXT])[0]]
    assert found == [(e.start_char, e.end_char, e.label_) for e in nlp(TEXT).ents]


def test_a_component_of_the_users_own_is_honoured(tmp_path: Path) -> None:
    """A component of the user's own that writes entities is run, and its entities are the answer.

    Its labels cannot be listed, since it does not say what it writes.
    """
    nlp = spacy.load(ENGLISH)
    nlp.add_pipe("spanwise_test_shouting", last=True)
    nlp.to_disk(tmp_path)
    analyzer = Analyzer.load(str(tmp_path))
    assert [(e.start, e.end, e.label) for e in analyzer.entities([TEXT])[0]] == [(0, 3, "SHOUT")]


def test_a_registry_loads_each_language_once() -> None:
    """The first pipeline of a registry is the default, and answers carry the language that the setting names."""
    registry = Registry.load([PipelineSpec("fr-CH", FRENCH)])
    assert registry.default is registry.get("fr-CH")
    assert registry.get("fr") is None
    assert registry.default.analyze([Document("Salut.", frozenset({"entities"}))])[0]["language"] == "fr-CH"


def test_a_warm_vocabulary_knows_the_words_of_the_pipeline() -> None:
    """Warming a vocabulary adds more than 50,000 lexemes of words that the pipeline knows, or at most `limit`."""
    nlp = load(ENGLISH).nlp
    cold = len(nlp.vocab)
    assert warm_vocabulary(nlp, limit=1000) <= 1000
    assert warm_vocabulary(nlp) > 50_000
    assert len(nlp.vocab) > cold + 50_000


def test_several_shared_encoders_run_whole_in_their_order(tmp_path: Path) -> None:
    """A pipeline with two shared encoders runs whole and in order.

    The recognizer gets the vectors of the encoder before it, as in spaCy, and not those of the last one.
    """
    nlp = pipeline({"tok2vec1": {"model": tok2vec()}, "ner": recognizer(LISTENER), "tok2vec2": {"model": tok2vec()}})
    nlp.to_disk(tmp_path)
    loaded = load(str(tmp_path))
    assert loaded.plan.is_intertwined
    assert "entities" in loaded.layers
    analyzer = Analyzer.load(str(tmp_path))
    expected = [[(span.start_char, span.end_char, span.label_) for span in nlp(text).ents] for text in SENTENCES]
    assert any(expected)
    assert [[tuple(span[:3]) for span in spans] for spans in analyzer.entities(SENTENCES)] == expected
