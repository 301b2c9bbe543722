"""Compiled rulers find what spaCy's find: random phrases and patterns, overlaps, ids, rulers behind each other."""

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import spacy
from spacy.language import Language
from spacy.util import registry

from spanwise.pipelines import Analyzer
from spanwise.pipelines.annotations import ENTITIES, SPANS
from spanwise.pipelines.annotations import SENTENCES as SENTENCES_LAYER
from spanwise.pipelines.entities import engine_choice
from spanwise.pipelines.entities.compiled.compiled_engine import compile_pipeline
from spanwise.pipelines.entities.compiled.ruler_order import map_order
from spanwise.pipelines.entities.engine_choice import choose_engine
from spanwise.pipelines.entities.mixed_engine import MixedEngine
from spanwise.pipelines.entities.ruler_choice import sample_of
from spanwise.pipelines.entities.spacy_layers import entities_of, sentences_of
from spanwise.pipelines.entities.spacy_pipeline import LoadedPipeline, load
from spanwise.pipelines.kernels import SpanKernels, constants
from tests.support.classifiers import CLASSIFIERS
from tests.support.models import SENTENCES, long_entities, pipeline, recognizer
from tests.support.random_rulers import differences, random_patterns, random_ruler, random_text, with_rulers

RULERS_TRIED = 24

pytestmark = pytest.mark.skipif(SpanKernels is None, reason="the kernels were not built")


def saved(nlp: Language, folder: Path) -> LoadedPipeline:
    """Save a pipeline, and load it again as the service does."""
    nlp.to_disk(folder)
    return load(str(folder))


@pytest.mark.parametrize("seed", range(RULERS_TRIED))
def test_random_rulers_find_what_spacys_find(seed: int, tmp_path: Path) -> None:
    """One to three rulers, behind a recognizer or without one, agree with spaCy on random texts."""
    source = random.Random(seed)
    nlp = pipeline({"ner": recognizer()}, seed=seed) if source.random() < 0.4 else spacy.blank("en")
    rulers = [(*random_ruler(source), random_patterns(source)) for _ in range(source.choice([1, 1, 2, 3]))]
    loaded = saved(with_rulers(nlp, *rulers), tmp_path)
    choice = choose_engine(loaded)
    if choice.fallback is None:
        assert isinstance(choice.engine, MixedEngine)
        assert len(choice.engine.compiled.rulers) + len(choice.reasons) == len(rulers)
    else:
        assert "a filter that compares" in choice.fallback.reason
    texts = [random_text(source, source.randint(1, 25)) for _ in range(25)]
    assert differences(loaded, choice, ["", " \n ", *SENTENCES, *texts]) == []


ACME: list[dict[str, Any]] = [
    {"label": "FIRM", "pattern": "Acme", "id": "acme"},
    {"label": "GADGET", "pattern": [{"LOWER": "frobnicon"}]},
]
TEXT = "Acme sells the Frobnicon to Maria Silva in Rio."


@pytest.mark.parametrize("overwrite", [True, False])
def test_a_ruler_behind_a_recognizer_is_compiled_with_it(tmp_path: Path, *, overwrite: bool) -> None:
    """Both are computed by the kernels, and the recognizer's entities keep their probabilities."""
    nlp = with_rulers(pipeline({"ner": recognizer()}), ("entity_ruler", {"overwrite_ents": overwrite}, ACME))
    loaded = saved(nlp, tmp_path)
    analyzer = Analyzer.load(str(tmp_path))
    engines = {one["name"]: one["engine"] for one in analyzer.contents.components}
    assert engines["ner"] == engines["rules0"] == "compiled"
    choice = choose_engine(loaded)
    assert differences(loaded, choice, [TEXT, *SENTENCES]) == []
    found = choice.engine.annotate([TEXT], [ENTITIES])[0].entities
    by_rules = [span for span in found if span.label in {"FIRM", "GADGET"}]
    assert by_rules or not overwrite  # the recognizer may have taken all of these words
    assert [span.raw_score for span in by_rules] == [None] * len(by_rules)
    assert all(span.raw_score is not None for span in found if span not in by_rules)


