"""Whatever a pipeline computes is served as spaCy computes it: every kind of component, alone and together."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.kb import InMemoryLookupKB
from spacy.language import Language
from spacy.tokens import Doc, Span, Token
from spacy.tokens.underscore import Underscore

from benchmarks.whole_answers import comparable, differing
from spanwise.pipelines import Analyzer
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.extension_specs import Extensions
from spanwise.schemas import Feature
from tests.conftest import ENGLISH
from tests.support.models import LISTENER, SENTENCES, pipeline, recognizer, tok2vec

TEXTS = (
    *SENTENCES,
    "Tim Cook visited Acme in Berlin. He likes the Frobnicon 5000, said Ann Lee.",
    "👩‍👩‍👧 Acme — naïve ﬁ e\u0301 🎉. Acme!",
    " \n ",
    "x",
)

SPLIT = (
    "He has worked in Miami with Nikki Beach / Pearl / Hardrock / Ivy Aventura / Mansion / Opium-Prive' / Crobar / "
    "Suite & Snatch / Amika / Mynt / Pawn Shop / The Forge / Club BED & many more of Miami 's Hottest Venue's ."
)
"""A text in which the parser begins a sentence inside what the recognizer alone takes for one entity."""

Build = Callable[[], Language]


@Language.component("spanwise_test_starts")
def starts(doc: Doc) -> Doc:
    """Begin a sentence at every capital letter, as the rules of a user's own may do."""
    for token in doc[1:]:
        token.is_sent_start = token.text[:1].isupper()
    return doc


@Language.component("spanwise_test_topic")
def topic(doc: Doc) -> Doc:
    """Set custom attributes of the Doc and of its entities."""
    doc._.topic = "returns" if "Frobnicon" in doc.text else None
    doc._.length = len(doc)
    for span in doc.ents:
        span._.initials = "".join(token.text[0] for token in span)
    return doc


@Language.component("spanwise_test_touchy")
def touchy(doc: Doc) -> Doc:
    """Raise an error for one document."""
    if "poison" in doc.text:
        raise ValueError("poison")
    return doc


@pytest.fixture(scope="module", autouse=True)
def attributes() -> Iterator[None]:
    """Register the custom attributes for these tests, since spaCy keeps them for the whole process."""
    Doc.set_extension("topic", default=None)
    Doc.set_extension("length", default=None)
    Doc.set_extension("secret", default=7)
    Span.set_extension("initials", default=None)
    Token.set_extension("depth", default=0)
    yield
    for table in (Underscore.doc_extensions, Underscore.span_extensions, Underscore.token_extensions):
        table.clear()


def tagged(name: str, **config: Any) -> dict[str, Any]:
    """Return the configuration of a component that is a softmax over the shared vectors."""
    return {"model": {"@architectures": name, "nO": None, "tok2vec": LISTENER, **config}}


GRAMMAR: dict[str, dict[str, Any]] = {
    "tagger": tagged("spacy.Tagger.v2", normalize=False),
    "morphologizer": tagged("spacy.Tagger.v2", normalize=False),
    "parser": {
        "model": {
            "@architectures": "spacy.TransitionBasedParser.v2",
            "state_type": "parser",
            "extra_state_tokens": False,
            "hidden_width": 24,
            "maxout_pieces": 2,
            "use_upper": True,
            "nO": None,
            "tok2vec": LISTENER,
        }
    },
    "trainable_lemmatizer": {
        **tagged("spacy.Tagger.v2", normalize=False),
        "min_tree_freq": 1,
    },
}
SHARED = {"tok2vec": {"model": tok2vec()}}
PATTERNS = [
    {"label": "GADGET", "pattern": "Frobnicon 5000", "id": "frob"},
    {"label": "FIRM", "pattern": [{"LOWER": "acme"}], "id": "acme"},
    {"label": "NAME", "pattern": [{"IS_TITLE": True}, {"IS_TITLE": True}]},
]


def with_ruler(place: str, *, overwrite: bool) -> Language:
    """Return the English pipeline with an entity_ruler."""
    nlp = spacy.load(ENGLISH)
    where: dict[str, Any] = {place: "ner"}
    ruler: Any = nlp.add_pipe("entity_ruler", config={"overwrite_ents": overwrite}, **where)
    ruler.add_patterns(PATTERNS)
    return nlp


