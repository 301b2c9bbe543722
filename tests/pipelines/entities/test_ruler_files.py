"""Rulers whose phrases are read beside spaCy's matchers are served alike, and are filled where spaCy must run them."""

import gc
import json
import random
import weakref
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.attrs import LOWER, NORM, ORTH
from spacy.language import Language
from spacy.tokens import Doc

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES
from spanwise.pipelines.entities.compiled import read_phrases
from spanwise.pipelines.entities.compiled.read_phrases import PhraseSplitter
from spanwise.pipelines.entities.engine_choice import choose_engine
from spanwise.pipelines.entities.ruler_files import Rules
from spanwise.pipelines.entities.spacy_layers import entities_of
from spanwise.pipelines.entities.spacy_pipeline import load
from spanwise.pipelines.kernels import SpanKernels
from spanwise.pipelines.load_errors import PipelineError
from tests.support.models import SENTENCES, pipeline, recognizer
from tests.support.random_rulers import differences, random_patterns, random_ruler, random_text, with_rulers

RULERS_TRIED = 24
FIRMS = [{"label": "FIRM", "pattern": f"Acme {number}", "id": f"a{number}"} for number in range(300)]
TEXT_OF_KEYS = "x Qux y Foo z Bar, Qux Bar and Zed"
REGEX = {"label": "A", "pattern": [{"TEXT": {"REGEX": "^A"}}]}
LONG = "Acme 299 and Acme 7 don't know Acme 300."

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built")


@Language.component("spanwise_test_reads_entities")
def reads_entities(doc: Doc) -> Doc:
    """Set the text's category by the number of its entities."""
    doc.cats = {"MANY": float(len(doc.ents))}
    return doc


@pytest.mark.parametrize("seed", range(RULERS_TRIED))
def test_random_rulers_find_what_filled_ones_find(seed: int, tmp_path: Path) -> None:
    """One to three rulers before or behind a recognizer, of every kind, agree with spaCy's filled ones."""
    source = random.Random(seed)
    nlp = pipeline({"ner": recognizer()}, seed=seed) if source.random() < 0.5 else spacy.blank("en")
    rulers = [(*random_ruler(source), random_patterns(source)) for _ in range(source.choice([1, 1, 2, 3]))]
    with_rulers(nlp, *rulers).to_disk(tmp_path)
    loaded = load(str(tmp_path), rules="read")
    assert [*loaded.ruler_files.read] == [f"rules{number}" for number in range(len(rulers))]
    choice = choose_engine(loaded)
    compiled = choice.engine.compiled.rulers if choice.fallback is None else ()  # type: ignore[attr-defined]
    assert {*loaded.ruler_files.read} <= {*compiled}
    texts = [random_text(source, source.randint(1, 25)) for _ in range(25)]
    assert differences(load(str(tmp_path)), choice, ["", " \n ", *SENTENCES, *texts]) == []


@pytest.mark.parametrize("factory", ["entity_ruler", "span_ruler", "future_entity_ruler"])
def test_labels_are_those_of_all_phrases(factory: str, tmp_path: Path) -> None:
    """A ruler without its phrases still names every label, also one that only a last phrase has."""
    patterns = [*FIRMS, {"label": "LAST", "pattern": "Zenith"}, {"label": "A||B", "pattern": "Odd"}]
    nlp = with_rulers(spacy.blank("en"), (factory, {}, patterns))
    expected = nlp.get_pipe("rules0").labels  # type: ignore[attr-defined]
    nlp.to_disk(tmp_path)
    kinds: tuple[Rules, ...] = ("read", frozenset({"rules0"}), "filled")
    for rules in kinds:
        loaded = load(str(tmp_path), rules=rules)
        ruler: Any = loaded.nlp.get_pipe("rules0")
        assert ruler.labels == expected
        assert (len(ruler) == len(patterns)) == (rules == "filled")
        assert all(label in loaded.nlp.vocab.strings for label in expected)


def test_a_comparison_sees_every_phrase_that_its_texts_contain(tmp_path: Path) -> None:
    """The ruler then finds in these texts what a filled one finds."""
    with_rulers(spacy.blank("en"), ("entity_ruler", {}, FIRMS)).to_disk(tmp_path)
    loaded, filled = load(str(tmp_path), rules="read"), load(str(tmp_path))
    loaded.ruler_files.fill_for([LONG])
    assert entities_of(loaded.nlp(LONG)) == entities_of(filled.nlp(LONG)) != []
    ruler: Any = loaded.nlp.get_pipe("rules0")
    assert [one["pattern"] for one in ruler.patterns] == ["Acme 0", "Acme 7", "Acme 299"]  # the first one of the label