def test_the_order_of_keys_is_that_of_spacys_maps() -> None:
    """Many labels of one phrase: the one that wins is the one that spaCy's set of matches holds first."""
    labels = [f"L{number}" for number in range(40)]
    for count in range(1, len(labels)):
        nlp = spacy.blank("en")
        ruler: Any = nlp.add_pipe("entity_ruler")
        ruler.add_patterns([{"label": label, "pattern": "Acme"} for label in labels[:count]])
        hashes = tuple(nlp.vocab.strings[label] for label in labels[:count])
        assert [key for key, _, _ in ruler.phrase_matcher(nlp.make_doc("Acme"))] == [*map_order(hashes)]


@pytest.mark.parametrize(
    ("pattern", "reason"),
    [
        ([{"TEXT": {"REGEX": "^a+$"}}], "rules0: a pattern with REGEX"),
        ([{"NORM": {"IN": ["a"]}}], "rules0: a pattern over NORM by IN"),
        ([{"ENT_TYPE": ""}], "rules0 reads more than the text"),
        ([{"LOWER": "a", "OP": "{2000}"}], "rules0: a pattern of more than 1000 tokens"),
    ],
)
def test_a_pattern_that_is_not_understood_is_named(tmp_path: Path, pattern: list[Any], reason: str) -> None:
    """Its ruler is left to spaCy together with the entities, and the reason says which ruler and why."""
    nlp = with_rulers(spacy.blank("en"), ("entity_ruler", {}, [{"label": "A", "pattern": pattern}]))
    choice = choose_engine(saved(nlp, tmp_path))
    assert choice.fallback
    assert choice.fallback.reason == reason
    assert not choice.fallback.is_defect


@pytest.mark.parametrize("seed", range(RULERS_TRIED))
def test_rulers_before_a_recognizer_restrict_it_as_in_spacy(seed: int, tmp_path: Path) -> None:
    """Rulers before the recognizer, of labels that it knows and of others, with others behind it, agree with spaCy."""
    source = random.Random(seed)
    nlp = pipeline({"ner": recognizer(), **({"sentencizer": {}} if seed % 3 == 0 else {})}, seed=seed)
    for number in range(source.choice([1, 1, 2])):
        factory, config = random_ruler(source)
        patterns = [{**one, "label": source.choice(["P", "PERSON", "GPE"])} for one in random_patterns(source)]
        ruler: Any = nlp.add_pipe(factory, name=f"before{number}", config=config, before="ner")
        ruler.add_patterns(patterns)
    behind = [(*random_ruler(source), random_patterns(source)) for _ in range(source.choice([0, 0, 1]))]
    loaded = saved(with_rulers(nlp, *behind), tmp_path)
    choice = choose_engine(loaded)
    assert choice.fallback is None or "a filter that compares" in choice.fallback.reason
    texts = [random_text(source, source.randint(1, 25)) for _ in range(25)]
    assert differences(loaded, choice, ["", " \n ", *SENTENCES, *texts]) == []


@pytest.mark.parametrize(
    "config", [{"sentencizer": {"punct_chars": ["of", "in", "."]}}, {"senter": {}}], ids=["sentencizer", "senter"]
)
def test_sentences_before_a_recognizer_restrict_it_as_in_spacy(config: dict[str, Any], tmp_path: Path) -> None:
    """A senter or sentencizer before the recognizer is compiled, and entities keep to its sentences."""
    texts, changed = [TEXT, *SENTENCES, " ".join(SENTENCES * 9)], 0
    for seed in range(3):
        loaded = saved(long_entities(recognizer(), seed, config), tmp_path / f"{seed}")
        choice = choose_engine(loaded)
        assert choice.fallback is None
        assert loaded.plan.keeps_to_boundaries
        assert differences(loaded, choice, texts) == []
        both = ENTITIES | SENTENCES_LAYER
        for one, other in zip(choice.engine.annotate(texts, [both] * len(texts)), texts, strict=True):
            assert one.sentences == sentences_of(loaded.nlp(other))
        (lone,) = compile_pipeline(loaded.nlp, "ner", None).annotate([texts[-1]], [ENTITIES])
        changed += [span[:3] for span in lone.entities] != [span[:3] for span in entities_of(loaded.nlp(texts[-1]))]
    assert changed > 0