def with_span_ruler(*, annotate_ents: bool) -> Language:
    """Return a pipeline with a recognizer and a span_ruler after it."""
    nlp = pipeline({"ner": recognizer()})
    ruler: Any = nlp.add_pipe("span_ruler", config={"annotate_ents": annotate_ents, "spans_key": "rules"})
    ruler.add_patterns(PATTERNS)
    return nlp


def with_own(name: str, **where: Any) -> Language:
    """Return the English pipeline with a component of a user's own."""
    nlp = spacy.load(ENGLISH)
    nlp.add_pipe(name, **where)
    return nlp


def with_linker() -> Language:
    """Return the English pipeline with an entity_linker whose knowledge base knows two names."""
    nlp = spacy.load(ENGLISH)
    linker: Any = nlp.add_pipe("entity_linker", config={"incl_prior": True, "incl_context": False}, last=True)

    def knowledge(vocab: Any) -> InMemoryLookupKB:
        base = InMemoryLookupKB(vocab, entity_vector_length=64)
        for entity in ("Q1", "Q2"):
            base.add_entity(entity=entity, freq=10, entity_vector=[0.1] * 64)
        base.add_alias(alias="Tim Cook", entities=["Q1"], probabilities=[0.9])
        base.add_alias(alias="Berlin", entities=["Q2"], probabilities=[0.8])
        return base

    linker.set_kb(knowledge)
    return nlp


def classifier(**model: Any) -> dict[str, Any]:
    """Return the configuration of a text classifier over words."""
    return {
        "model": {
            "@architectures": "spacy.TextCatBOW.v3",
            "exclusive_classes": True,
            "ngram_size": 1,
            "no_output_layer": False,
            **model,
        }
    }


SPANCAT = {"spancat": {"threshold": 0.1, "spans_key": "sc"}}

PIPELINES: dict[str, Build] = {
    "textcat": lambda: pipeline({"textcat": classifier()}),
    "textcat beside ner": lambda: pipeline({"ner": recognizer(), "textcat": classifier(), "senter": {}}),
    "two textcats": lambda: pipeline({"textcat": classifier(), "textcat_multilabel": {}}),
    "spancat beside ner": lambda: pipeline({"ner": recognizer(), **SPANCAT}),
    "spancat_singlelabel": lambda: pipeline({"spancat_singlelabel": {"spans_key": "sc"}}),
    "span_ruler": lambda: with_span_ruler(annotate_ents=False),
    "span_ruler that sets entities": lambda: with_span_ruler(annotate_ents=True),
    "entity_ruler before": lambda: with_ruler("before", overwrite=False),
    "entity_ruler before, overwriting": lambda: with_ruler("before", overwrite=True),
    "entity_ruler after": lambda: with_ruler("after", overwrite=False),
    "entity_ruler after, overwriting": lambda: with_ruler("after", overwrite=True),
    "grammar": lambda: pipeline({**SHARED, **GRAMMAR}),
    "grammar and ner": lambda: pipeline({**SHARED, **GRAMMAR, "ner": recognizer(LISTENER)}),
    "merge_entities": lambda: with_own("merge_entities", last=True),
    "entity_linker": with_linker,
    "own sentence starts": lambda: with_own("spanwise_test_starts", before="parser"),
    "an extension": lambda: with_own("spanwise_test_topic", last=True),
    "everything": lambda: pipeline(
        {**SHARED, **GRAMMAR, "ner": recognizer(LISTENER), "textcat": classifier(), **SPANCAT}
    ),
    "the English pipeline": lambda: spacy.load(ENGLISH),
}


def save(nlp: Language, folder: Path) -> str:
    """Write a pipeline to disk and return where."""
    nlp.to_disk(folder)
    return str(folder)