def test_what_was_loaded_is_let_go(tmp_path: Path) -> None:
    """Nothing that stays of a pipeline keeps spaCy's own alive, nor the phrases that were read."""
    with_rulers(spacy.blank("en"), ("entity_ruler", {}, FIRMS)).to_disk(tmp_path)
    loaded = load(str(tmp_path), rules="read")
    nlp, phrases = weakref.ref(loaded.nlp), weakref.ref(loaded.ruler_files)
    reload = loaded.reload
    loaded.ruler_files.forget()
    del loaded
    gc.collect()
    assert nlp() is None
    assert phrases() is None
    assert len(reload().nlp.get_pipe("rules0")) == 1  # type: ignore[arg-type]


def served(folder: Path, text: str) -> tuple[Analyzer, list[tuple[int, int, str, str | None]]]:
    """Load a pipeline as the service does, and return it with what it finds."""
    analyzer = Analyzer.load(str(folder))
    (found,) = analyzer.engine.annotate([text], [ENTITIES])
    return analyzer, [(*span[:3], span.id) for span in found.entities]


@pytest.mark.parametrize("why", ["a regular expression", "a component of the user's own", "a ruler that reads more"])
def test_spacy_serves_with_all_phrases(why: str, tmp_path: Path) -> None:
    """Whatever leaves entities to spaCy, its rulers have all of their phrases then."""
    nlp = with_rulers(spacy.blank("en"), ("entity_ruler", {}, [*FIRMS, *([REGEX] if "regular" in why else [])]))
    if "own" in why:
        nlp.add_pipe("spanwise_test_reads_entities")
    if "more" in why:
        ruler: Any = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": "B", "pattern": [{"ENT_TYPE": "FIRM", "IS_DIGIT": True}]}])
    nlp.to_disk(tmp_path)
    analyzer, found = served(tmp_path, LONG)
    assert analyzer.fallback
    assert found == [(*span[:3], span.id) for span in entities_of(load(str(tmp_path)).nlp(LONG))] != []


def test_a_span_ruler_that_is_left_to_spacy_has_all_phrases(tmp_path: Path) -> None:
    """The ruler beside it, which is compiled, needs none of its own."""
    rulers: list[Any] = [("entity_ruler", {}, FIRMS), ("span_ruler", {}, [*FIRMS, REGEX])]
    with_rulers(spacy.blank("en"), *rulers).to_disk(tmp_path)
    loaded = load(str(tmp_path), rules="read")
    choice = choose_engine(loaded)
    assert choice.reasons == {"rules1": "a pattern with REGEX"}
    assert [*loaded.ruler_files.read] == ["rules0"]
    assert differences(load(str(tmp_path)), choice, [LONG]) == []


def spans_of_service(folder: Path, text: str, *, preload: bool) -> list[tuple[int, int, str, str | None]]:
    """Return the spans, or where there are none the entities, that a pipeline finds once it serves."""
    analyzer = Analyzer.load(str(folder), preload=preload)
    answer: Any = analyzer.analyze(text, analyzer.features & {"spans", "entities"})
    found = answer["spans"] if "spans" in answer else answer["entities"]
    return [(one["start"], one["end"], one["label"], one.get("id")) for one in found]


@pytest.mark.parametrize("preload", [False, True])
def test_what_is_loaded_again_beside_compiled_rulers_is_whole(tmp_path: Path, *, preload: bool) -> None:
    """A ruler that spaCy runs has all of its phrases also when it was let go and loaded again."""
    rulers: list[Any] = [("entity_ruler", {}, FIRMS), ("span_ruler", {}, [*FIRMS, REGEX])]
    with_rulers(spacy.blank("en"), *rulers).to_disk(tmp_path)
    assert spans_of_service(tmp_path, LONG, preload=preload) == spans(tmp_path, LONG) != []


def spans(folder: Path, text: str) -> list[tuple[int, int, str, str | None]]:
    """Return the spans of a ruler in a pipeline that spaCy has loaded by itself."""
    doc = spacy.load(folder)(text)
    return [(span.start_char, span.end_char, span.label_, span.id_ or None) for span in doc.spans["ruler"]]


@pytest.mark.parametrize("preload", [False, True])
@pytest.mark.parametrize("text", [LONG, "foo bar baz"])
def test_phrases_of_what_other_rulers_find_are_read_behind_filled_ones(
    tmp_path: Path, text: str, *, preload: bool
) -> None:
    """A ruler whose phrases are compared by types of entities needs all phrases of those before it."""
    phrases = [{"label": "X", "pattern": "Acme 7"}]
    config = {"phrase_matcher_attr": "ENT_TYPE"}
    with_rulers(spacy.blank("en"), ("entity_ruler", {}, FIRMS), ("span_ruler", config, phrases)).to_disk(tmp_path)
    assert spans_of_service(tmp_path, text, preload=preload) == spans(tmp_path, text)