def test_a_ruler_before_the_recognizer_is_compiled(tmp_path: Path) -> None:
    """Ids, labels that the recognizer does not know, and the probabilities of what it finds between them."""
    nlp = pipeline({"ner": recognizer()})
    ruler: Any = nlp.add_pipe("entity_ruler", before="ner")
    ruler.add_patterns(ACME)
    saved(nlp, tmp_path)
    analyzer = Analyzer.load(str(tmp_path))
    assert {one["engine"] for one in analyzer.contents.components} == {"compiled"}
    assert analyzer.computes_in_kernels(frozenset({"entities"}))
    (found,) = analyzer.engine.annotate([TEXT], [ENTITIES])
    given = [one for one in found.entities if one.label in {"FIRM", "GADGET"}]
    assert [(TEXT[one.start : one.end], one.id, one.raw_score) for one in given] == [
        ("Acme", "acme", None),
        ("Frobnicon", None, None),
    ]
    assert all(one.raw_score is not None for one in found.entities if one not in given)


def test_spans_that_are_not_understood_are_left_to_spacy_alone(tmp_path: Path) -> None:
    """A span_ruler with a regular expression runs in spaCy, and the recognizer before it stays compiled."""
    patterns: list[dict[str, Any]] = [{"label": "A", "pattern": [{"TEXT": {"REGEX": "^A"}}]}]
    nlp = with_rulers(pipeline({"ner": recognizer()}), ("span_ruler", {}, patterns))
    loaded = saved(nlp, tmp_path)
    choice = choose_engine(loaded)
    assert choice.engine.name == "compiled"
    assert choice.reasons == {"rules0": "a pattern with REGEX"}
    assert differences(loaded, choice, [TEXT]) == []


def test_matches_are_sought_only_for_what_a_ruler_writes(tmp_path: Path) -> None:
    """A ruler of spans costs a text nothing that wants entities alone, and cannot fail it; nor would spaCy run it."""
    patterns: list[dict[str, Any]] = [{"label": "A", "pattern": [{"LOWER": "a"}, {"OP": "*"}, {"LOWER": "a"}]}]
    nlp = with_rulers(pipeline({"ner": recognizer()}), ("span_ruler", {}, patterns))
    choice = choose_engine(saved(nlp, tmp_path))
    assert isinstance(choice.engine, MixedEngine)
    assert choice.engine.compiled.rulers == ("rules0",)
    choice.engine.annotate(["a " * 3000], [ENTITIES])
    with pytest.raises(ValueError, match="matches"):
        choice.engine.annotate(["a " * 3000], [SPANS])