@pytest.mark.parametrize("name", PIPELINES)
def test_answers_equal_spacy(tmp_path: Path, name: str) -> None:
    """With all features, in one batch and alone, answers equal those of `nlp(text)`, the whole pipeline.

    So does each feature by itself, but for what only a parser decides that nothing else needs: sentences by themselves
    come from the cheapest component that sets them, and a lone recognizer is not restricted by a parser's.
    """
    source = save(PIPELINES[name](), tmp_path)
    analyzer, nlp = Analyzer.load(source), spacy.load(source)
    features = comparable(analyzer)
    assert "tokens" in features
    docs = [nlp(text) for text in TEXTS]
    for answers in (analyzer.analyze(list(TEXTS), features), [analyzer.analyze(text, features) for text in TEXTS]):
        assert any(answer["tokens"] for answer in answers)
        for answer, doc in zip(answers, docs, strict=True):
            assert differing(answer, doc) == []
    for feature in features - {"sentences", "entities"}:
        for answer, doc in zip(analyzer.analyze(list(TEXTS), {feature}), docs, strict=True):
            assert differing(answer, doc) == []


def test_offsets_of_everything_are_in_the_callers_unit(tmp_path: Path) -> None:
    """Tokens, overlapping spans and noun chunks slice exactly their text, counted in UTF-16 and in bytes."""
    nlp = with_ruler("after", overwrite=True)
    ruler: Any = nlp.add_pipe("span_ruler")
    ruler.add_patterns([{"label": "ANY", "pattern": [{"OP": "{1,3}"}]}])
    analyzer = Analyzer.load(save(nlp, tmp_path))
    text = TEXTS[-3]
    sections = ("tokens", "spans", "entities", "noun_chunks", "sentences")
    for unit, encode in (("utf16", lambda part: part.encode("utf-16-le")), ("utf8", str.encode)):
        width = 2 if unit == "utf16" else 1
        answer: Any = analyzer.analyze(text, sections, offset_encoding=unit)  # type: ignore[call-overload]
        whole = encode(text)
        for section in sections:
            assert answer[section], section
            for span in answer[section]:
                assert whole[width * span["start"] : width * span["end"]] == encode(span["text"])


def test_what_is_not_asked_for_is_not_run(tmp_path: Path) -> None:
    """Entities alone do not run the classifiers and span categorizers beside them."""
    loaded_from = save(PIPELINES["everything"](), tmp_path)
    plan = load(loaded_from).plan
    assert plan.chain(frozenset({"entities"})) == ("tok2vec", "ner")
    assert plan.chain(frozenset({"categories"})) == ("textcat",)
    assert plan.chain(frozenset({"spans"})) == ("spancat",)
    assert "textcat" not in plan.chain(frozenset({"tokens", "entities"}))


def test_a_ruler_of_words_needs_nothing_before_it(tmp_path: Path) -> None:
    """A span_ruler whose patterns are about words runs alone; one with patterns about grammar runs behind it."""
    nlp = spacy.load(ENGLISH)
    ruler: Any = nlp.add_pipe("span_ruler")
    ruler.add_patterns(PATTERNS)
    assert load(save(nlp, tmp_path / "words")).plan.chain(frozenset({"spans"})) == ("span_ruler",)
    ruler.add_patterns([{"label": "X", "pattern": [{"POS": "NOUN"}]}])
    chain = load(save(nlp, tmp_path / "grammar")).plan.chain(frozenset({"spans"}))
    assert {"tagger", "attribute_ruler"} < set(chain)


def test_entities_that_a_sentence_splits_are_spacys(english: Analyzer) -> None:
    """Where the parser begins a sentence inside an entity, the kernels find those of spaCy's whole pipeline."""
    nlp = spacy.load(ENGLISH)
    alone = nlp.select_pipes(enable=["ner"])
    texts = ["Tim Cook won.", SPLIT]
    unrestricted = [[(e.start_char, e.end_char) for e in nlp(text).ents] for text in texts]
    alone.restore()
    whole = [[(e.start_char, e.end_char) for e in nlp(text).ents] for text in texts]
    assert whole != unrestricted
    answers = english.analyze(texts, {"entities", "tokens"})
    assert [[(e["start"], e["end"]) for e in answer["entities"]] for answer in answers] == whole
    assert all("confidence" in entity for answer in answers for entity in answer["entities"])
    engine: Any = english.engine
    assert not engine.engine._spacy_engine.is_loaded


def test_a_component_that_raises_fails_its_document_alone(tmp_path: Path) -> None:
    """A component of the user's own that raises for one text raises for callers of that text only."""
    analyzer = Analyzer.load(save(with_own("spanwise_test_touchy", first=True), tmp_path))
    with pytest.raises(ValueError, match="poison") as raised:
        analyzer.analyze("This is poison.", {"entities"})
    assert raised.value.__notes__ == ["in the pipeline's component 'spanwise_test_touchy'"]
    assert analyzer.analyze("Tim Cook.", {"entities"})["entities"]