@pytest.mark.parametrize("others", [0, 4000])
def test_keys_that_are_alike_say_what_the_last_entry_said(tmp_path: Path, others: int) -> None:
    """A label with a separator makes the same key as another label with an id."""
    entries = [
        {"label": "A||B", "pattern": "Qux", "id": "C"},
        {"label": "A", "pattern": "Foo", "id": "B||C"},
        {"label": "A||B", "pattern": "Bar", "id": "C"},
        {"label": "D", "pattern": "Qux Bar"},
        {"label": "E||F", "pattern": "Zed", "id": "G"},
        {"label": "E", "pattern": "", "id": "F||G"},
    ]
    fillers = [{"label": "FIRM", "pattern": f"Acme {number}"} for number in range(others)]
    nlp = spacy.blank("en")
    nlp.add_pipe("entity_ruler", name="rules0")
    nlp.to_disk(tmp_path)
    lines = [json.dumps(entry) for entry in (*fillers[:101], *entries[:2], *fillers[101:], *entries[2:])]
    (tmp_path / "rules0" / "patterns.jsonl").write_text("\n".join(lines))
    analyzer, found = served(tmp_path, TEXT_OF_KEYS)
    assert analyzer.fallback is None
    assert found == [(*span[:3], span.id) for span in entities_of(spacy.load(tmp_path)(TEXT_OF_KEYS))]


def test_a_comparison_has_the_order_of_the_file(tmp_path: Path) -> None:
    """Of many labels of one phrase, whichever comes first in the file and in its label, the same one wins."""
    for seed in range(20):
        source = random.Random(seed)
        labels = [f"L{number}" for number in range(12)]
        entries = [{"label": label, "pattern": phrase} for label in labels for phrase in ("Acme", "Zenith")]
        source.shuffle(entries)
        with_rulers(spacy.blank("en"), ("entity_ruler", {}, entries)).to_disk(tmp_path / f"{seed}")
        analyzer, found = served(tmp_path / f"{seed}", "Acme or Zenith")
        assert analyzer.fallback is None
        assert found == [
            (*span[:3], span.id) for span in entities_of(spacy.load(tmp_path / f"{seed}")("Acme or Zenith"))
        ]


def test_a_pipeline_that_is_loaded_again_has_no_phrases_that_it_does_not_need(tmp_path: Path) -> None:
    """What spaCy still computes beside compiled rulers is loaded without them, and with them where it runs them."""
    with_rulers(spacy.blank("en"), ("entity_ruler", {}, FIRMS)).to_disk(tmp_path)
    loaded = load(str(tmp_path), rules="read")
    choose_engine(loaded)
    assert len(loaded.reload().nlp.get_pipe("rules0")) == 1  # type: ignore[arg-type]
    loaded.ruler_files.fill()
    assert len(loaded.reload().nlp.get_pipe("rules0")) == len(FIRMS)  # type: ignore[arg-type]


@pytest.mark.parametrize(
    "odd",
    [
        {"label": "A", "pattern": "Acme", "id": 5},
        {"label": "A", "pattern": {"LOWER": "acme"}},
        {"label": 7, "pattern": "Acme"},
        {"pattern": "Acme"},
        "Acme",
    ],
)
def test_what_only_spacy_can_read_is_left_to_it(odd: Any, tmp_path: Path) -> None:
    """An entry of another form fails or serves as it does with spaCy alone."""
    with_rulers(spacy.blank("en"), ("entity_ruler", {}, FIRMS)).to_disk(tmp_path)
    file = tmp_path / "rules0" / "patterns.jsonl"
    file.write_text(f"{file.read_text()}{json.dumps(odd)}\n")
    try:
        expected = entities_of(load(str(tmp_path)).nlp(LONG))
    except PipelineError as error:
        with pytest.raises(type(error)):
            served(tmp_path, LONG)
    else:
        assert [span[:3] for span in served(tmp_path, LONG)[1]] == [span[:3] for span in expected]


@pytest.mark.parametrize("attribute", [ORTH, LOWER, NORM])
def test_phrases_are_split_as_spacy_splits_them(attribute: int, monkeypatch: pytest.MonkeyPatch) -> None:
    """The kernels' tokenizer gives the values that spaCy's Docs have, and is not trusted if it gives others."""
    nlp = spacy.blank("en")
    nlp.vocab["Zenith"].lower_ = "nadir"  # set by hand
    texts = ["Acme Corp.", "don't", "I'm  in U.S.", "🎉 7km", "Zenith", " "]
    expected = [nlp.make_doc(text).to_array(attribute).tolist() for text in texts]
    split = PhraseSplitter(nlp, attribute)
    assert [split(texts), split(texts)] == [expected, expected]
    assert (split._by_kernels is not None) == (attribute != NORM)
    monkeypatch.setattr(read_phrases, "_by_kernels", lambda *_: lambda _: [0])
    other = PhraseSplitter(nlp, attribute)
    assert [other(texts), other(texts)] == [expected, expected]