def test_a_classifier_that_fails_does_not_cost_a_ruler_that_is_spacys(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where a ruler of entities is not understood, no attempt compiles the recognizer without it."""
    patterns: list[dict[str, Any]] = [{"label": "A", "pattern": [{"TEXT": {"REGEX": "^[A-Z]"}}]}]
    classifier = {"model": CLASSIFIERS["ensemble, not exclusive"]}
    nlp = pipeline({"ner": recognizer(), "textcat": classifier})
    loaded = saved(with_rulers(nlp, ("entity_ruler", {"overwrite_ents": True}, patterns)), tmp_path)

    def failing(nlp: Any, entities: Any, sentences: Any, classifiers: Any, **options: Any) -> Any:
        if classifiers:
            raise RuntimeError("a model that nobody foresaw")
        return compile_pipeline(nlp, entities, sentences, classifiers, **options)

    monkeypatch.setattr(engine_choice, "compile_pipeline", failing)
    choice = choose_engine(loaded)
    assert differences(loaded, choice, [TEXT, *SENTENCES]) == []


@pytest.mark.parametrize("beside", ["alone", "a ruler that is not understood"])
def test_a_ruler_that_reads_more_than_the_text_says_so(tmp_path: Path, beside: str) -> None:
    """`/v1/pipelines` names why spaCy runs it, whatever else the pipeline has."""
    more: list[dict[str, Any]] = [{"label": "A", "pattern": [{"ENT_TYPE": "GPE"}]}]
    regex: list[dict[str, Any]] = [{"label": "A", "pattern": [{"TEXT": {"REGEX": "^A"}}]}]
    rulers: list[Any] = [("entity_ruler", {}, regex)] if beside != "alone" else []
    saved(with_rulers(pipeline({"ner": recognizer()}), *rulers, ("span_ruler", {}, more)), tmp_path)
    reasons = {one["name"]: one.get("reason") for one in Analyzer.load(str(tmp_path)).contents.components}
    assert reasons[f"rules{len(rulers)}"] == "it reads more than the text"


@registry.misc("spanwise_test_compare.v1")  # type: ignore[untyped-decorator]
def make_strict_comparison() -> Callable[..., bool]:
    """Make a comparison of words for which only equal ones are alike."""
    return lambda word, wanted, fuzzy=-1: word == wanted


def test_rulers_that_compare_in_their_own_ways_do_not_share_answers(tmp_path: Path) -> None:
    """The same FUZZY word is one question for each way of comparing."""
    patterns: list[dict[str, Any]] = [{"label": "A", "pattern": [{"LOWER": {"FUZZY": "acme"}}]}]
    nlp = with_rulers(spacy.blank("en"), ("entity_ruler", {}, patterns))
    ruler: Any = nlp.add_pipe(
        "entity_ruler",
        name="strict",
        config={"overwrite_ents": True, "matcher_fuzzy_compare": {"@misc": "spanwise_test_compare.v1"}},
    )
    ruler.add_patterns([{"label": "B", "pattern": [{"LOWER": {"FUZZY": "acme"}}]}])
    loaded = saved(nlp, tmp_path)
    choice = choose_engine(loaded)
    assert choice.fallback is None
    assert differences(loaded, choice, ["acme acna acmo Acne ACME"]) == []


def test_a_pattern_with_a_million_matches_is_refused_by_name(tmp_path: Path) -> None:
    """Every pair of tokens of a long text would be a match: the text fails, and the next call does not."""
    patterns: list[dict[str, Any]] = [{"label": "A", "pattern": [{"LOWER": "a"}, {"OP": "*"}, {"LOWER": "a"}]}]
    choice = choose_engine(saved(with_rulers(spacy.blank("en"), ("entity_ruler", {}, patterns)), tmp_path))
    with pytest.raises(ValueError, match=f"more than {constants.MOST_MATCHES} matches"):
        choice.engine.annotate(["a " * 3000], [ENTITIES])
    assert len(choice.engine.annotate(["a b a"], [ENTITIES])[0].entities) == 1


def test_a_wrong_ruler_is_found_at_the_start(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Texts with the ruler's own phrases are compared: one that finds nothing is noticed, and spaCy serves."""
    loaded = saved(with_rulers(spacy.blank("en"), ("entity_ruler", {}, ACME)), tmp_path)
    assert any("Acme" in text for text in sample_of(loaded.nlp.get_pipe("rules0")))
    module = "spanwise.pipelines.entities.compiled.ruler_spans.EntityRules.__call__"
    monkeypatch.setattr(module, lambda *_: None)
    choice = choose_engine(loaded)
    assert choice.fallback
    assert choice.fallback.is_defect
    assert choice.engine.name == "spacy"


def test_a_flag_set_by_hand_is_not_compiled(tmp_path: Path) -> None:
    """Somebody has told spaCy's vocabulary that a word is a stop word: the kernels ask its characters alone."""
    nlp = with_rulers(spacy.blank("en"), ("entity_ruler", {}, [{"label": "A", "pattern": [{"IS_STOP": True}]}]))
    loaded = saved(nlp, tmp_path)
    loaded.nlp.vocab["frobnicon"].is_stop = True
    choice = choose_engine(loaded)
    assert choice.fallback
    assert choice.fallback.reason == "a word whose IS_STOP was set by hand"