def test_declared_custom_attributes_are_served(tmp_path: Path) -> None:
    """Declared attributes of Docs and Spans are answered, without those that are None; others are named, not served."""
    extensions = Extensions.parse("doc.topic=string, doc.length=integer, span.initials=string")
    analyzer = Analyzer.load(save(with_own("spanwise_test_topic", last=True), tmp_path), extensions=extensions)
    with_topic, without = analyzer.analyze([TEXTS[3], "Tim Cook."], {"extensions", "entities"})
    assert with_topic["extensions"] == {"topic": "returns", "length": 17}
    assert without["extensions"] == {"length": 3}
    assert without["entities"][0]["extensions"] == {"initials": "TC"}
    assert "extensions" not in analyzer.analyze("Tim Cook.", {"entities"})["entities"][0]
    named = [entry["what"] for entry in analyzer.contents.not_served]
    assert "custom attribute doc.secret" in named
    assert "custom attribute token.depth" in named
    assert "custom attribute doc.topic" not in named
    assert json.dumps(list(analyzer.contents.extensions))


@pytest.mark.parametrize(("kind", "fits"), [("integer", True), ("number", True), ("string", False), ("object", False)])
def test_a_custom_attribute_of_another_type_is_an_error(tmp_path: Path, kind: str, fits: bool) -> None:
    """A value that is not of its declared JSON type is an error that names the attribute, and never the value."""
    extensions = Extensions.parse(f"doc.length={kind}")
    source = save(with_own("spanwise_test_topic", last=True), tmp_path)
    if fits:
        assert Analyzer.load(source, extensions=extensions).analyze("a b", {"extensions"})["extensions"] == {
            "length": 2
        }
    else:
        with pytest.raises(Exception, match=r"doc\.length is declared as"):
            Analyzer.load(source, extensions=extensions)


def test_pipelines_promise_only_what_can_come(tmp_path: Path) -> None:
    """Span categorizers, span rulers and classifiers find no entities, and so no entities are offered."""
    only: dict[str, Build] = {
        "spancat": lambda: pipeline(SPANCAT),
        "textcat": PIPELINES["textcat"],
    }
    for name, build in only.items():
        analyzer = Analyzer.load(save(build(), tmp_path / name))
        assert "entities" not in analyzer.features
        assert analyzer.default_features == {"sentiment"}


def test_disabled_components_are_named_and_not_served(tmp_path: Path) -> None:
    """What the configuration or the caller disables is not run, and said so; its features are not offered."""
    nlp = pipeline({"ner": recognizer(), "textcat": classifier(), "textcat_multilabel": {}})
    nlp.disable_pipe("textcat")
    analyzer = Analyzer.load(save(nlp, tmp_path), disable=["textcat_multilabel"])
    assert "categories" not in analyzer.features
    named = {entry["what"] for entry in analyzer.contents.not_served}
    assert {"component textcat", "component textcat_multilabel"} <= named


def test_labels_and_groups_are_listed(tmp_path: Path) -> None:
    """The labels of classifiers, whether they exclude each other, and the known groups of spans are listed."""
    one = Analyzer.load(save(PIPELINES["textcat"](), tmp_path / "one"))
    assert one.contents.categories == {"labels": ["REFUND", "PRAISE", "OTHER"], "exclusive": True}
    two = Analyzer.load(save(PIPELINES["two textcats"](), tmp_path / "two"))
    assert two.contents.categories
    assert two.contents.categories["exclusive"] is False
    assert Analyzer.load(save(with_span_ruler(annotate_ents=False), tmp_path / "three")).contents.span_keys == ["rules"]


def test_min_score_and_top_bound_the_categories(tmp_path: Path) -> None:
    """`top` keeps the highest scores, `min_score` those that reach it."""
    analyzer = Analyzer.load(save(PIPELINES["textcat"](), tmp_path))
    everything = analyzer.analyze("Acme!", {"categories"})["categories"]
    assert analyzer.analyze("Acme!", {"categories"}, top=2)["categories"] == everything[:2]
    least = everything[1]["score"]
    assert analyzer.analyze("Acme!", {"categories"}, min_score=least)["categories"] == everything[:2]


def test_min_confidence_leaves_out_entities(english: Analyzer) -> None:
    """Entities below the wanted confidence are left out; a pipeline without confidence refuses the option."""
    text = "Tim Cook met Angela Merkel in Paris. Frobnicon likes Gizmo."
    everything = english.analyze(text, {"entities"})["entities"]
    least = sorted(entity["confidence"] for entity in everything)[1]
    kept = english.analyze(text, {"entities"}, min_confidence=least)["entities"]
    assert kept == [entity for entity in everything if entity["confidence"] >= least] != everything


def test_declared_labels_serve_sentiment(tmp_path: Path) -> None:
    """A pipeline whose classifier's labels are declared serves sentiment by it, for the text and each sentence."""
    nlp = pipeline({"textcat": classifier(), "sentencizer": {}}, language="fr")
    source = save(nlp, tmp_path)
    plain = Analyzer.load(source)
    assert plain.own_features == {"categories", "sentences", "tokens"}
    declared = {"negative": "REFUND", "positive": "PRAISE", "neutral": "OTHER"}
    analyzer = Analyzer.load(source, sentiment=declared)
    assert analyzer.own_features == {"categories", "sentences", "tokens", "sentiment"}
    text = "Acme est bon. Rio non."
    answer = analyzer.analyze(text, {"sentiment", "sentences", "categories"})
    cats = spacy.load(source)(text).cats
    assert answer["sentiment"]["scores"] == pytest.approx(
        {name: cats[label] for name, label in declared.items()}, abs=1e-3
    )
    second = spacy.load(source)("Rio non.").cats
    assert answer["sentences"][1]["sentiment"]["scores"]["positive"] == pytest.approx(second["PRAISE"], abs=1e-3)


@pytest.mark.parametrize("wrong", [{"negative": "REFUND"}, {"negative": "REFUND", "positive": "NONE"}])
def test_sentiment_labels_that_there_are_not_are_refused(tmp_path: Path, wrong: dict[str, str]) -> None:
    """A declaration without both sides, or with a label that the classifier lacks, stops the loading."""
    with pytest.raises(Exception, match="sentiment"):
        Analyzer.load(save(PIPELINES["textcat"](), tmp_path), sentiment=wrong)


def test_a_pipeline_of_an_older_spacy_is_served(tmp_path: Path) -> None:
    """A pipeline that says it was trained under an older spaCy is served, with spaCy's warning."""
    nlp = pipeline({"ner": recognizer()})
    nlp.meta["spacy_version"] = ">=3.4.0,<3.5.0"
    source = save(nlp, tmp_path)
    meta = json.loads((tmp_path / "meta.json").read_text())
    (tmp_path / "meta.json").write_text(json.dumps(meta | {"spacy_version": ">=3.4.0,<3.5.0"}))
    with pytest.warns(UserWarning, match="W095"):
        analyzer = Analyzer.load(source)
    assert "entities" in analyzer.features


@pytest.mark.parametrize("asked", [{"tokens"}, {"tokens", "entities"}, {"tokens", "sentences"}])
def test_rules_for_attributes_see_what_they_read(tmp_path: Path, asked: set[Feature]) -> None:
    """An attribute_ruler that reads entities or where sentences begin gets what sets them, whatever is asked for."""
    nlp = spacy.blank("en")
    nlp.add_pipe("sentencizer")
    ruler: Any = nlp.add_pipe("entity_ruler")
    ruler.add_patterns([{"label": "FIRM", "pattern": "Acme"}])
    attributes: Any = nlp.add_pipe("attribute_ruler")
    attributes.add([[{"ENT_TYPE": "FIRM"}]], {"POS": "PROPN"})
    attributes.add([[{"IS_SENT_START": True}]], {"TAG": "FIRST"})
    nlp.to_disk(tmp_path)
    text = "x Acme y. Acme went."
    found = Analyzer.load(str(tmp_path)).analyze(text, asked)["tokens"]
    assert [(one.get("pos") or "", one.get("tag") or "") for one in found] == [
        (token.pos_, token.tag_) for token in nlp(text)
    ]
